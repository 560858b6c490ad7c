"""Trace: sources of flows in, the hosts behind agents out."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from unflux.measure.provider_lists import with_providers
from unflux.measure.routes import load_bundled, look_up
from unflux.model.errors import UsageError
from unflux.model.times import moment_at
from unflux.model.traces import TraceResult
from unflux.model.verdicts import SourceSummary
from unflux.pipeline.leading_names import LeadingNames
from unflux.pipeline.scanning import read_route_tables
from unflux.read.flow_reading import FlowsRead, bring_together, read_flows
from unflux.read.flow_source import FlowOptions
from unflux.read.meter import Progress
from unflux.read.reading import SourceRead
from unflux.read.source import Drops
from unflux.read.source import Options as ReadOptions
from unflux.trace.columns import number_flows
from unflux.trace.judging import involved, judge, relays_in_doubt
from unflux.trace.scene import PORTS, look
from unflux.trace.targets import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOptions:
    """What a trace is asked to do."""

    reading: FlowOptions = field(default_factory=FlowOptions)
    ports: frozenset[int] = PORTS
    """Where agents serve, 1..65535."""
    agents: frozenset[str] = frozenset()
    """Canonical addresses that somebody knows for agents."""
    routes: tuple[Path, ...] = ()
    """The user's own range tables; the first wins."""
    since_us: int | None = None
    until_us: int | None = None
    """Flows that begin before or at and after these moments are left out."""


def trace(
    arguments: Sequence[str], options: TraceOptions, progress: Progress | None = None
) -> TraceResult:
    """Read sources of flows and judge the hosts behind whatever relays in them."""
    if not arguments:
        message = "nothing to trace: name a source of flows (a file, folder, glob or -)"
        raise UsageError(message)
    drops: Counter[str] = Counter()
    names = LeadingNames(_reading_of_names(options))
    found = read_flows(arguments, options.reading, progress=progress)
    reads, of_names = names.take(found)
    unjoined = Drops()
    flows = _within(bring_together(reads, unjoined), options)
    sources = tuple(_summary(read, read.row_count) for read in reads)
    for counted in (
        unjoined,
        *(read.drops for read in reads),
        *(read.drops for read in of_names),
    ):
        drops.update(counted.reasons)
    scene = look(number_flows(flows), ports=options.ports, told=options.agents)
    places = _places(involved(scene), options.routes, drops)
    hosts = judge(scene, places)
    if relays := relays_in_doubt(hosts):
        hosts = judge(scene, places, names.lead_to(relays))
    return TraceResult(
        hosts=tuple(hosts),
        sources=sources,
        name_sources=tuple(_summary(read, read.drops.response_count) for read in of_names),
        flow_count=len(flows),
        agent_count=scene.agent_count,
        drops=dict(sorted(drops.items())),
        first_seen=_moment(pc.min(flows["first_at"])),
        last_seen=_moment(pc.max(flows["first_at"])),
    )


def _within(flows: pa.Table, options: TraceOptions) -> pa.Table:
    at_us = flows["first_at"].cast(pa.int64())
    if options.since_us is not None:
        flows = flows.filter(pc.greater_equal(at_us, options.since_us))
        at_us = flows["first_at"].cast(pa.int64())
    if options.until_us is not None:
        flows = flows.filter(pc.less(at_us, options.until_us))
    return flows


def _summary(read: FlowsRead | SourceRead, count: int) -> SourceSummary:
    return SourceSummary(
        name=read.name,
        format=read.format,
        responses=count,
        error=read.error and read.error.removeprefix(f"{read.name}: "),
    )


def _reading_of_names(options: TraceOptions) -> ReadOptions:
    return ReadOptions(
        since_us=options.since_us,
        until_us=options.until_us,
        utc_offset_s=options.reading.utc_offset_s,
        workers=options.reading.workers,
    )


def _places(
    addresses: Collection[str], routes: Sequence[Path], drops: Counter[str]
) -> Mapping[str, Place]:
    if not addresses:
        return {}
    ordered = sorted(addresses)
    tables = read_route_tables(routes, drops)
    rows = look_up(ordered, tables, with_providers(load_bundled())).to_pylist()
    return {
        row["address"]: Place(
            asn=row["asn"],
            holder=row["holder"],
            country=row["country"],
            use=row["provider_use"],
        )
        for row in rows
    }


def _moment(value: pa.Scalar) -> datetime | None:
    at_us = value.cast(pa.int64()).as_py()
    return None if at_us is None else moment_at(at_us)
