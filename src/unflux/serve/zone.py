"""A version of the policy zone: its records as octets that go into messages as they are."""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from unflux.model.names import MAX_NAME_LENGTH

APEX: Final = b"\xc0\x0c"
"""Points at octet 12 of a message, where the name of its question stands (RFC 1035 4.1.4).

Every owner ends in it, so a record is the same octets in every message that asks for the zone.
"""

_LENGTHS: Final = [bytes([length]) for length in range(64)]
"""Before a label of so many octets (RFC 1035 section 3.1)."""

_FIXED: Final = struct.Struct("!HHIH")
"""Type, class, TTL and length of the data (RFC 1035 section 3.2.1)."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One version."""

    origin: dns.name.Name
    serial: int
    """0..2^32-1 (RFC 1982)."""
    soa: bytes
    """The record that holds the serial."""
    records: tuple[bytes, ...]
    """All the others, each once, in the order of the file."""

    @cached_property
    def octets(self) -> int:
        """Size of all records together."""
        return len(self.soa) + sum(map(len, self.records))

    @cached_property
    def digest(self) -> bytes:
        """What no other zone or version has: SHA-256 over name and records, in a fixed order."""
        records = b"".join(sorted(self.records))
        return hashlib.sha256(self.origin.to_digestable() + self.soa + records).digest()

    def soa_rrset(self) -> dns.rrset.RRset:
        """Return the SOA as dnspython has it, for messages that hold nothing else."""
        _, rdclass, ttl, length = _FIXED.unpack_from(self.soa, len(APEX))
        start = len(APEX) + _FIXED.size
        rdata = dns.rdata.from_wire(rdclass, dns.rdatatype.SOA, self.soa, start, length)
        return dns.rrset.from_rdata(self.origin, ttl, rdata)


def room_below(origin: dns.name.Name) -> int:
    """Return how many octets the labels of an owner may take."""
    return MAX_NAME_LENGTH - len(origin.to_digestable())


def compose_owner(labels: Iterable[bytes], room: int) -> bytes | None:
    """Return the octets of labels below the origin; null where they take more than the room."""
    octets = b"".join([_LENGTHS[len(label)] + label for label in labels])
    return None if len(octets) > room else octets + APEX


def compose_record(owner: bytes, rdtype: dns.rdatatype.RdataType, ttl: int, data: bytes) -> bytes:
    """Return a record of class IN: an owner of :func:`compose_owner`, and uncompressed data."""
    return owner + _FIXED.pack(rdtype, dns.rdataclass.IN, ttl, len(data)) + data


def is_newer(serial: int, than: int) -> bool:
    """Tell whether one serial follows another: less than half the circle ahead (RFC 1982 3.2)."""
    return 0 < (serial - than) % (1 << 32) < 1 << 31
