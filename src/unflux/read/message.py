"""The seam of all wire decoders: one DNS message in, one response and its records out.

The work is bounded by the length of the message, whatever its compression pointers say; dnspython
names types and codes here, and says in the tests what a message holds.
"""

import struct
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import dns.flags
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from unflux.model.times import is_plausible
from unflux.model.ttl import MAX_TTL_S
from unflux.read.batching import BatchBuilder, Record
from unflux.read.packed_address import packed_address_text
from unflux.read.source import SECTIONS, Drops, Options
from unflux.read.wire_names import BadNameError, NameReader

HEADER_SIZE_BYTES: Final = 12
"""Octets of the message header (RFC 1035 section 4.1.1)."""

MAX_MESSAGE_SIZE_BYTES: Final = 65_535
"""Octets of the longest message (RFC 1035 section 4.2.2)."""

KEPT_TYPES: Final = {
    int(rrtype): dns.rdatatype.to_text(rrtype)
    for rrtype in (
        dns.rdatatype.A,
        dns.rdatatype.AAAA,
        dns.rdatatype.CNAME,
        dns.rdatatype.NS,
        dns.rdatatype.SOA,
    )
}
"""Types that become rows. A DNAME shows as the CNAME made from it (RFC 6672 section 3.1); the
address hints of HTTPS and SVCB are not read yet."""

_QUESTION: Final = struct.Struct("!HH")
_RECORD: Final = struct.Struct("!HHIH")
_SOA_NUMBERS: Final = struct.Struct("!IIIII")
_ADDRESS_SIZES_BYTES: Final = {int(dns.rdatatype.A): 4, int(dns.rdatatype.AAAA): 16}
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
    wire = wire[:MAX_MESSAGE_SIZE_BYTES]
    names = NameReader(wire)
    try:
        query, at = names.read(HEADER_SIZE_BYTES, len(wire))
        qtype, qclass = _QUESTION.unpack_from(wire, at)
    except (BadNameError, struct.error):
        return Undecoded.QUESTION
    if qclass not in _ASKED_CLASSES:
        return Undecoded.CLASS
    body = _read_records(wire, at + _QUESTION.size, names)
    return DecodedResponse(
        query=query,
        qtype=dns.rdatatype.to_text(qtype),
        rcode=dns.rcode.to_text(dns.rcode.Rcode(body.upper_rcode << 4 | wire[3] & 0x0F)),
        records=tuple(body.records),
        other_class_count=body.other_class_count,
        is_damaged=body.is_damaged,
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


@dataclass(slots=True)
class _Body:
    """What follows the question."""

    records: list[Record] = field(default_factory=list)
    upper_rcode: int = 0
    other_class_count: int = 0
    is_damaged: bool = False


def _read_records(wire: bytes, at: int, names: NameReader) -> _Body:
    """Read the three sections; a record with bad data is left out, one without end ends it all."""
    body = _Body()
    for section, count in zip(SECTIONS, struct.unpack_from("!HHH", wire, 6), strict=True):
        for _ in range(count):
            try:
                owner, at = names.read(at, len(wire))
                rrtype, rrclass, ttl_s, size_bytes = _RECORD.unpack_from(wire, at)
            except (BadNameError, struct.error):
                body.is_damaged = True
                return body
            start, at = at + _RECORD.size, at + _RECORD.size + size_bytes
            if at > len(wire):
                body.is_damaged = True
                return body
            if rrtype == dns.rdatatype.OPT and section == "add":
                body.upper_rcode = ttl_s >> 24
            elif rrtype in KEPT_TYPES and rrclass != dns.rdataclass.IN:
                body.other_class_count += 1
            elif rrtype in KEPT_TYPES:
                rdata = _rdata_text(wire, rrtype, start, at, names)
                if rdata is None:
                    body.is_damaged = True
                    continue
                ttl_s = ttl_s if ttl_s <= MAX_TTL_S else 0
                body.records.append((owner, KEPT_TYPES[rrtype], rdata, ttl_s, section))
    return body


def _rdata_text(wire: bytes, rrtype: int, start: int, end: int, names: NameReader) -> str | None:
    """Return the canonical text of the data of a kept type, or null where it is malformed."""
    size_bytes = _ADDRESS_SIZES_BYTES.get(rrtype)
    if size_bytes is not None:
        return packed_address_text(wire[start:end]) if end - start == size_bytes else None
    try:
        text, at = names.read(start, end)
        if rrtype == dns.rdatatype.SOA:
            mailbox, at = names.read(at, end)
            numbers = _SOA_NUMBERS.unpack_from(wire, at)
            text = " ".join((text, mailbox, *map(str, numbers)))
            at += _SOA_NUMBERS.size
    except (BadNameError, struct.error):
        return None
    return text if at == end else None
