"""What changed from one version of the zone to the next (RFC 1995 section 4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from unflux.serve.zone import Zone


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Records that went and came; the two SOAs are held apart."""

    before: int
    """Serial of the older version."""
    after: int
    soa_before: bytes
    soa_after: bytes
    deleted: tuple[bytes, ...]
    added: tuple[bytes, ...]
    digest_before: bytes
    """Of the older version (:attr:`Zone.digest`): differences follow each other by these."""
    digest_after: bytes

    def sequence(self) -> Iterator[bytes]:
        """Yield the records of a difference sequence (RFC 1995 section 4)."""
        yield self.soa_before
        yield from self.deleted
        yield self.soa_after
        yield from self.added

    @cached_property
    def octets(self) -> int:
        """Size of the sequence."""
        return sum(map(len, self.sequence()))


def compare(before: Zone, after: Zone) -> Difference:
    """Return what turns one version into the other."""
    old, new = frozenset(before.records), frozenset(after.records)
    return Difference(
        before=before.serial,
        after=after.serial,
        soa_before=before.soa,
        soa_after=after.soa,
        deleted=tuple(record for record in before.records if record not in new),
        added=tuple(record for record in after.records if record not in old),
        digest_before=before.digest,
        digest_after=after.digest,
    )
