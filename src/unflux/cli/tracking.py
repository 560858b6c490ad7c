"""Turn what ``unflux track`` was asked into options, and run it until it is over."""

import asyncio
import re
import signal
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from rich.console import Console

from unflux.cli.arguments import TableOrJson, default_workers, parse_bounds
from unflux.cli.event_log import tell_lines
from unflux.cli.output import write_file
from unflux.cli.progress import say
from unflux.cli.signals import take_signals
from unflux.cli.writable import demand_writable
from unflux.engagement.scope import Scope, read_scope
from unflux.model.endpoint import Endpoint, Network
from unflux.model.errors import UnfluxError, UsageError
from unflux.model.names import ROOT, normalise_name
from unflux.model.plural import plural
from unflux.model.ports import DNS_PORT
from unflux.model.telling import Tell
from unflux.pipeline import gathering
from unflux.pipeline.gathering import prepare_reading
from unflux.pipeline.track_reporting import report_tracks
from unflux.pipeline.tracking import Command, Options, planned, track
from unflux.present.track_json import render_tracks
from unflux.present.track_report import render_track_report
from unflux.present.track_screen import print_tracks
from unflux.present.visible import make_visible
from unflux.read.source import Options as ReadOptions
from unflux.track.following import Ending
from unflux.track.question import QuestionType
from unflux.track.rhythm import DAY_S, Bounds
from unflux.track.vantage import Vantage

_UNITS_S: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY_S}
_SPAN: Final = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([smhd])")
_QTYPES: Final[dict[str, QuestionType]] = {"A": "A", "AAAA": "AAAA", "NS": "NS"}
_SIGNALS: Final = {
    signal.SIGINT: Command.STOP,
    signal.SIGTERM: Command.STOP,
    signal.SIGUSR1: Command.STATUS,
}
MOST_NAMES_OCTETS: Final = 64 << 20
"""Of a file of names."""
NO_SCOPE: Final = "any resolver of a --scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The values of the command line, as they were given."""

    domains: tuple[str, ...]
    names: Path | None
    store: Path
    scope: Path | None
    ledger: Path | None
    resolvers: tuple[str, ...]
    subnets: tuple[str, ...]
    qtypes: tuple[str, ...]
    for_: str | None
    least_s: float
    most_s: float
    dead_after_d: float
    batch_s: float
    dry_run: bool
    report_only: bool
    form: TableOrJson | None
    report: Path | None
    since: str | None
    until: str | None
    routes: tuple[Path, ...]
    workers: int | None
    as_json: bool


def follow(wishes: Wishes) -> bool:
    """Send what the scope allows; without one, or dry, print what would be asked.

    Returns whether it went to its end: not, where the scope ended it before.
    """
    names = find_names(wishes)
    if not names:
        message = "nothing to follow: name a DOMAIN or --names FILE"
        raise UsageError(message)
    qtypes = tuple(dict.fromkeys(map(_scan_qtype, wishes.qtypes or ("A",))))
    bounds = _bounds(wishes)
    for_s = None if wishes.for_ is None else scan_span(wishes.for_)
    subnets = tuple(map(_scan_subnet, wishes.subnets))
    parse_bounds(wishes.since, wishes.until)
    demand_writable(wishes.report)
    _refuse_unreported(wishes)
    if wishes.report_only:
        write_report(wishes, names)
        return True
    if wishes.scope is None:
        _print_plan([(name, qtype, NO_SCOPE) for name in names for qtype in qtypes])
        return True
    if wishes.ledger is None and not wishes.dry_run:
        message = "--scope needs --ledger FILE, where every question is written down"
        raise UsageError(message)
    scope = read_scope(wishes.scope, datetime.now(UTC))
    workers = default_workers(wishes.workers)
    options = Options(
        names=names,
        vantages=_vantages(scope, tuple(map(_scan_resolver, wishes.resolvers)), subnets),
        store=wishes.store,
        scope=scope,
        ledger=wishes.ledger or Path(),
        qtypes=qtypes,
        bounds=bounds,
        for_s=for_s,
        batch_s=wishes.batch_s,
        reading=ReadOptions(workers=workers),
    )
    if wishes.dry_run:
        _print_plan(planned(options))
        return True
    prepare_reading(say)
    ending = asyncio.run(_track_with_signals(options, tell_lines(as_json=wishes.as_json)))
    if ending.is_early:
        unasked = plural(ending.unasked, "name that was due was", "names that were due were")
        say(f"stopped: {ending.because}; {unasked} not asked for")
    if wishes.form is not None or wishes.report is not None:
        write_report(wishes, names)
    return not ending.is_early


