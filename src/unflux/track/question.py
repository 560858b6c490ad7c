"""Questions as octets, and what a reply says; dnspython composes and parses."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Final, Literal

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from unflux.model.endpoint import Network
from unflux.model.names import name_to_text
from unflux.model.ttl import MAX_TTL_S

QuestionType = Literal["A", "AAAA", "NS"]
Outcome = Literal["answered", "empty", "nxdomain", "refused", "cut", "silent", "unreadable"]

PAYLOAD_OCTETS: Final = 1232
"""Of a reply by UDP (RFC 9715 section 3.2 and appendix A); what is longer comes by TCP."""
CACHED_QUESTIONS: Final = 1 << 15
_ADDRESSES: Final = {
    "A": (int(dns.rdatatype.A), AF_INET, 4), "AAAA": (int(dns.rdatatype.AAAA), AF_INET6, 16)
}  # fmt: skip
_RECORD: Final = struct.Struct("!HHIH")
_LEADING: Final = (dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.CNAME, dns.rdatatype.NS)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and for whom."""

    name: str
    """Normalised."""
    qtype: QuestionType
    subnet: Network | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a reply says."""

    outcome: Outcome
    """``empty``: the name exists, records of the type do not. ``refused``: any other code, which
    speaks of the resolver. ``cut``: nothing that counts had room (RFC 2181 section 9)."""
    found: frozenset[str] = frozenset()
    """Addresses, or for NS names, of the answer section."""
    ttl_s: int | None = None
    """The smallest of the answer's records; null where there is none."""
    is_truncated: bool = False
    scope_bits: int | None = None
    """Length of the prefix of clients that it is for, by its client subnet option (RFC 7871 section
    6), 0: of all; null where it has none for the subnet of the question, or there is none."""


UNREADABLE: Final = Reply(outcome="unreadable")
SILENT: Final = Reply(outcome="silent")


def compose_question(question: Question, number: int) -> bytes:
    """Return the octets of a question with recursion desired; ``number`` is the message's id."""
    return struct.pack("!H", number) + _body(question)


@lru_cache(maxsize=CACHED_QUESTIONS)
def _body(question: Question) -> bytes:
    options: list[dns.edns.Option] = []
    if question.subnet is not None:
        options = [_option_of(question.subnet)]
    message = dns.message.make_query(
        _parsed(question.name), question.qtype,
        use_edns=0, payload=PAYLOAD_OCTETS, options=options, id=0,
    )  # fmt: skip
    return message.to_wire()[2:]


def _option_of(subnet: Network) -> dns.edns.ECSOption:
    return dns.edns.ECSOption(str(subnet.network_address), subnet.prefixlen)


@lru_cache(maxsize=CACHED_QUESTIONS)
def _section(question: Question) -> bytes:
    """Return the octets of the section of the question."""
    rrtype = dns.rdatatype.from_text(question.qtype)
    name = _parsed(question.name).to_wire() or b""
    return name + struct.pack("!HH", rrtype, dns.rdataclass.IN)


@lru_cache(maxsize=CACHED_QUESTIONS)
def _parsed(name: str) -> dns.name.Name:
    return dns.name.from_text(name)


def begins_reply(wire: bytes, question: Question) -> bool:
    """Tell whether octets are a reply to a question, whatever they answer.

    The section of the question must come back as it was sent, letter case aside (RFC 5452
    section 9.1).
    """
    section = _section(question)
    return (
        len(wire) >= 12 + len(section)
        and wire[2] & 0xF8 == 0x80  # QR set, opcode QUERY
        and wire[4:6] == b"\0\1"
        and wire[12 : 12 + len(section)].lower() == section.lower()
    )


def parse_reply(wire: bytes, question: Question) -> Reply:
    """Return what a reply says; never raises, whatever the octets are.

    ``wire`` is a reply to the question (:func:`begins_reply`). Plain answers, nearly all, are
    passed over octet by octet; dnspython takes some thirty times as long and has the rest.
    """
    reply = _pass_addresses(wire, question) or _parse(wire, question)
    if question.subnet is None:
        return reply
    return replace(reply, scope_bits=_find_scope(wire, question, question.subnet))


