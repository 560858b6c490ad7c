"""Turn what ``unflux block`` was asked into a gate, and write what it decided."""

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, Self, get_args

from rich.console import Console

from unflux.act.action_json import render_plan
from unflux.act.gate import Gate, Limits
from unflux.act.marker_file import read_markers
from unflux.act.output import (
    DISCARD_NEXT_HOPS,
    Answer,
    Omission,
    Options,
    Rendered,
    Trigger,
)
from unflux.act.outputs import OUTPUTS
from unflux.act.protected import NOTHING, Protected, read_addresses, read_protected
from unflux.act.reporter import parse_reporter
from unflux.act.routes import Family
from unflux.act.standing import next_serial
from unflux.act.trace_file import read_traces
from unflux.cli.arguments import parse_moment
from unflux.cli.deployment import compare, deliver_all, tell_journal
from unflux.cli.gate_table import GateTable
from unflux.cli.output import LOG_CELLS, error_console
from unflux.cli.progress import say
from unflux.model.actions import Plan
from unflux.model.addresses import canonical_address
from unflux.model.errors import UnfluxError, UnreadableSourceError, UsageError
from unflux.model.names import normalise_name
from unflux.model.times import moment_at
from unflux.model.verdicts import ScanResult
from unflux.pipeline.acting import Standing, plan
from unflux.pipeline.deployment import Deployment, Prepared
from unflux.pipeline.gathering import Gathered, gather, gather_nothing
from unflux.pipeline.gathering import Options as GatherOptions
from unflux.present import terminal
from unflux.present.plan_table import print_plan
from unflux.present.visible import make_visible
from unflux.read.meter import Progress

RESOLV_CONF: Final = Path("/etc/resolv.conf")
_ANSWERS: Final[dict[str, Answer]] = {word: word for word in get_args(Answer)}
_TRIGGERS: Final[dict[str, Trigger]] = {word: word for word in get_args(Trigger)}
SHOWN: Final = ("table", "json")
OMISSIONS: Final = 5
"""Entries that a format cannot express, named one by one. Chosen: 2026-11-24, by hand."""


