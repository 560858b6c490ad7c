"""A response in wire form, made once, with the places where its copies will differ."""

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from traffic.population import Record, Reply

RRTYPES: Final = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "AAAA": 28}
RCODES: Final = {"NOERROR": 0, "NXDOMAIN": 3}
FLAGS: Final = 0x8180
"""QR, RD and RA: a resolver's answer to a stub."""

_ADDRESS_RECORD_BYTES: Final = {"A": 16, "AAAA": 28}
"""Octets of an address record whose owner is a pointer (RFC 1035 section 4.1.4)."""
_LAST_POINTER_TARGET: Final = 0x3FFF


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate:
    """A whole response without OPT; its message ID is 0 and its TTLs are those of the zone."""

    reply: Reply
    wire: bytes
    question_bytes: int
    """Octets of the name in the question, which begins behind the header of 12."""
    ttl_places: tuple[int, ...]
    """Where the 32 bits of each TTL begin."""
    ttls_s: tuple[int, ...]
    """What the zone says there, 1 or more."""
    rotating_at: int
    """Where the address records of the answer begin; they lie side by side."""
    rotating_bytes: int
    """Octets of one of them."""
    rotating_count: int


def compose_template(reply: Reply) -> MessageTemplate:
    """Put a reply into wire form, names compressed as name servers do it."""
    message = _Message()
    message.add_name(reply.query)
    question_bytes = len(message.octets) - 12
    message.octets += struct.pack("!HH", RRTYPES[reply.qtype], 1)
    for record in reply.answer[: reply.link_count]:
        message.add_record(record)
    rotating_at = len(message.octets)
    for record in reply.answer[reply.link_count :]:
        message.add_record(record)
    for record in (*reply.authority, *reply.additional):
        message.add_record(record)
    struct.pack_into(
        "!6H", message.octets, 0, 0, FLAGS | RCODES[reply.rcode], 1,
        len(reply.answer), len(reply.authority), len(reply.additional),
    )  # fmt: skip
    return MessageTemplate(
        reply=reply,
        wire=bytes(message.octets),
        question_bytes=question_bytes,
        ttl_places=tuple(message.ttl_places),
        ttls_s=tuple(message.ttls_s),
        rotating_at=rotating_at,
        rotating_bytes=_ADDRESS_RECORD_BYTES[reply.qtype],
        rotating_count=len(reply.answer) - reply.link_count,
    )


class _Message:
    """A message in the making, behind an empty header."""

    def __init__(self) -> None:
        self.octets = bytearray(12)
        self.ttl_places: list[int] = []
        self.ttls_s: list[int] = []
        self._places: dict[str, int] = {}

    def add_record(self, record: Record) -> None:
        octets = self.octets
        self.add_name(record.owner)
        self.ttl_places.append(len(octets) + 4)
        self.ttls_s.append(record.ttl_s)
        octets += struct.pack("!HHIH", RRTYPES[record.rrtype], 1, record.ttl_s, 0)
        start = len(octets)
        if record.rrtype in _ADDRESS_RECORD_BYTES:
            octets += ip_address(record.rdata).packed
        elif record.rrtype == "SOA":
            mname, rname, *numbers = record.rdata.split()
            self.add_name(mname)
            self.add_name(rname)
            octets += struct.pack("!5I", *map(int, numbers))
        else:
            self.add_name(record.rdata)
        struct.pack_into("!H", octets, start - 2, len(octets) - start)

    def add_name(self, name: str) -> None:
        octets, places = self.octets, self._places
        rest = name
        while rest:
            place = places.get(rest)
            if place is not None:
                octets += struct.pack("!H", 0xC000 | place)
                return
            if len(octets) <= _LAST_POINTER_TARGET:
                places[rest] = len(octets)
            label, _, rest = rest.partition(".")
            octets.append(len(label))
            octets += label.encode("ascii")
        octets.append(0)
