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
from unflux.pipeline.scanning import read_route_tables
from unflux.read.flow_reading import FlowsRead, bring_together, read_flows
from unflux.read.flow_source import FlowOptions
from unflux.read.meter import Progress
from unflux.trace.columns import number_flows
from unflux.trace.judging import involved, judge
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
    reads = list(read_flows(arguments, options.reading, progress=progress))
    flows = bring_together([read.flows for read in reads])
    flows = _within(flows, options)
    sources = tuple(_summary(read) for read in reads)
    for read in reads:
        drops.update(read.drops.reasons)
    scene = look(number_flows(flows), ports=options.ports, told=options.agents)
    hosts = judge(scene, _places(involved(scene), options.routes, drops))
    return TraceResult(
        hosts=tuple(hosts),
        sources=sources,
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


def _summary(read: FlowsRead) -> SourceSummary:
    return SourceSummary(
        name=read.name,
        format=read.format,
        responses=read.flows.num_rows,
        error=read.error and read.error.removeprefix(f"{read.name}: "),
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
