"""DNS messages of the lab in wire form, with compressed names (RFC 1035 section 4.1).

A composer of the five record types that the lab's zones hold: rendering through dnspython takes
several times longer, and the demo should not wait. Its tests have dnspython decode every message.
"""

import struct
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from unflux.lab.resolver import Reply
from unflux.lab.zones import RRset

PLAIN_UDP_LIMIT: Final = 512
"""Octets of a UDP message without EDNS (RFC 1035 section 4.2.1)."""
EDNS_UDP_LIMIT: Final = 1232
"""Octets a client with EDNS accepts (DNS flag day 2020)."""
TCP_LIMIT: Final = 65_535

_RRTYPES: Final = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "AAAA": 28}
_RCODES: Final = {"NOERROR": 0, "SERVFAIL": 2, "NXDOMAIN": 3}
_IN: Final = 1
_QUERY_FLAGS: Final = 0x0100  # RD
_REPLY_FLAGS: Final = 0x8180  # QR, RD, RA
_OPT: Final = struct.pack("!BHHIH", 0, 41, EDNS_UDP_LIMIT, 0, 0)
"""An OPT pseudo-record without options (RFC 6891 section 6.1.2)."""
_POINTER: Final = 0xC000
_LAST_POINTER_TARGET: Final = 0x3FFF


def compose_query(qname: str, qtype: str, message_id: int, *, has_edns: bool) -> bytes:
    """Return a client's question."""
    message = _Message()
    message.add_question(qname, qtype)
    return message.finished(message_id, _QUERY_FLAGS, (0, 0, 0), has_edns=has_edns)


def compose_reply(
    qname: str, qtype: str, reply: Reply, message_id: int, *, has_edns: bool
) -> bytes:
    """Return the whole reply, however long it is."""
    message = _Message()
    message.add_question(qname, qtype)
    answers, authorities, additionals = (
        sum(message.add_rrset(rrset) for rrset in section)
        for section in (reply.answer, reply.authority, reply.additional)
    )
    return message.finished(
        message_id,
        _REPLY_FLAGS | _RCODES[reply.rcode],
        (answers, authorities, additionals),
        has_edns=has_edns,
    )


class _Message:
    """A message in the making; names already in it are pointed at (RFC 1035 section 4.1.4)."""

    def __init__(self) -> None:
        self._octets = bytearray(12)
        self._places: dict[str, int] = {}

    def add_question(self, qname: str, qtype: str) -> None:
        self._add_name(qname)
        self._octets += struct.pack("!HH", _RRTYPES[qtype], _IN)

    def add_rrset(self, rrset: RRset) -> int:
        """Add all records of the set in their order; return how many there are."""
        rrtype = _RRTYPES[rrset.rrtype]
        octets = self._octets
        for rdata in rrset.rdatas:
            self._add_name(rrset.owner)
            octets += struct.pack("!HHIH", rrtype, _IN, rrset.ttl_s, 0)
            start = len(octets)
            if rrset.rrtype in ("A", "AAAA"):
                octets += _packed_address(rdata)
            elif rrset.rrtype == "SOA":
                mname, rname, *numbers = rdata.split()
                self._add_name(mname)
                self._add_name(rname)
                octets += struct.pack("!5I", *map(int, numbers))
            else:
                self._add_name(rdata)
            struct.pack_into("!H", octets, start - 2, len(octets) - start)
        return len(rrset.rdatas)

    def finished(
        self, message_id: int, flags: int, counts: tuple[int, int, int], *, has_edns: bool
    ) -> bytes:
        """Return the message; ``counts`` are those of answer, authority and additional."""
        answers, authorities, additionals = counts
        additionals += int(has_edns)
        struct.pack_into(
            "!6H", self._octets, 0, message_id, flags, 1, answers, authorities, additionals
        )
        return bytes(self._octets) + (_OPT if has_edns else b"")

    def _add_name(self, name: str) -> None:
        octets, places = self._octets, self._places
        rest = name
        while rest:
            place = places.get(rest)
            if place is not None:
                octets += struct.pack("!H", _POINTER | place)
                return
            if len(octets) <= _LAST_POINTER_TARGET:
                places[rest] = len(octets)
            label, _, rest = rest.partition(".")
            octets.append(len(label))
            octets += label.encode("ascii")
        octets.append(0)


@lru_cache(maxsize=16_384)
def _packed_address(text: str) -> bytes:
    return ip_address(text).packed