_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The values of the command line, as they were given; without any, its defaults."""

    formats: tuple[str, ...] = ()
    is_dry: bool = True
    allow: tuple[Path, ...] = ()
    own: tuple[Path, ...] = ()
    subscribers: tuple[Path, ...] = ()
    servers: tuple[Path, ...] = ()
    forwarders: tuple[Path, ...] = ()
    confirmed: Path | None = None
    traces: Path | None = None
    answer: str = "nxdomain"
    garden: str | None = None
    zone: str = Options().zone
    triggers: tuple[str, ...] = ()
    reporter: str | None = None
    markers: Path | None = None
    next_hops: tuple[str, ...] = ()
    min_score: float = _LIMITS.domain_score
    max_domains: int = _LIMITS.domains
    max_addresses: int = _LIMITS.addresses
    domain_days: float = _LIMITS.domain_life / timedelta(days=1)
    address_hours: float = _LIMITS.address_life / timedelta(hours=1)
    background: int = _LIMITS.background
    withdraw: tuple[str, ...] = ()
    at: str | None = None

    def with_configured(self, table: GateTable, given: Collection[str]) -> Self:
        """Return these with what a configuration says of the gate.

        Lists add up; of all else, what was ``given`` on the command line, by field, comes first.
        """
        lists: dict[str, Any] = {
            name: (*listed, *getattr(self, name)) for name, listed in table.lists.items()
        }
        values = {name: value for name, value in table.values.items() if name not in given}
        return replace(self, **lists, **values)


def compose_gate(wishes: Wishes, deployment: Deployment | None) -> Prepared:
    """Read every list; raises UnfluxError before anything else is done."""
    now_us = parse_moment(wishes.at, "--at")
    now = datetime.now(UTC) if now_us is None else moment_at(now_us)
    stood = () if deployment is None else deployment.standing.actions
    serial = None if deployment is None else deployment.standing.serial
    own, subscribers = read_protected(wishes.own), read_protected(wishes.subscribers)
    # Who names no subscribers apart has them in all that is his own.
    space = subscribers if wishes.subscribers else own
    options = _compose_options(wishes, space, next_serial(serial, now))
    gate = Gate(
        now=now,
        limits=Limits(
            domain_score=wishes.min_score,
            address_score=max(Limits().address_score, wishes.min_score),
            background=wishes.background,
            domains=wishes.max_domains,
            addresses=wishes.max_addresses,
            motherships=min(Limits().motherships, wishes.max_addresses),
            filters=min(Limits().filters, wishes.max_addresses),
            domain_life=timedelta(days=wishes.domain_days),
            address_life=timedelta(hours=wishes.address_hours),
        ),
        own=own | subscribers | _garden(options),
        allowed=read_protected(wishes.allow),
        forwarders=read_protected(wishes.forwarders) | _resolvers(),
        subscribers=subscribers,
        servers=options.servers,
        withdrawn=_known_ids(wishes.withdraw, deployment),
    )
    asked = tuple(output for output in OUTPUTS if output.NAME in wishes.formats)
    outputs = asked if deployment is None else deployment.outputs
    for output in outputs:  # what a format cannot do, or lacks, is said before records are read
        output.render(Plan(actions=(), refusals=(), withdrawals=(), decided_at=now), options)
    confirmed = frozenset[str]() if wishes.confirmed is None else read_addresses(wishes.confirmed)
    traced = () if wishes.traces is None else read_traces(wishes.traces)
    standing = Standing(actions=stood, confirmed=confirmed, traced=traced)
    return Prepared(
        gate=gate, standing=standing, deployment=deployment, options=options, outputs=outputs
    )


def decide_plan(
    sources: Sequence[str],
    options: GatherOptions,
    progress: Progress | None,
    prepared: Prepared,
) -> tuple[ScanResult, Plan, bool]:
    """Return what the records say, what is decided, and whether all that was named could be read.

    What is deployed must end, and be taken back, when the records are gone: then it is decided
    without any. So it is where one source of several is gone, since a neighbour may be in that.
    Raises UnfluxError where there is nothing to read and nothing to end.
    """
    gate, standing, deployment = prepared.gate, prepared.standing, prepared.deployment
    must_end = deployment is not None and (bool(gate.withdrawn) or not deployment.is_new)
    has_records = bool(sources) or options.store is not None
    error: UnfluxError | None = None
    if has_records or not must_end:
        try:
            gathered = gather(sources, options, progress)
            if deployment is not None:
                _demand_whole(gathered)
            return *plan(gathered, options, gate, standing), True
        except UnfluxError as raised:
            if not must_end or isinstance(raised, UsageError):
                raise
            error = raised
    why = "no records are named" if error is None else str(error)
    say(f"{why}: nothing is decided anew, and what stands ends when it must")
    without_tables = replace(options, routes=())
    return *plan(gather_nothing(), without_tables, gate, standing), error is None


def _demand_whole(gathered: Gathered) -> None:
    """Raise UnreadableSourceError, which names them, where sources could not be read."""
    broken = [f"{source.name}: {source.error}" for source in gathered.sources if source.error]
    if broken:
        raise UnreadableSourceError("; ".join(broken))


def write_plan(
    plan: Plan,
    result: ScanResult,
    prepared: Prepared,
    wishes: Wishes,
    drawing: terminal.Options,
) -> bool:
    """Show the plan; render what was asked for, and deliver it where a place was named.

    Return whether all of it arrived, and nothing was left behind.
    """
    rendered = {o.NAME: o.render(plan, prepared.options) for o in prepared.outputs}
    shown = [form for form in wishes.formats if form in SHOWN]
    files = [file for parts in rendered.values() for file in parts]
    deployment, console = prepared.deployment, error_console()
    default = "table" if sys.stdout.isatty() or deployment is not None else "json"
    form = shown[0] if shown else default
    if deployment is None and rendered:
        _print_files(files)
    elif shown or not wishes.formats or deployment is not None:
        _show(plan, form)
    is_whole = True
    if deployment is not None:
        is_whole = not tell_journal(deployment, console)
        if wishes.is_dry:
            _show_changes(deployment, rendered, console if form == "json" else Console())
        else:
            serial = prepared.options.serial
            failures = deliver_all(plan, serial, deployment, rendered, console)
            is_whole = is_whole and not failures
    _tell_omissions([o for file in files for o in file.omissions], console)
    terminal.print_summary(result, console, drawing)
    if wishes.is_dry:
        how = "--out FOLDER, or --config FILE and --deliver, write"
        console.print(f"  dry run       nothing was written; {how}", highlight=False)
    return is_whole


def _show_changes(
    deployment: Deployment, rendered: Mapping[str, Sequence[Rendered]], console: Console
) -> None:
    """Show what delivering would change, beside the plan."""
    console.print()
    for line in compare(deployment, rendered):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _show(plan: Plan, form: str) -> None:
    if form == "json":
        for line in render_plan(plan):
            sys.stdout.write(line)
    else:
        print_plan(plan, Console() if sys.stdout.isatty() else Console(width=LOG_CELLS))


def _print_files(files: Sequence[Rendered]) -> None:
    """Write the one file that was rendered to standard output."""
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "no file"
        message = f"this gives {names}: name a folder with --out, or a format with one file"
        raise UsageError(message)
    sys.stdout.buffer.write(files[0].content)
    sys.stdout.buffer.flush()


def _tell_omissions(omissions: Sequence[Omission], console: Console) -> None:
    """Say what a format could not express, so that nobody takes it for refused names."""
    for omission in omissions[:OMISSIONS]:
        text = f"  left out      {make_visible(omission.target)}: {omission.because}"
        console.print(text, highlight=False, markup=False)
    if len(omissions) > OMISSIONS:
        more = f"  left out      and {len(omissions) - OMISSIONS:,} more"
        console.print(more, highlight=False)


def _compose_options(wishes: Wishes, subscribers: Protected, serial: int) -> Options:
    zone = normalise_name(wishes.zone)
    if zone is None or zone == ".":
        message = f"--zone {wishes.zone!r} is not a name"
        raise UsageError(message)
    garden = None
    if wishes.garden is not None:
        garden = canonical_address(wishes.garden) or normalise_name(wishes.garden)
        if garden is None or "\\" in garden or garden == ".":
            message = f"--garden {wishes.garden!r} is neither a name nor an address"
            raise UsageError(message)
    if (wishes.answer == "garden") != (garden is not None):
        message = "--answer garden and --garden need each other"
        raise UsageError(message)
    return Options(
        answer=_ANSWERS[wishes.answer],
        garden=garden,
        zone=zone,
        serial=serial,
        triggers=frozenset(_TRIGGERS[trigger] for trigger in wishes.triggers),
        next_hops=_next_hops(wishes.next_hops),
        subscribers=subscribers,
        servers=read_protected(wishes.servers),
        reporter=None if wishes.reporter is None else parse_reporter(wishes.reporter),
        markers=() if wishes.markers is None else read_markers(wishes.markers),
    )


def _next_hops(texts: Sequence[str]) -> Mapping[Family, str]:
    """Return the next hop of each family: what was asked for, or the usual."""
    hops = dict(DISCARD_NEXT_HOPS)
    for text in texts:
        address = canonical_address(text)
        if address is None:
            message = f"--next-hop {text!r} is no address"
            raise UsageError(message)
        hops[6 if ":" in address else 4] = address
    return hops


def _garden(options: Options) -> Protected:
    """Protect where refused names are led: blocking it would lead nowhere."""
    if options.garden is None:
        return NOTHING
    address = canonical_address(options.garden)
    return Protected.of([options.garden]) if address is None else _of_addresses([address])


def _resolvers() -> Protected:
    """Protect the servers that this machine's own resolver asks (resolv.conf(5))."""
    try:
        rows = [line.split() for line in RESOLV_CONF.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return NOTHING
    told = [row[1] for row in rows if len(row) > 1 and row[0] == "nameserver"]
    known = [canonical_address(text.partition("%")[0]) for text in told]
    return _of_addresses([address for address in known if address is not None])


def _of_addresses(addresses: Iterable[str]) -> Protected:
    return Protected.of([], map(ip_network, addresses))


def _known_ids(asked: Sequence[str], deployment: Deployment | None) -> frozenset[str]:
    """Return the ids to take back; an id that does not stand is a mistake to be told.

    Where the last delivery did not come to its end, it may stand no more and be in force still.
    """
    stood = () if deployment is None else deployment.standing.actions
    known = {action.id for action in stood} | {"all"}
    for id_ in asked:
        if id_ not in known and (deployment is None or deployment.is_whole):
            message = f"--withdraw {id_}: nothing of that id stands where --out or --config points"
            raise UsageError(message)
    return frozenset(asked)
