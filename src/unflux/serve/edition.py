"""An edition: the version that is served, and the differences that lead to it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, Self

from unflux.serve.difference import Difference
from unflux.serve.zone import Zone

MESSAGE_OCTETS: Final = 32 << 10
"""Of records in a message of a transfer, at most.

Chosen: 2026-11-24; header, question, EDNS and signature fit beside them into the 64 KiB of a
message over TCP, and larger ones are not faster.
"""

MAX_DIFFERENCES: Final = 128
"""Kept. Chosen: 2026-11-24; five days of a new version each hour. A secondary that was away for
longer takes the whole zone."""


class Body(NamedTuple):
    """Records of one message."""

    records: int
    octets: bytes


@dataclass(frozen=True, kw_only=True)
class Edition:
    """Never changes: transfers that run go on with theirs when the next one comes."""

    zone: Zone
    differences: tuple[Difference, ...] = ()
    """Each begins where the one before ends, the last ends at the zone."""

    @classmethod
    def of(cls, zone: Zone, differences: Sequence[Difference]) -> Self:
        """Keep as many of the newest differences as are worth it (:func:`worth_keeping`)."""
        return cls(zone=zone, differences=tuple(worth_keeping(zone, differences)))

    @cached_property
    def whole(self) -> tuple[Body, ...]:
        """The zone in messages, between two of its SOA (RFC 5936 section 2.2)."""
        zone = self.zone
        return tuple(pack((zone.soa, *zone.records, zone.soa)))

    def since(self, serial: int) -> Iterator[Body] | None:
        """Yield the changes since a serial in messages; null where it is not remembered."""
        for i, difference in enumerate(self.differences):
            if difference.before == serial:
                return pack(self._changes(self.differences[i:]))
        return None

    def _changes(self, differences: Iterable[Difference]) -> Iterator[bytes]:
        yield self.zone.soa
        for difference in differences:
            yield from difference.sequence()
        yield self.zone.soa


def worth_keeping(zone: Zone, differences: Sequence[Difference]) -> list[Difference]:
    """Return the newest differences, oldest first, that are shorter to send than the whole zone.

    What fits into one message is short enough in any case.
    """
    room = max(zone.octets, MESSAGE_OCTETS)
    kept: list[Difference] = []
    for difference in reversed(differences[-MAX_DIFFERENCES:]):
        room -= difference.octets
        if room < 0:
            break
        kept.insert(0, difference)
    return kept


def pack(records: Iterable[bytes]) -> Iterator[Body]:
    """Yield the records in order, as many to a body as fit."""
    held: list[bytes] = []
    size = 0
    for record in records:
        if held and size + len(record) > MESSAGE_OCTETS:
            yield Body(len(held), b"".join(held))
            held, size = [], 0
        held.append(record)
        size += len(record)
    if held:
        yield Body(len(held), b"".join(held))
