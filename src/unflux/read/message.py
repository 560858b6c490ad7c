"""The seam of all wire decoders: one DNS message in, one response and its records out.

dnspython reads the message. Its reader bounds the work that one message can cause: pointers
point backwards only, and no name follows more than sixteen of them.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.NS
import dns.rdtypes.ANY.SOA
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA

from unflux.model.addresses import canonical_address
from unflux.model.names import name_to_text
from unflux.model.times import is_plausible
from unflux.read.batching import BatchBuilder, Record
from unflux.read.source import SECTIONS, Drops, Options

HEADER_SIZE_BYTES: Final = 12
"""Octets of the message header (RFC 1035 section 4.1.1)."""

MAX_MESSAGE_SIZE_BYTES: Final = 65_535
"""Octets of the longest message (RFC 1035 section 4.2.2)."""

KEPT_TYPES: Final = frozenset(
    {
        dns.rdatatype.A,
        dns.rdatatype.AAAA,
        dns.rdatatype.CNAME,
        dns.rdatatype.NS,
        dns.rdatatype.SOA,
    }
)
"""Types that become rows. A DNAME shows as the CNAME made from it (RFC 6672 section 3.1); the
address hints of HTTPS and SVCB are not read yet."""

_ASKED_CLASSES: Final = frozenset({dns.rdataclass.IN, dns.rdataclass.ANY})

DAMAGED: Final = "damaged message, its readable records kept"
OTHER_CLASS: Final = "record of a class other than IN"
BAD_TIME: Final = "time outside 1970 to 2100, taken as unknown"
NOT_ASKED: Final = "outside the time asked for"
NO_TIME: Final = "response without time, while a span was asked for"


class Undecoded(StrEnum):
    """Why a message gives no rows; a query is no loss, everything else is counted as a drop."""

    QUERY = "query"
    SHORT = "message shorter than its header"
    OPCODE = "response with an opcode other than QUERY"
    QUESTION_COUNT = "response without exactly one question"
    QUESTION = "response with an unreadable question"
    CLASS = "response of a class other than IN"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedResponse:
    """One response, normalised as :mod:`unflux.read.batching` wants it."""

    query: str
    qtype: str
    rcode: str
    """With the upper bits of EDNS (RFC 6891 section 6.1.3); a number where it has no name."""
    records: tuple[Record, ...]
    other_class_count: int
    """Records of kept types left out because their class is not IN."""
    is_damaged: bool
    """Part of the message was unreadable; the records that could be read are kept."""


def decode_message(wire: bytes) -> DecodedResponse | Undecoded:
    """Decode one DNS message, without the length that TCP puts before it.

    A truncated response (TC, RFC 2181 section 9) and bytes after the message are fine: what is
    there is kept. A response without question (a later message of a zone transfer, multicast
    DNS) cannot be laid to a query and is refused. A TTL with the top bit set is 0 (RFC 2181
    section 8). Never raises.
    """
    refusal = _refuse_header(wire)
    if refusal is not None:
        return refusal
    message = dns.message.from_wire(
        wire[:MAX_MESSAGE_SIZE_BYTES],
        keyring=False,
        one_rr_per_rrset=True,
        ignore_trailing=True,
        continue_on_error=True,
    )
    if not message.question:
        return Undecoded.QUESTION
    question = message.question[0]
    if question.rdclass not in _ASKED_CLASSES:
        return Undecoded.CLASS
    return DecodedResponse(
        query=name_to_text(question.name),
        qtype=dns.rdatatype.to_text(question.rdtype),
        rcode=dns.rcode.to_text(message.rcode()),
        records=tuple(_records(message)),
        other_class_count=sum(
            rrset.rdtype in KEPT_TYPES and rrset.rdclass != dns.rdataclass.IN
            for section in message.sections[1:]
            for rrset in section
        ),
        is_damaged=bool(message.errors),
    )


def _refuse_header(wire: bytes) -> Undecoded | None:
    """Return why the header alone rules a message out, or null."""
    if len(wire) < HEADER_SIZE_BYTES:
        return Undecoded.SHORT
    flags, question_count = struct.unpack_from("!HH", wire, 2)
    if not flags & dns.flags.QR:
        return Undecoded.QUERY
    if dns.opcode.from_flags(flags) != dns.opcode.QUERY:
        return Undecoded.OPCODE
    return Undecoded.QUESTION_COUNT if question_count != 1 else None


def record_message(
    wire: bytes,
    builder: BatchBuilder,
    options: Options,
    drops: Drops,
    *,
    ts_us: int | None,
    client: str | None = None,
    sensor: str | None = None,
) -> None:
    """Decode one message into the builder; count the query, the response, or the drop."""
    response = decode_message(wire)
    if response is Undecoded.QUERY:
        drops.query_count += 1
        return
    if isinstance(response, Undecoded):
        drops.drop(response.value)
        return
    if ts_us is not None and not is_plausible(ts_us):
        drops.drop(BAD_TIME)
        ts_us = None
    if not _is_in_span(ts_us, options, drops):
        return
    if response.other_class_count:
        drops.drop(OTHER_CLASS, response.other_class_count)
    if response.is_damaged:
        drops.drop(DAMAGED)
    drops.response_count += 1
    builder.add(
        response.query,
        response.records,
        ts_us=ts_us,
        qtype=response.qtype,
        rcode=response.rcode,
        client=client,
        sensor=sensor,
    )


def _is_in_span(ts_us: int | None, options: Options, drops: Drops) -> bool:
    if options.since_us is None and options.until_us is None:
        return True
    if ts_us is None:
        drops.drop(NO_TIME)
        return False
    is_late_enough = options.since_us is None or ts_us >= options.since_us
    is_early_enough = options.until_us is None or ts_us < options.until_us
    if not (is_late_enough and is_early_enough):
        drops.drop(NOT_ASKED)
    return is_late_enough and is_early_enough


def _records(message: dns.message.Message) -> Iterator[Record]:
    for section, rrsets in zip(SECTIONS, message.sections[1:], strict=True):
        for rrset in rrsets:
            if rrset.rdclass != dns.rdataclass.IN or rrset.rdtype not in KEPT_TYPES:
                continue
            for rdata in rrset:
                text = _rdata_text(rdata)
                if text is not None:
                    rrtype = dns.rdatatype.to_text(rrset.rdtype)
                    yield name_to_text(rrset.name), rrtype, text, rrset.ttl, section


def _rdata_text(rdata: dns.rdata.Rdata) -> str | None:
    """Return the canonical text of the data of a kept type."""
    match rdata:
        case dns.rdtypes.IN.A.A() | dns.rdtypes.IN.AAAA.AAAA():
            return canonical_address(rdata.address)
        case dns.rdtypes.ANY.CNAME.CNAME() | dns.rdtypes.ANY.NS.NS():
            return name_to_text(rdata.target)
        case dns.rdtypes.ANY.SOA.SOA():
            return (
                f"{name_to_text(rdata.mname)} {name_to_text(rdata.rname)} {rdata.serial} "
                f"{rdata.refresh} {rdata.retry} {rdata.expire} {rdata.minimum}"
            )
    return None