def _refuse_unreported(wishes: Wishes) -> None:
    """Raise UsageError where options say how to report, and no report would be written."""
    is_run = wishes.scope is not None and not wishes.dry_run
    is_asked = wishes.form is not None or wishes.report is not None
    if wishes.report_only or (is_run and is_asked):
        return
    options = {
        "--format": wishes.form,
        "--report": wishes.report,
        "--since": wishes.since,
        "--until": wishes.until,
        "--asn": wishes.routes,
    }
    given = ", ".join(option for option, value in options.items() if value)
    if given:
        how = "--report-only, or with --format or --report after a run with --scope"
        message = f"{given}: a report is written with {how}"
        raise UsageError(message)


async def _track_with_signals(options: Options, tell: Tell) -> Ending:
    return await track(options, tell, take_signals(_SIGNALS))


def write_report(wishes: Wishes, names: tuple[str, ...]) -> None:
    """Write what the store holds of the networks of names; raises UnfluxError for nothing."""
    workers = default_workers(wishes.workers)
    since_us, until_us = parse_bounds(wishes.since, wishes.until)
    options = gathering.Options(
        reading=ReadOptions(workers=workers, since_us=since_us, until_us=until_us),
        workers=workers,
        routes=wishes.routes,
        store=wishes.store,
    )
    tracks = report_tracks(names, options)
    if not tracks:
        message = f"{wishes.store}: holds no address of any of these names with a time"
        raise UnfluxError(message)
    if wishes.report is not None:
        write_file(wishes.report, [render_track_report(tracks).encode()])
    if wishes.form is TableOrJson.JSON:
        sys.stdout.writelines(render_tracks(tracks))
    else:
        print_tracks(tracks, Console())


def find_names(wishes: Wishes) -> tuple[str, ...]:
    """Return every name that was given, once, normalised; raises UsageError for what is none."""
    texts = list(wishes.domains)
    if wishes.names is not None:
        try:
            with wishes.names.open("rb") as source:
                content = source.read(MOST_NAMES_OCTETS + 1)
        except OSError as error:
            message = f"{wishes.names}: cannot be read ({error.strerror})"
            raise UnfluxError(message) from error
        if len(content) > MOST_NAMES_OCTETS:
            message = f"{wishes.names}: is larger than {MOST_NAMES_OCTETS >> 20} MiB"
            raise UsageError(message)
        lines = content.decode("utf-8", "replace").splitlines()
        texts += [line.strip() for line in lines if line.strip() and line.strip()[0] != "#"]
    names = []
    for text in texts:
        name = normalise_name(text)
        if name is None or name == ROOT or "." not in name:
            message = f"{make_visible(text[:100])!r} is no name below a top level domain"
            raise UsageError(message)
        names.append(name)
    return tuple(dict.fromkeys(names))


def scan_span(text: str) -> float:
    """Return the seconds of a span such as 90s, 30m, 12h or 14d; raises UsageError."""
    found = _SPAN.fullmatch(text)
    if not found or not float(found[1]):
        message = f"{text!r} is no span of time, such as 90s, 30m, 12h or 14d"
        raise UsageError(message)
    return float(found[1]) * _UNITS_S[found[2]]


def _bounds(wishes: Wishes) -> Bounds:
    if wishes.least_s > wishes.most_s:
        message = f"--min-interval {wishes.least_s:g} is more than --max-interval {wishes.most_s:g}"
        raise UsageError(message)
    return Bounds(
        least_s=wishes.least_s, most_s=wishes.most_s, dead_after_s=wishes.dead_after_d * DAY_S
    )


def _vantages(
    scope: Scope, wanted: tuple[Endpoint, ...], subnets: tuple[Network, ...]
) -> tuple[Vantage, ...]:
    resolvers = wanted or scope.resolvers
    if not resolvers:
        message = "the scope names no resolvers to ask"
        raise UsageError(message)
    for resolver in resolvers:
        if resolver not in scope.resolvers:
            message = f"{resolver} is no resolver of the scope"
            raise UsageError(message)
    return tuple(
        Vantage(resolver=resolver, subnet=subnet)
        for resolver in dict.fromkeys(resolvers)
        for subnet in (None, *dict.fromkeys(subnets))
    )


def _scan_resolver(text: str) -> Endpoint:
    return Endpoint.scan(text, DNS_PORT)


def _scan_subnet(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        message = f"--subnet {text!r} is no prefix, such as 198.51.100.0/24"
        raise UsageError(message) from error


def _scan_qtype(text: str) -> QuestionType:
    if text.upper() not in _QTYPES:
        message = f"--type {text!r} is none of {', '.join(_QTYPES)}"
        raise UsageError(message)
    return _QTYPES[text.upper()]


def _print_plan(plan: list[tuple[str, str, str]]) -> None:
    for name, qtype, vantage in plan:
        print(f"{make_visible(name)}\t{qtype}\t{vantage}")
    print(f"unflux: {len(plan):,} questions now; a dry run, nothing was sent", file=sys.stderr)
