"""Reading sources of flows from end to end: open, recognise, decode, bring together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.columns import COUNT, MOMENT
from unflux.model.errors import UnfluxError
from unflux.model.flows import FLOWS, number_ends
from unflux.read.flow_assembly import Directions, assemble
from unflux.read.flow_source import FlowBatch, FlowOptions
from unflux.read.flow_sources import recognise_flows
from unflux.read.flow_texts import to_flows
from unflux.read.meter import Meter, Progress
from unflux.read.opening import Advance, Location, find_locations, open_source
from unflux.read.source import Drops

SAME_US: Final = 2_000_000
"""Within this two sources may date the start of one flow. Chosen: 2026-11-28; whole seconds, and
clocks that are a second apart."""

ASKED: Final = ("http_method", "http_host", "http_target", "http_status", "server_name")
"""Columns that logs of what was asked for have, beside those of flows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowsRead:
    """What was read of one source of flows."""

    name: str
    format: str | None
    flows: pa.Table
    drops: Drops
    error: str | None
    """One line, beginning with the name, where the source could not be read to its end."""


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
        flows=_gather(batches),
        drops=drops,
        error=error,
    )


def _gather(batches: Sequence[FlowBatch]) -> pa.Table:
    """Return the flows of a source, those of its rows that are directions assembled."""
    whole = [batch.flows for batch in batches if batch.is_directed]
    directions = [batch.flows for batch in batches if not batch.is_directed]
    if directions:
        whole.append(pair_directions(pa.concat_tables(directions)))
    return pa.concat_tables(whole) if whole else FLOWS.empty()


def pair_directions(rows: pa.Table) -> pa.Table:
    """Join rows of one direction (or of both, as exporters aggregate) to flows."""
    back = np.flatnonzero(np.asarray(pc.greater(rows["received_bytes"], 0)))
    hosts, client, server = number_ends(rows)
    first_us = rows["first_at"].cast(COUNT).to_numpy()
    last_us = pc.coalesce(rows["last_at"], rows["first_at"]).cast(COUNT).to_numpy()
    ports = [rows[name].to_numpy() for name in ("client_port", "server_port")]
    protocol = rows["protocol"].to_numpy()

    def both(forward: np.ndarray, reverse: np.ndarray) -> np.ndarray:
        return np.concatenate([forward, reverse[back]])

    count = len(rows) + len(back)
    found = assemble(
        Directions(
            first_us=both(first_us, first_us),
            last_us=both(last_us, last_us),
            source=both(client, server),
            source_port=both(ports[0], ports[1]),
            target=both(server, client),
            target_port=both(ports[1], ports[0]),
            protocol=both(protocol, protocol),
            payload_bytes=both(rows["sent_bytes"].to_numpy(), rows["received_bytes"].to_numpy()),
            opens=np.zeros(count, bool),
            authority=np.full(count, -1, np.int8),
        )
    )
    return to_flows(
        {
            "first_at": pa.array(found.first_us).cast(MOMENT),
            "last_at": pa.array(found.last_us).cast(MOMENT),
            "client": hosts.take(pa.array(found.client)),
            "client_port": pa.array(found.client_port),
            "server": hosts.take(pa.array(found.server)),
            "server_port": pa.array(found.server_port),
            "protocol": pa.array(found.protocol),
            "sent_bytes": pa.array(found.sent_bytes),
            "received_bytes": pa.array(found.received_bytes),
        },
        len(found.first_us),
    )


def bring_together(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the flows of several sources, each once, with the requests that were read of them."""
    if not tables:
        return FLOWS.empty()
    ended = [table.filter(pc.is_valid(table["last_at"])) for table in tables]
    others = [table.filter(pc.is_null(table["last_at"])) for table in tables]
    return join_requests(pa.concat_tables([without_repeats(ended), *others]))


def without_repeats(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the flows of several sources, each once: sensors see the same, and logs repeat it.

    Flows between the same ends that begin within :data:`SAME_US` are one, where they come from
    different sources; that of the source named first is kept.
    """
    flows = pa.concat_tables(tables)
    if sum(table.num_rows > 0 for table in tables) < 2:
        return flows
    source = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    _, client, server = number_ends(flows)
    first_us = flows["first_at"].cast(COUNT).to_numpy()
    keys = [
        client,
        server,
        *(flows[name].to_numpy() for name in ("client_port", "server_port", "protocol")),
    ]
    order = np.lexsort((source, first_us, *keys))
    is_same = np.ones(max(len(order) - 1, 0), bool)
    for key in keys:
        is_same &= key[order][1:] == key[order][:-1]
    is_near = np.diff(first_us[order]) <= SAME_US
    is_repeat = is_same & is_near & (source[order][1:] != source[order][:-1])
    # Of two that are one, the later source's goes; three in a row are two pairs.
    earlier, later = order[:-1][is_repeat], order[1:][is_repeat]
    gone = np.where(source[earlier] < source[later], later, earlier)
    kept = np.ones(len(flows), bool)
    kept[gone] = False
    return flows.filter(pa.array(kept))


def join_requests(flows: pa.Table) -> pa.Table:
    """Give the requests of logs to the flows of the same id: to each flow its first.

    A row without an end is a request. One whose flow was not read stays a flow of its own.
    """
    is_asked = pc.or_(flows["http_host"].is_valid(), flows["server_name"].is_valid())
    is_request = pc.and_(flows["last_at"].is_null(), is_asked)
    requests = flows.filter(is_request)
    if not requests.num_rows:
        return flows
    rest = flows.filter(pc.invert(is_request))
    order = pc.sort_indices(requests, sort_keys=[("first_at", "ascending")])
    requests = requests.take(order)
    known = pc.is_in(requests["flow_id"], value_set=rest["flow_id"].combine_chunks().drop_null())
    place = pc.index_in(
        rest["flow_id"], value_set=requests["flow_id"].combine_chunks(), skip_nulls=True
    )
    for name in ASKED:
        column = pc.coalesce(rest[name], requests[name].take(place))
        rest = rest.set_column(rest.schema.get_field_index(name), rest.schema.field(name), column)
    return pa.concat_tables([rest, requests.filter(pc.invert(known))])
