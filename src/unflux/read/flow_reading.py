"""Reading sources of flows from end to end: open, recognise, decode, bring together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import pyarrow as pa

from unflux.model.errors import UnfluxError
from unflux.read.flow_directions import pair_directions
from unflux.read.flow_eve import EveFlows
from unflux.read.flow_repeats import without_repeats
from unflux.read.flow_requests import TEXTS, join_requests, part_requests
from unflux.read.flow_source import FlowBatch, FlowOptions
from unflux.read.flow_sources import FLOW_SOURCES, recognise_flows
from unflux.read.flow_texts import to_flows
from unflux.read.meter import Meter, Progress
from unflux.read.opening import Advance, Location, find_locations, open_source
from unflux.read.source import Drops

PRECEDENCE: Final = {source.NAME: number for number, source in enumerate(FLOW_SOURCES)}
"""Which format tells more of a flow: the lower number does."""

DATED_LATE: Final = frozenset({EveFlows.NAME})
"""Formats whose requests are dated when they were answered: without its flow nobody knows when one
was sent."""

NO_FLOW: Final = "request of EVE without its flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowsRead:
    """What was read of one source of flows."""

    name: str
    format: str | None
    flows: pa.Table
    """Flows, and requests of logs that have nothing else."""
    directions: pa.Table
    """Rows of one direction each, whose other one any source may have."""
    drops: Drops
    error: str | None
    """One line, beginning with the name, where the source could not be read to its end."""

    @property
    def row_count(self) -> int:
        """Return how many rows the source has."""
        return len(self.flows) + len(self.directions)


def read_flows(
    arguments: Iterable[str],
    options: FlowOptions,
    *,
    progress: Progress | None = None,
    standard_input: BinaryIO | None = None,
) -> Iterator[FlowsRead]:
    """Read what the arguments name (see :func:`find_locations`), one result per source."""
    locations = list(find_locations(arguments))
    meter = Meter(locations, progress)
    for location in locations:
        yield read_flow_source(
            location, options, advance=meter.advance, standard_input=standard_input
        )


def read_flow_source(
    location: Location,
    options: FlowOptions,
    *,
    advance: Advance | None = None,
    standard_input: BinaryIO | None = None,
) -> FlowsRead:
    """Read one source. What is wrong with it comes back as its ``error``, never as an exception."""
    drops = Drops()
    batches: list[FlowBatch] = []
    format_name = error = None
    try:
        opened = open_source(
            location, drops, advance=advance, standard_input=standard_input, with_digest=False
        )
        with opened:
            source = recognise_flows(opened.head)
            format_name = source.NAME
            batches.extend(source.read(opened.stream, options, drops))
    except UnfluxError as refusal:
        text = str(refusal)
        error = text if text.startswith(location.name) else f"{location.name}: {text}"
    except Exception as failure:  # noqa: BLE001  the guard around plug-ins, of flows
        where = f"the {format_name} reader" if format_name else "reading"
        error = f"{location.name}: {where} failed ({type(failure).__name__})"
    return FlowsRead(
        name=location.name,
        format=format_name,
        flows=_joined(batch.flows for batch in batches if batch.is_directed),
        directions=_joined(batch.flows for batch in batches if not batch.is_directed),
        drops=drops,
        error=error,
    )


def _joined(tables: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables([to_flows({}, 0), *tables])


def bring_together(reads: Sequence[FlowsRead], drops: Drops) -> pa.Table:
    """Return the flows of several sources, each once, with the requests that were read of them.

    In whatever order they are named, the source whose format tells most comes first.
    """
    ordered = sorted(reads, key=lambda read: (PRECEDENCE.get(read.format or "", -1), read.name))
    directions = [read.directions for read in ordered if len(read.directions)]
    flows, early, late = [to_flows({}, 0)], [to_flows({}, 0)], [to_flows({}, 0)]
    for read in ordered:
        theirs, requests = part_requests(read.flows)
        flows.append(theirs)
        (late if read.format in DATED_LATE else early).append(requests)
    if directions:
        flows.append(pair_directions(directions))
    joined, rest = join_requests(without_repeats(flows), without_repeats(early, asked=TEXTS))
    joined, lost = join_requests(
        pa.concat_tables([joined, rest]), without_repeats(late, asked=TEXTS)
    )
    if len(lost):
        drops.drop(NO_FLOW, len(lost))
    return joined
