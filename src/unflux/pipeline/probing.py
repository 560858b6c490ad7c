"""Probe: suspects out of a store or by their addresses, visited within a scope."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from unflux.engagement.ledger import Ledger
from unflux.engagement.permit import OutOfScopeError, Permit
from unflux.engagement.scope import Scope
from unflux.measure.behind import answer_records
from unflux.measure.provider_lists import with_providers
from unflux.measure.routes import load_bundled
from unflux.model.added_lines import add_lines, prepare_lines
from unflux.model.errors import UnfluxError
from unflux.model.markers import compose_marker
from unflux.model.names import registrable_domain
from unflux.model.probes import ProbeResult, Uptime
from unflux.pipeline.gathering import Options as ScanOptions
from unflux.pipeline.gathering import gather
from unflux.pipeline.scanning import analysed
from unflux.present.probe_lines import render_probe
from unflux.probe.history import read_looks
from unflux.probe.lateness import measure_delays
from unflux.probe.marking import Sent, send_marker
from unflux.probe.observed import Observed
from unflux.probe.uptime import measure_uptimes
from unflux.probe.visiting import INTERRUPTED, MOST_REQUESTS_A_ROUND, Visit, visit
from unflux.probe.weighing import Opinion

MOST_SUSPECTS: Final = 4096
"""Of one run. Chosen: 2026-11-28; each is compared with each, in 260 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """A name and the addresses that were its answers."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How suspects are visited."""

    scope: Scope
    ledger: Path
    history: Path | None = None
    """Lines of earlier probes, which this one adds to."""
    markers: Path | None = None
    """Where markers are written; null: none is sent."""
    most_rounds: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a probe would do."""

    within: tuple[str, ...]
    beyond: tuple[str, ...]
    """Addresses that the scope does not hold; they are left alone."""
    later_count: int
    """Addresses within the scope that are too many for one run."""
    is_name_within: bool
    most_requests: int
    left: int
    """Requests that the scope still grants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What a probe came to."""

    results: tuple[ProbeResult, ...]
    markers: tuple[Sent, ...]
    beyond: tuple[str, ...]
    """Addresses that the scope does not hold; they were left alone."""
    later_count: int
    """Addresses within the scope that were too many for one run."""
    unreached_count: int
    """Addresses that nothing was sent to before it ended."""
    failed: tuple[str, ...]
    """Of each address that was left because its look failed: why."""
    stopped: str | None
    """Why it ended before its time; null: it did not."""


def find_suspects(domain: str, scanning: ScanOptions) -> Suspects:
    """Take the addresses that a domain answered out of a store, the newest first.

    The name is the one of the domain that was answered by most addresses.
    """
    with analysed(gather((), scanning, None), scanning) as (engine, analysis):
        rows = engine.fetch(answer_records(analysis.records, domain))
    if not rows.num_rows:
        message = f"{scanning.store}: no address of {domain} was seen"
        raise UnfluxError(message)
    newest = rows.sort_by([("last_at", "descending"), ("rdata", "ascending")])
    names = Counter(rows["qname"].to_pylist())
    name = min(names, key=lambda name: (-names[name], name))
    return Suspects(name=name, addresses=tuple(dict.fromkeys(newest["rdata"].to_pylist())))


def prospect(suspects: Suspects, options: Options) -> Prospect:
    """Tell what a probe would do; nothing is sent."""
    scope = options.scope
    within, later, beyond = _part(suspects, scope)
    with Ledger.kept(options.ledger) as ledger:
        left = Permit(scope, ledger).left
    return Prospect(
        within=within,
        beyond=beyond,
        later_count=len(later),
        is_name_within=scope.holds_name(suspects.name),
        most_requests=len(within) * options.most_rounds * MOST_REQUESTS_A_ROUND,
        left=left,
    )


async def probe(
    suspects: Suspects,
    options: Options,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Probed:
    """Visit the suspects that the scope holds, and keep the history; ``now``: when looks are.

    Of those the first ``MOST_SUSPECTS``. Raises UnfluxError where the scope holds none of them, or
    not their name, or a file cannot be added to. What goes wrong once something was sent ends the
    probe, as being cancelled does, and is told with what was found.
    """
    scope = options.scope
    if not scope.holds_name(suspects.name):
        message = f"{suspects.name} is below no name of the scope"
        raise OutOfScopeError(message)
    within, later, beyond = _part(suspects, scope)
    if not within:
        message = "the scope holds none of the addresses"
        raise OutOfScopeError(message)
    history = options.history
    for path in filter(None, (history, options.markers)):
        prepare_lines(path)
    looks = () if history is None else tuple(read_looks(history, suspects.name))
    uptimes = measure_uptimes(looks)
    domain = registrable_domain(suspects.name)
    providers, systems = _find_owners(within)
    plan = Visit(
        name=suspects.name,
        zone=domain if scope.holds_name(domain) else suspects.name,
        addresses=within,
        most_rounds=options.most_rounds,
        providers=providers,
        systems=systems,
        uptimes=uptimes,
    )
    at = now()
    with Ledger.kept(options.ledger) as ledger:
        permit = Permit(scope, ledger)
        visited = await visit(plan, permit, tell=tell)
        reached = [found for found in visited.opinions if found[0].requests]
        results = tuple(
            _compose_result(observed, opinion, suspects.name, at, uptimes.get(observed.address))
            for observed, opinion in reached
        )
        stopped = visited.stopped
        if history is not None:
            # Of one whose look was cut off only what did answer is known.
            looks_at = (
                result
                for result, (observed, _) in zip(results, reached, strict=True)
                if result.open_ports or not observed.is_cut
            )
            try:
                add_lines(history, map(render_probe, looks_at))
            except UnfluxError as error:
                stopped = stopped or str(error)
        markers: tuple[Sent, ...] = ()
        if options.markers is not None and stopped is None:
            markers, stopped = await _mark(results, suspects.name, permit, options.markers)
    return Probed(
        results=results,
        markers=markers,
        beyond=beyond,
        later_count=len(later),
        unreached_count=len(within) - len(reached),
        failed=visited.failed,
        stopped=stopped,
    )


def _part(
    suspects: Suspects, scope: Scope
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Part the addresses: those to visit, those too many for one run, those beyond the scope."""
    within = tuple(filter(scope.holds_address, suspects.addresses))
    beyond = tuple(a for a in suspects.addresses if not scope.holds_address(a))
    return within[:MOST_SUSPECTS], within[MOST_SUSPECTS:], beyond


