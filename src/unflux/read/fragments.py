"""IP datagrams put together again from their fragments."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from unflux.model.times import MICROSECONDS_PER_S
from unflux.read.internet_layer import Datagram, Fragment
from unflux.read.source import Drops

MAX_DATAGRAM_BYTES: Final = 65_535
"""Octets of the longest datagram (RFC 791 section 3.1)."""

MAX_AGE_US: Final = 60 * MICROSECONDS_PER_S
"""How long fragments wait for the rest (RFC 8200 section 4.5), in capture time."""

MAX_DATAGRAMS: Final = 4096
MAX_HELD_BYTES: Final = 16 << 20
MAX_FRAGMENTS: Final = 1024
"""Datagrams and octets waiting, and fragments of one. Chosen: 2026-11-22; a resolver's capture
has some tens waiting, and 64 KiB over the least MTU in use (576) are 120 fragments."""

FRAGMENT_COST_BYTES: Final = 128
"""Memory that a fragment takes besides its octets, about."""

INCOMPLETE: Final = "datagram with missing fragments"
OVERLAP: Final = "datagram with overlapping fragments"
BAD_FRAGMENT: Final = "fragment of impossible length or place"

Key = tuple[bytes, bytes, int, int]


class _Pieces:
    """Fragments of one datagram, sorted, without overlap."""

    __slots__ = (
        "data",
        "held_bytes",
        "is_refused",
        "protocol",
        "since_us",
        "starts",
        "total_bytes",
    )

    def __init__(self, since_us: int) -> None:
        self.since_us = since_us
        self.starts: list[int] = []
        self.data: list[bytes] = []
        self.held_bytes = 0
        self.total_bytes: int | None = None
        self.protocol = -1
        self.is_refused = False

    def gaps(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of a span that no fragment covers yet."""
        at = bisect_left(self.starts, start)
        if at:
            start = max(start, self.starts[at - 1] + len(self.data[at - 1]))
        while at < len(self.starts) and self.starts[at] < end:
            if start < self.starts[at]:
                yield start, self.starts[at]
            start = max(start, self.starts[at] + len(self.data[at]))
            at += 1
        if start < end:
            yield start, end

    def insert(self, start: int, data: bytes) -> None:
        at = bisect_left(self.starts, start)
        self.starts.insert(at, start)
        self.data.insert(at, data)
        self.held_bytes += len(data) + FRAGMENT_COST_BYTES

    def holds(self, start: int, data: bytes) -> bool:
        at = bisect_left(self.starts, start)
        return at < len(self.starts) and self.starts[at] == start and self.data[at] == data

    @property
    def is_complete(self) -> bool:
        octets = self.held_bytes - FRAGMENT_COST_BYTES * len(self.starts)
        return self.total_bytes is not None and octets == self.total_bytes and self.protocol >= 0


class Fragments:
    """Datagrams in pieces; count, octets and age are bounded, the oldest goes first."""

    def __init__(self, drops: Drops) -> None:
        self._drops = drops
        self._waiting: dict[Key, _Pieces] = {}
        self._held_bytes = 0

    def add(self, piece: Datagram, fragment: Fragment, now_us: int) -> Datagram | None:
        """Add a fragment and return the whole datagram where this completes it.

        Of IPv4 fragments that overlap, the first to come wins; an IPv6 datagram with such
        fragments is refused whole (RFC 5722), an exact copy of a fragment apart (RFC 8200
        section 4.5). The protocol is that of the first fragment.
        """
        self._forget_old(now_us)
        is_ipv6 = len(piece.source) == 16
        # The protocol of an IPv6 fragment is no part of the key (RFC 8200 section 4.5).
        key = (
            piece.source,
            piece.destination,
            -1 if is_ipv6 else piece.protocol,
            fragment.identification,
        )
        pieces = self._waiting.get(key)
        if pieces is None:
            pieces = self._waiting[key] = _Pieces(now_us)
            self._held_bytes += FRAGMENT_COST_BYTES
        if pieces.is_refused:
            return None
        held_before = pieces.held_bytes
        reason = _place(pieces, piece, fragment, is_ipv6=is_ipv6)
        self._held_bytes += pieces.held_bytes - held_before
        if reason:
            self._refuse(pieces, reason)
        elif pieces.is_complete:
            self._forget(key)
            return piece._replace(
                protocol=pieces.protocol, payload=b"".join(pieces.data), fragment=None
            )
        while self._held_bytes > MAX_HELD_BYTES or len(self._waiting) > MAX_DATAGRAMS:
            self._forget(next(iter(self._waiting)), INCOMPLETE)
        return None

    def finish(self) -> None:
        """Count what is still waiting at the end of the capture."""
        for key in list(self._waiting):
            self._forget(key, INCOMPLETE)

    def _forget_old(self, now_us: int) -> None:
        while self._waiting:
            key, pieces = next(iter(self._waiting.items()))
            if now_us - pieces.since_us <= MAX_AGE_US:
                return
            self._forget(key, INCOMPLETE)

    def _forget(self, key: Key, reason: str | None = None) -> None:
        pieces = self._waiting.pop(key)
        self._held_bytes -= pieces.held_bytes + FRAGMENT_COST_BYTES
        if reason and not pieces.is_refused:
            self._drops.drop(reason)

    def _refuse(self, pieces: _Pieces, reason: str) -> None:
        """Count the datagram, and keep its name so that fragments to come are refused too."""
        self._drops.drop(reason)
        self._held_bytes -= pieces.held_bytes
        pieces.starts, pieces.data, pieces.held_bytes = [], [], 0
        pieces.is_refused = True


def _place(pieces: _Pieces, piece: Datagram, fragment: Fragment, *, is_ipv6: bool) -> str | None:
    """Put a fragment in its place, or return the reason to refuse the whole datagram."""
    start, data = fragment.offset_bytes, piece.payload
    end = start + len(data)
    if _is_impossible(pieces, start, end, has_more=fragment.has_more):
        return BAD_FRAGMENT
    if is_ipv6 and pieces.holds(start, data):
        return None
    gaps = list(pieces.gaps(start, end))
    if is_ipv6 and gaps != [(start, end)]:
        return OVERLAP
    if not fragment.has_more:
        pieces.total_bytes = end
    if start == 0 and pieces.protocol < 0:
        pieces.protocol = piece.protocol
    for gap_start, gap_end in gaps:
        pieces.insert(gap_start, data[gap_start - start : gap_end - start])
    return None


def _is_impossible(pieces: _Pieces, start: int, end: int, *, has_more: bool) -> bool:
    """Tell whether a fragment cannot belong to a datagram beside the pieces that are there."""
    if start == end or end > MAX_DATAGRAM_BYTES or len(pieces.starts) >= MAX_FRAGMENTS:
        return True
    if has_more:
        is_odd = (end - start) % 8 > 0
        return is_odd or (pieces.total_bytes is not None and end > pieces.total_bytes)
    reached = pieces.starts[-1] + len(pieces.data[-1]) if pieces.starts else 0
    return end < reached or pieces.total_bytes not in (None, end)