def _pass_addresses(wire: bytes, question: Question) -> Reply | None:
    """Return what a whole NOERROR answer with addresses says; null for any other reply."""
    wanted = _ADDRESSES.get(question.qtype)
    if wanted is None or wire[3] & 0x0F or wire[2] & 0x02:
        return None
    rrtype, family, size = wanted
    at, found, ttls = 12 + len(_section(question)), set(), []
    for _ in range(int.from_bytes(wire[6:8], "big")):
        at = _pass_name(wire, at)
        if at < 0 or at + _RECORD.size > len(wire):
            return None
        kind, rrclass, ttl_s, octets = _RECORD.unpack_from(wire, at)
        at += _RECORD.size
        if at + octets > len(wire) or rrclass != dns.rdataclass.IN or ttl_s > MAX_TTL_S:
            return None
        if kind in _LEADING:
            ttls.append(ttl_s)
        if kind == rrtype:
            if octets != size:
                return None
            found.add(inet_ntop(family, wire[at : at + octets]))
        at += octets
    return Reply(outcome="answered", found=frozenset(found), ttl_s=min(ttls)) if found else None


def crop_reply(wire: bytes, question: Question, most: int) -> tuple[bytes, int]:
    """Return a reply with its first records alone, and how many it had beyond ``most``.

    ``wire`` is a reply to the question (:func:`begins_reply`). What has more ends before the
    first record that has no end, too. Names lead back into what stays (RFC 1035 section 4.1.4).
    """
    counts = struct.unpack_from("!3H", wire, 6)
    if sum(counts) <= most:
        return wire, 0
    ends = [end for _, _, end in islice(_walk(wire, question), most)]
    at, passed = max(ends, default=12 + len(_section(question))), len(ends)
    left, kept = passed, []
    for count in counts:
        kept.append(min(count, left))
        left -= kept[-1]
    return wire[:6] + struct.pack("!3H", *kept) + wire[12:at], sum(counts) - passed


def _find_scope(wire: bytes, question: Question, subnet: Network) -> int | None:
    """Return the scope of the client subnet option that gives a subnet back."""
    sent = _option_of(subnet).to_wire() or b""
    size, told = len(sent), sent[:3] + sent[4:]
    for kind, begin, end in _walk(wire, question):
        at = begin if kind == dns.rdatatype.OPT else end
        while at + 4 <= end:
            code, octets = struct.unpack_from("!HH", wire, at)
            option = wire[at + 4 : min(at + 4 + octets, end)]
            if code == dns.edns.ECS and len(option) == size and option[:3] + option[4:] == told:
                return option[3]
            at += 4 + octets
    return None


def _walk(wire: bytes, question: Question) -> Iterator[tuple[int, int, int]]:
    """Yield of each record its type and where its data begin and end, until one has no end."""
    at = 12 + len(_section(question))
    for _ in range(sum(struct.unpack_from("!3H", wire, 6))):
        at = _pass_name(wire, at)
        if at < 0 or at + _RECORD.size > len(wire):
            return
        kind, _, _, octets = _RECORD.unpack_from(wire, at)
        begin = at + _RECORD.size
        at = begin + octets
        if at > len(wire):
            return
        yield kind, begin, at


def _pass_name(wire: bytes, at: int) -> int:
    """Return where a name ends that begins there; -1 where it does not."""
    while at < len(wire):
        size = wire[at]
        if size == 0:
            return at + 1
        if size >= 0xC0:
            return at + 2
        if size > 63:
            return -1
        at += 1 + size
    return -1


def _parse(wire: bytes, question: Question) -> Reply:
    """Return what a reply says, by dnspython."""
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True, continue_on_error=True)
        records = [
            (rrset.rdtype, rrset.ttl, rrset)
            for rrset in message.answer
            if rrset.rdclass == dns.rdataclass.IN and rrset.rdtype in _LEADING
        ]
        wanted = dns.rdatatype.from_text(question.qtype)
        found = frozenset(
            name_to_text(rdata.target) if question.qtype == "NS" else rdata.address
            for rdtype, _, rrset in records
            if rdtype == wanted
            for rdata in rrset
        )
    except (dns.exception.DNSException, ValueError, IndexError, struct.error):
        return UNREADABLE
    code, is_truncated = message.rcode(), bool(message.flags & dns.flags.TC)
    outcome: Outcome = "refused"
    if code == dns.rcode.NOERROR and found:
        outcome = "answered"
    elif is_truncated:
        outcome = "cut"
    elif code == dns.rcode.NXDOMAIN:
        outcome = "nxdomain"
    elif code == dns.rcode.NOERROR:
        outcome = "empty"
    return Reply(
        outcome=outcome,
        found=found,
        ttl_s=min((ttl for _, ttl, _ in records), default=None),
        is_truncated=is_truncated,
    )