async def _mark(
    results: Sequence[ProbeResult], name: str, permit: Permit, path: Path
) -> tuple[tuple[Sent, ...], str | None]:
    """Send a marker through all that may be agents."""
    markers: list[Sent] = []
    for result in results:
        if result.outcome not in {"agent", "undecided"}:
            continue
        try:
            sent = await send_marker(
                result.address,
                frozenset(result.open_ports),
                name,
                permit,
                lambda marker: add_lines(path, [compose_marker(marker)]),
            )
        except UnfluxError as error:
            return tuple(markers), str(error)
        except asyncio.CancelledError:
            return tuple(markers), INTERRUPTED
        markers.append(sent)
    return tuple(markers), None


def _find_owners(addresses: Sequence[str]) -> tuple[dict[str, str], dict[str, int]]:
    """Return the listed provider of content and the AS number of each address that has one."""
    rows = with_providers(load_bundled()).lookup(addresses).to_pylist()
    providers = {row["address"]: row["provider"] for row in rows if row["provider_use"] == "cdn"}
    systems = {row["address"]: row["asn"] for row in rows if row["asn"] is not None}
    return providers, systems


def _compose_result(
    observed: Observed, opinion: Opinion, name: str, at: datetime, uptime: Uptime | None
) -> ProbeResult:
    return ProbeResult(
        address=observed.address,
        name=name,
        at=at,
        outcome=opinion.outcome,
        score=opinion.score,
        open_ports=tuple(sorted(observed.open_ports)),
        requests=observed.requests,
        delays=measure_delays(observed),
        uptime=uptime,
        evidence=opinion.evidence,
        alternatives=opinion.alternatives,
        missing=opinion.missing,
    )
