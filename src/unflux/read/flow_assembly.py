"""Directions of flows, or packets of a direction, become flows with both directions."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import pyarrow as pa

from unflux.model.columns import MOMENT
from unflux.model.flows import TCP

IDLE_US: Final = {True: 300_000_000, False: 30_000_000}
"""After so long without a packet the next of the same ports is another flow, of TCP and of
datagrams. Chosen: 2026-11-28; an exporter that ends a flow which goes on begins the next record of
it with the next packet, and a datagram's answer comes within seconds or not at all."""

NEVER_US: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Directions:
    """Rows of one direction each, from one end to another; ends are numbers."""

    first_us: np.ndarray
    last_us: np.ndarray
    source: np.ndarray
    source_port: np.ndarray
    target: np.ndarray
    target_port: np.ndarray
    protocol: np.ndarray
    payload_bytes: np.ndarray
    opens: np.ndarray
    """Whether the row is known to open its flow: it has a SYN without ACK."""
    authority: np.ndarray
    """int8: AA of an answer of DNS, -1 where there is none."""

    def at(self, rows: np.ndarray) -> "Directions":
        """Return some rows."""
        return Directions(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def joined(cls, parts: Sequence["Directions"]) -> "Directions":
        """Return the rows of all parts."""
        names = [f.name for f in fields(cls)]
        return cls(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """Flows, in the order of their ends and then of their start; both ends are numbers."""

    first_us: np.ndarray
    last_us: np.ndarray
    client: np.ndarray
    client_port: np.ndarray
    server: np.ndarray
    server_port: np.ndarray
    protocol: np.ndarray
    sent_bytes: np.ndarray
    received_bytes: np.ndarray
    authority: np.ndarray

    def columns(self, hosts: pa.Array) -> dict[str, pa.Array]:
        """Return these as columns of ``FLOWS``; ``hosts`` are the addresses by their numbers."""
        return {
            "first_at": pa.array(self.first_us).cast(MOMENT),
            "last_at": pa.array(self.last_us).cast(MOMENT),
            "client": hosts.take(pa.array(self.client)),
            "client_port": pa.array(self.client_port),
            "server": hosts.take(pa.array(self.server)),
            "server_port": pa.array(self.server_port),
            "protocol": pa.array(self.protocol),
            "sent_bytes": pa.array(self.sent_bytes),
            "received_bytes": pa.array(self.received_bytes),
            "is_authoritative": pa.array(self.authority == 1, mask=self.authority < 0),
        }


def condense(rows: Directions) -> Directions:
    """Join the rows of each direction of a flow, but for those that open it."""
    source, target = _ends(rows)
    order, starts = _runs(rows, np.minimum(source, target), np.maximum(source, target))
    rows, is_from_low = rows.at(order), (source <= target)[order]
    if not len(starts):
        return rows
    flow = np.zeros(len(order), np.int64)
    flow[starts[1:]] = 1
    part = np.cumsum(flow) << 2 | is_from_low << 1 | rows.opens
    order = np.argsort(part, kind="stable")
    rows, part = rows.at(order), part[order]
    starts = np.flatnonzero(np.append(True, part[1:] != part[:-1]))
    first = rows.at(starts)
    return replace(
        first,
        last_us=np.maximum.reduceat(rows.last_us, starts),
        payload_bytes=np.add.reduceat(rows.payload_bytes, starts),
        authority=np.maximum.reduceat(rows.authority, starts),
    )


def assemble(rows: Directions) -> Assembled:
    """Join rows between the same two ends, until they are silent or open a flow anew.

    Who opened it is known by its SYN; else the end whose port alone is one of services (below
    1024) serves, and else the one that spoke second. Where both seem to have begun at once, as
    exporters say of both directions, it is the one to which more ends spoke, else that of the lower
    port.
    """
    source, target = _ends(rows)
    order, starts = _runs(rows, np.minimum(source, target), np.maximum(source, target))
    rows, source, target = rows.at(order), source[order], target[order]
    low, high, is_from_low = (
        np.minimum(source, target),
        np.maximum(source, target),
        source <= target,
    )
    if len(starts):
        octets = rows.payload_bytes
        from_low = np.add.reduceat(np.where(is_from_low, octets, 0), starts)
        from_high = np.add.reduceat(np.where(is_from_low, 0, octets), starts)
        last_us = np.maximum.reduceat(rows.last_us, starts)
        authority = np.maximum.reduceat(rows.authority, starts)
        low_us = np.minimum.reduceat(np.where(is_from_low, rows.first_us, NEVER_US), starts)
        high_us = np.minimum.reduceat(np.where(is_from_low, NEVER_US, rows.first_us), starts)
    else:
        from_low = from_high = last_us = authority = low_us = high_us = np.empty(0, np.int64)
    low, high = low[starts], high[starts]
    is_low_client = np.where(
        rows.opens[starts], is_from_low[starts], _is_low_client(low, high, low_us, high_us)
    )
    client = np.where(is_low_client, low, high)
    server = np.where(is_low_client, high, low)
    return Assembled(
        first_us=rows.first_us[starts],
        last_us=last_us,
        client=client >> 16,
        client_port=client & 0xFFFF,
        server=server >> 16,
        server_port=server & 0xFFFF,
        protocol=rows.protocol[starts],
        sent_bytes=np.where(is_low_client, from_low, from_high),
        received_bytes=np.where(is_low_client, from_high, from_low),
        authority=authority,
    )


def _ends(rows: Directions) -> tuple[np.ndarray, np.ndarray]:
    """Return the two ends of each row as numbers: the host and its port."""
    return (
        rows.source.astype(np.int64) << 16 | rows.source_port,
        rows.target.astype(np.int64) << 16 | rows.target_port,
    )


def _runs(rows: Directions, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows in order of these ends and of time, and where among them each run begins."""
    order = np.lexsort((~rows.opens, rows.first_us, rows.protocol, other, one))
    is_other = np.zeros(max(len(order) - 1, 0), bool)
    for column in (one, other, rows.protocol):
        sorted_column = column[order]
        is_other |= sorted_column[1:] != sorted_column[:-1]
    idle_us = np.where(rows.protocol[order][1:] == TCP, IDLE_US[True], IDLE_US[False])
    is_silent = rows.first_us[order][1:] - _latest(rows.last_us[order], is_other)[:-1] > idle_us
    # A SYN that is sent again opens nothing anew; one behind other packets does.
    opens = rows.opens[order]
    is_new = is_other | is_silent | (opens[1:] & ~opens[:-1])
    return order, np.flatnonzero(np.append(True, is_new)[: len(order)])


def _latest(last_us: np.ndarray, is_other: np.ndarray) -> np.ndarray:
    """Return the latest end so far among the rows of each group.

    ``is_other``: whether each row but the first begins a group.
    """
    if not (~is_other & (last_us[1:] < last_us[:-1])).any():
        return last_us
    order = np.argsort(last_us, kind="stable")
    count = len(order)
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    # Ranks of later groups are made larger than all of those before.
    so_far = np.maximum.accumulate(np.append(0, np.cumsum(is_other)) * count + rank)
    latest: np.ndarray = last_us[order[so_far % count]]
    return latest


def _is_low_client(
    low: np.ndarray, high: np.ndarray, low_us: np.ndarray, high_us: np.ndarray
) -> np.ndarray:
    """Tell of which flows without a SYN the lower end is the client.

    ``low_us``, ``high_us``: when each end spoke first.
    """
    low_port, high_port = low & 0xFFFF, high & 0xFFFF
    is_told = (low_port < 1024) ^ (high_port < 1024)
    is_low = np.where(is_told, high_port < 1024, low_us < high_us)
    is_at_once = ~is_told & (low_us == high_us)
    if is_at_once.any():
        low_peers, high_peers = _count_peers(low, high)
        by_peers = np.where(low_peers == high_peers, low_port >= high_port, high_peers > low_peers)
        is_low = np.where(is_at_once, by_peers, is_low)
    return is_low


def _count_peers(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for both ends of flows, in order of these, with how many ends each has flows."""
    is_first = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))
    ends, counts = np.unique(np.concatenate([low[is_first], high[is_first]]), return_counts=True)
    return counts[np.searchsorted(ends, low)], counts[np.searchsorted(ends, high)]
