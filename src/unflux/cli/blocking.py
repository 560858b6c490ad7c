"""Turn what ``unflux block`` was asked into a gate, and write what it decided."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Final, get_args

from rich.console import Console

from unflux.act.action_json import render_plan
from unflux.act.gate import Gate, Limits
from unflux.act.output import Answer, Omission, Options, Output, Rendered, Trigger
from unflux.act.outputs import OUTPUTS
from unflux.act.protected import NOTHING, Protected, read_addresses, read_protected
from unflux.act.reporter import parse_reporter
from unflux.act.standing import Deployed, next_serial, read_standing, write_folder
from unflux.cli.arguments import parse_moment
from unflux.cli.output import LOG_CELLS, error_console
from unflux.model.actions import Plan
from unflux.model.addresses import canonical_address
from unflux.model.errors import UsageError
from unflux.model.names import normalise_name
from unflux.model.times import moment_at
from unflux.model.verdicts import ScanResult
from unflux.pipeline.acting import Standing
from unflux.present import terminal
from unflux.present.plan_table import print_plan
from unflux.present.visible import make_visible

RESOLV_CONF: Final = Path("/etc/resolv.conf")
_ANSWERS: Final[dict[str, Answer]] = {word: word for word in get_args(Answer)}
_TRIGGERS: Final[dict[str, Trigger]] = {word: word for word in get_args(Trigger)}
SHOWN: Final = ("table", "json")
OMISSIONS: Final = 5
"""Entries that a format cannot express, named one by one. Chosen: 2026-11-24, by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The values of the command line, as they were given."""

    formats: tuple[str, ...]
    out: Path | None
    """Where what stands is read from, and written to."""
    is_dry: bool
    allow: tuple[Path, ...]
    own: tuple[Path, ...]
    servers: tuple[Path, ...]
    forwarders: tuple[Path, ...]
    confirmed: Path | None
    answer: str
    garden: str | None
    zone: str
    triggers: tuple[str, ...]
    reporter: str | None
    min_score: float
    max_domains: int
    max_addresses: int
    domain_days: float
    address_hours: float
    background: int
    withdraw: tuple[str, ...]
    at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is known before records are read: the gate, the outputs, what stands."""

    gate: Gate
    standing: Standing
    deployed: Deployed
    options: Options
    outputs: tuple[Output, ...]


def compose_gate(wishes: Wishes) -> Prepared:
    """Read every list and what stands; raises UnfluxError before anything else is done."""
    now_us = parse_moment(wishes.at, "--at")
    now = datetime.now(UTC) if now_us is None else moment_at(now_us)
    deployed = Deployed() if wishes.out is None else read_standing(wishes.out)
    own = read_protected(wishes.own)
    options = _compose_options(wishes, own, next_serial(deployed.serial, now))
    gate = Gate(
        now=now,
        limits=Limits(
            domain_score=wishes.min_score,
            address_score=max(Limits().address_score, wishes.min_score),
            background=wishes.background,
            domains=wishes.max_domains,
            addresses=wishes.max_addresses,
            domain_life=timedelta(days=wishes.domain_days),
            address_life=timedelta(hours=wishes.address_hours),
        ),
        own=own | _garden(options),
        allowed=read_protected(wishes.allow),
        forwarders=read_protected(wishes.forwarders) | _resolvers(),
        withdrawn=_known_ids(wishes.withdraw, deployed),
    )
    named = {output.NAME: output for output in OUTPUTS}
    asked = dict.fromkeys([*deployed.formats, *wishes.formats])
    outputs = tuple(named[name] for name in asked if name in named)
    for output in outputs:  # what a format cannot do, or lacks, is said before records are read
        output.render(Plan(actions=(), refusals=(), withdrawals=(), decided_at=now), options)
    confirmed = frozenset[str]() if wishes.confirmed is None else read_addresses(wishes.confirmed)
    standing = Standing(actions=deployed.actions, confirmed=confirmed)
    return Prepared(
        gate=gate, standing=standing, deployed=deployed, options=options, outputs=outputs
    )


def write_plan(plan: Plan, result: ScanResult, prepared: Prepared, wishes: Wishes) -> None:
    """Show the plan; render what was asked for, and write it where a folder was named."""
    rendered = {o.NAME: o.render(plan, prepared.options) for o in prepared.outputs}
    shown = [form for form in wishes.formats if form in SHOWN]
    files = [file for parts in rendered.values() for file in parts]
    if wishes.out is None and rendered:
        _print_files(files)
    elif shown or not wishes.formats or wishes.out is not None:
        default = "table" if sys.stdout.isatty() or wishes.out is not None else "json"
        _show(plan, shown[0] if shown else default)
    console = error_console()
    if wishes.out is not None and not wishes.is_dry:
        serial = prepared.options.serial
        for path in write_folder(wishes.out, plan, prepared.deployed, serial, rendered):
            console.print(f"  wrote         {path}", highlight=False, markup=False)
    _tell_omissions([o for file in files for o in file.omissions], console)
    terminal.print_summary(result, console)
    if wishes.is_dry:
        console.print("  dry run       nothing was written; --out FOLDER writes", highlight=False)


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


def _compose_options(wishes: Wishes, own: Protected, serial: int) -> Options:
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
        subscribers=own,
        servers=read_protected(wishes.servers),
        reporter=None if wishes.reporter is None else parse_reporter(wishes.reporter),
    )


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


def _known_ids(asked: Sequence[str], deployed: Deployed) -> frozenset[str]:
    """Return the ids to take back; an id that does not stand is a mistake to be told."""
    known = {action.id for action in deployed.actions} | {"all"}
    for id_ in asked:
        if id_ not in known:
            message = f"--withdraw {id_}: nothing of that id stands in the folder of --out"
            raise UsageError(message)
    return frozenset(asked)
