"""Records of one direction, of one source or several, become flows with both."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.flows import number_ends
from unflux.read.flow_assembly import Directions, assemble
from unflux.read.flow_ends import ends_us, starts_us
from unflux.read.flow_repeats import find_repeats
from unflux.read.flow_texts import to_flows


def pair_directions(tables: Sequence[pa.Table]) -> pa.Table:
    """Join rows of one direction (or of both, as exporters aggregate) to flows.

    ``tables``: of each source one. A direction that several have counts once.
    """
    rows = pa.concat_tables(tables)
    hosts, directions = _directions(rows)
    if len(tables) > 1:
        source = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        directions = _without_repeats(directions, np.concatenate([source, source[_back(rows)]]))
    found = assemble(directions)
    return to_flows(found.columns(hosts), len(found.first_us))


def _back(rows: pa.Table) -> np.ndarray:
    """Return the rows that have octets of the way back."""
    return np.flatnonzero(np.asarray(pc.greater(rows["received_bytes"], 0)))


def _directions(rows: pa.Table) -> tuple[pa.Array, Directions]:
    """Return the hosts in order, and the directions that go forth, then those that go back."""
    back = _back(rows)
    hosts, client, server = number_ends(rows)
    # In order, so that no flow depends on which of its rows comes first.
    order = pc.sort_indices(hosts)
    rank = np.empty(len(hosts), np.int64)
    rank[order.to_numpy()] = np.arange(len(hosts))
    client, server = rank[client], rank[server]
    first_us, last_us = starts_us(rows), ends_us(rows)
    ports = [rows[name].to_numpy() for name in ("client_port", "server_port")]
    protocol = rows["protocol"].to_numpy()

    def both(forward: np.ndarray, reverse: np.ndarray) -> np.ndarray:
        return np.concatenate([forward, reverse[back]])

    count = len(rows) + len(back)
    return hosts.take(order), Directions(
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


def _without_repeats(rows: Directions, source: np.ndarray) -> Directions:
    keys = (rows.protocol, rows.target_port, rows.target, rows.source_port, rows.source)
    return rows.at(np.flatnonzero(find_repeats(keys, rows.first_us, source).is_kept))
