"""The seam of the wire decoders, compared with what dnspython makes of a message."""

import struct
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.crafted_packets import make_query, make_response

from unflux.model.addresses import canonical_address
from unflux.model.names import name_to_text
from unflux.read.batching import BatchBuilder
from unflux.read.message import (
    BAD_TIME,
    NO_TIME,
    NOT_ASKED,
    OTHER_CLASS,
    DecodedResponse,
    Undecoded,
    decode_message,
    record_message,
)
from unflux.read.source import Drops, Options

WIRE = Path(__file__).parents[2] / "../shared/corpus/wire/fuzzinput"
HEADER = struct.Struct("!HHHHHH")
RESPONSE_FLAGS = 0x8180


def decode(wire: bytes) -> DecodedResponse:
    decoded = decode_message(wire)
    assert isinstance(decoded, DecodedResponse), decoded
    return decoded


def build(*sections: tuple[str, ...], qtype: str = "A", rcode: int = 0) -> dns.message.Message:
    """Return a response whose answer, authority and additional hold the records given as text."""
    message = dns.message.make_response(dns.message.make_query("www.example.", qtype))
    message.set_rcode(dns.rcode.Rcode(rcode))
    for section, records in zip(message.sections[1:], sections, strict=False):
        for record in records:
            name, ttl, rdclass, rrtype, rdata = record.split(" ", 4)
            section.append(dns.rrset.from_text(name, int(ttl), rdclass, rrtype, rdata))
    return message


def test_sections_types_and_canonical_text() -> None:
    decoded = decode(
        build(
            ("WWW.Example. 5 IN CNAME Edge.Example.", "edge.example. 6 IN A 192.0.2.9",
             "edge.example. 6 IN TXT text", "edge.example. 7 IN AAAA 2001:DB8:0:0::1"),
            ("example. 8 IN NS ns1.Example.", "example. 9 IN SOA Ns1.example. h.a. 1 2 3 4 5"),
            ("ns1.example. 10 IN A 192.0.2.53",),
        ).to_wire()
    )  # fmt: skip
    assert (decoded.query, decoded.qtype, decoded.rcode) == ("www.example", "A", "NOERROR")
    assert not decoded.is_damaged
    assert decoded.records == (
        ("www.example", "CNAME", "edge.example", 5, "ans"),
        ("edge.example", "A", "192.0.2.9", 6, "ans"),
        ("edge.example", "AAAA", "2001:db8::1", 7, "ans"),
        ("example", "NS", "ns1.example", 8, "auth"),
        ("example", "SOA", "ns1.example h.a 1 2 3 4 5", 9, "auth"),
        ("ns1.example", "A", "192.0.2.53", 10, "add"),
    )


def test_repeated_records_are_kept_each() -> None:
    record = dns.rrset.from_text("a.example.", 5, "IN", "A", "192.0.2.1").to_rdataset()
    wire = bytearray(make_response())
    wire += b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 5, 4) + record[0].to_wire()
    wire[6:8] = b"\0\2"
    assert [r[2] for r in decode(bytes(wire)).records] == ["192.0.2.1", "192.0.2.1"]


@pytest.mark.parametrize(
    ("ttl", "expected"), [(0, 0), (2**31 - 1, 2**31 - 1), (2**31, 0), (2**32 - 1, 0)]
)
def test_ttl_with_the_top_bit_set_is_zero(ttl: int, expected: int) -> None:
    wire = bytearray(make_response())
    wire[-10:-6] = struct.pack("!I", ttl)
    assert decode(bytes(wire)).records[0][3] == expected


@pytest.mark.parametrize(
    ("rcode", "expected"), [(0, "NOERROR"), (3, "NXDOMAIN"), (12, "12"), (16, "BADVERS")]
)
def test_rcode(rcode: int, expected: str) -> None:
    message = build(rcode=rcode)
    assert decode(message.to_wire()).rcode == expected


def test_unknown_type_is_written_by_its_number() -> None:
    assert decode(build(qtype="TYPE65280").to_wire()).qtype == "TYPE65280"


def test_root_and_escaped_names() -> None:
    assert decode(make_response(".")).query == "."
    assert (
        decode(make_response('a\\.b\\"\\000\\200.Example.')).query == 'a\\.b\\"\\000\\200.example'
    )


def test_truncated_response_keeps_what_is_there() -> None:
    wire = bytearray(make_response())
    wire[2] |= 0x02
    assert len(decode(bytes(wire)).records) == 1


def test_trailing_octets_are_no_damage() -> None:
    assert decode(make_response() + b"\xff" * 30) == decode(make_response())


def test_records_before_the_damage_are_kept() -> None:
    wire = make_response("a.example.", "192.0.2.1", "192.0.2.2")
    first, _ = decode(wire).records
    for size_bytes in range(len(wire) - 16, len(wire)):
        decoded = decode(wire[:size_bytes])
        assert decoded.is_damaged
        assert decoded.records == (first,)


def test_record_with_data_of_the_wrong_length_is_skipped_alone() -> None:
    wire = bytearray(HEADER.pack(1, RESPONSE_FLAGS, 1, 3, 0, 0) + b"\x01a\0\0\1\0\1")
    for data in (b"\xc0\0\2\1", b"\xc0\0\2", b"\xc0\0\2\3"):
        wire += b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 5, len(data)) + data
    decoded = decode(bytes(wire))
    assert decoded.is_damaged
    assert [record[2] for record in decoded.records] == ["192.0.2.1", "192.0.2.3"]


def test_malformed_opt_and_tsig_cost_no_records() -> None:
    for kind in (41, 250):
        wire = bytearray(make_response())
        wire += b"\0" + struct.pack("!HHIH", kind, 255, 0, 3) + b"abc"
        wire[10:12] = b"\0\1"
        assert len(decode(bytes(wire)).records) == 1


def test_signed_response_is_read_without_its_key() -> None:
    tsig = (
        b"\x03key\0" + struct.pack("!HHIH", 250, 255, 0, 58) + b"\x0bhmac-sha256\0"
        + bytes(6) + struct.pack("!HH", 300, 32 - 5) + bytes(27) + struct.pack("!HHH", 1, 0, 0)
    )  # fmt: skip
    tsig = tsig.replace(struct.pack("!H", 58), struct.pack("!H", len(tsig) - 15))
    wire = bytearray(make_response())
    wire[10:12] = b"\0\1"
    decoded = decode(bytes(wire) + tsig)
    assert len(decoded.records) == 1
    assert not decoded.is_damaged


def header_with(*, flags: int = RESPONSE_FLAGS, questions: int = 1) -> bytes:
    return HEADER.pack(1, flags, questions, 0, 0, 0) + b"\x01a\0\0\1\0\1" * max(questions, 1)


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"", Undecoded.SHORT),
        (make_response()[:11], Undecoded.SHORT),
        (make_query(), Undecoded.QUERY),
        (header_with(flags=0x8180 | 5 << 11), Undecoded.OPCODE),
        (header_with(flags=0x8180 | 4 << 11), Undecoded.OPCODE),
        (header_with(questions=0), Undecoded.QUESTION_COUNT),
        (header_with(questions=2), Undecoded.QUESTION_COUNT),
        (HEADER.pack(1, RESPONSE_FLAGS, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1", Undecoded.QUESTION),
        (HEADER.pack(1, RESPONSE_FLAGS, 1, 0, 0, 0) + b"\x01a", Undecoded.QUESTION),
        (header_with()[:-1] + b"\x03", Undecoded.CLASS),
    ],
)
def test_refused(wire: bytes, reason: Undecoded) -> None:
    assert decode_message(wire) is reason


def test_records_of_another_class_are_counted() -> None:
    decoded = decode(
        build(("a.example. 5 HS A \\# 4 c0000201", "b.example. 5 IN A 192.0.2.1")).to_wire()
    )
    assert decoded.other_class_count == 1
    assert [record[0] for record in decoded.records] == ["b.example"]
    drops = Drops()
    wire = build(("a.example. 5 HS A \\# 4 c0000201",)).to_wire()
    record_message(wire, BatchBuilder(), Options(), drops, ts_us=None)
    assert drops.reasons == {OTHER_CLASS: 1}


def test_compression_loops_end() -> None:
    start = HEADER.pack(1, RESPONSE_FLAGS, 1, 0xFFFF, 0, 0) + b"\x01a\0\0\1\0\1"
    at = len(start)
    loop = start + struct.pack("!HHHIH", 0xC000 | at, 2, 1, 0, 2)
    assert decode(loop + b"\xc0\x0c").records == ()
    chain = bytearray(start)
    while len(chain) < 60_000:  # each owner points to the one before
        owner = struct.pack("!BBH", 1, 97, 0xC000 | min(at, 0x3FFF))
        at = len(chain)
        chain += owner + struct.pack("!HHIH", 1, 1, 0, 4) + bytes(4)
    decoded = decode(bytes(chain))
    assert decoded.is_damaged
    assert len(decoded.records) <= 17  # longer chains of pointers are refused


@pytest.mark.parametrize(
    ("ts_us", "since_us", "until_us", "reasons", "kept"),
    [
        (100, None, None, {}, 1),
        (None, None, None, {}, 1),
        (-1, None, None, {BAD_TIME: 1}, 1),
        (2**70, None, None, {BAD_TIME: 1}, 1),
        (100, 100, 101, {}, 1),
        (100, 101, None, {NOT_ASKED: 1}, 0),
        (100, None, 100, {NOT_ASKED: 1}, 0),
        (None, 1, None, {NO_TIME: 1}, 0),
        (-1, 1, None, {BAD_TIME: 1, NO_TIME: 1}, 0),
    ],
)
def test_time(
    ts_us: int | None, since_us: int | None, until_us: int | None, reasons: object, kept: int
) -> None:
    builder, drops = BatchBuilder(), Drops()
    options = Options(since_us=since_us, until_us=until_us)
    record_message(make_response(), builder, options, drops, ts_us=ts_us)
    assert drops.reasons == reasons
    assert drops.response_count == kept
    moments = [m for b in builder.take_rest() for m in b.responses["ts"].cast("int64").to_pylist()]
    assert moments == [ts_us if ts_us is not None and 0 <= ts_us < 2**60 else None] * kept


def test_queries_are_counted_and_no_loss() -> None:
    builder, drops = BatchBuilder(), Drops()
    record_message(make_query(), builder, Options(), drops, ts_us=1)
    assert (drops.query_count, drops.response_count, dict(drops.reasons)) == (1, 0, {})
    assert list(builder.take_rest()) == []


def oracle_rows(message: dns.message.Message) -> list[tuple[object, ...]]:
    """Return the rows that dnspython's parse of a message gives."""
    rows: list[tuple[object, ...]] = []
    for section, rrsets in zip(("ans", "auth", "add"), message.sections[1:], strict=True):
        for rrset in rrsets:
            if rrset.rdclass != dns.rdataclass.IN or not len(rrset):
                continue
            data: Any = rrset[0]
            match dns.rdatatype.to_text(rrset.rdtype):
                case "A" | "AAAA":
                    text = canonical_address(data.address)
                case "CNAME" | "NS":
                    text = name_to_text(data.target)
                case "SOA":
                    numbers = data.serial, data.refresh, data.retry, data.expire, data.minimum
                    names = name_to_text(data.mname), name_to_text(data.rname)
                    text = " ".join(map(str, (*names, *numbers)))
                case _:
                    continue
            rrtype = dns.rdatatype.to_text(rrset.rdtype)
            rows.append((name_to_text(rrset.name), rrtype, text, rrset.ttl, section))
    return rows


def check_against_oracle(wire: bytes) -> None:
    """Compare with dnspython, which stops where an OPT or TSIG record is out of place."""
    decoded = decode_message(wire)
    if len(wire) < 12:
        assert decoded is Undecoded.SHORT
        return
    message = dns.message.from_wire(
        wire, ignore_trailing=True, one_rr_per_rrset=True, keyring=False, continue_on_error=True
    )
    errors = [error.exception for error in message.errors]
    is_plain = bool(message.flags & dns.flags.QR) and message.opcode() == dns.opcode.QUERY
    if isinstance(decoded, Undecoded):
        is_readable = is_plain and struct.unpack_from("!H", wire, 4) == (1,) and message.question
        assert not is_readable or decoded is Undecoded.CLASS
        return
    assert is_plain
    assert decoded.query == name_to_text(message.question[0].name)
    assert decoded.qtype == dns.rdatatype.to_text(message.question[0].rdtype)
    expected = oracle_rows(message)
    if any(isinstance(e, dns.message.BadEDNS | dns.message.BadTSIG) for e in errors):
        assert list(decoded.records)[: len(expected)] == expected
    else:
        assert list(decoded.records) == expected
    if not errors:
        assert not decoded.is_damaged
        assert decoded.rcode == dns.rcode.to_text(message.rcode())


@given(st.binary(max_size=200))
def test_any_octets(data: bytes) -> None:
    check_against_oracle(data)
    check_against_oracle(HEADER.pack(1, RESPONSE_FLAGS, 1, 2, 1, 1) + data)


def test_message_that_is_short_on_the_wire_and_long_in_names() -> None:
    """Thousands of names of 127 labels each: what costs a general reader ten seconds."""
    at = 12 + 7
    wire = bytearray(HEADER.pack(1, RESPONSE_FLAGS, 1, 0, 0, 0) + b"\x01a\0\0\1\0\1")
    wire += b"\x01x" * 125 + b"\0" + struct.pack("!HHIHI", 1, 1, 5, 4, 1)
    count = 1
    while len(wire) < 65_000:
        wire += struct.pack("!BBH", 1, 97 + count % 26, 0xC000 | at) + struct.pack(
            "!HHIHBBH", 2, 1, 5, 4, 1, 97 + count // 26 % 26, 0xC000 | at
        )
        count += 1
    wire[6:8] = struct.pack("!H", count)
    decoded = decode(bytes(wire))
    assert not decoded.is_damaged
    assert len(decoded.records) == count
    assert decoded.records[27][:3] == ("b" + ".x" * 125, "NS", "b" + ".x" * 125)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    st.integers(0, 400),
)
def test_damaged_responses(changes: list[tuple[int, int]], end: int) -> None:
    wire = bytearray(
        build(
            ("www.example. 5 IN CNAME edge.example.", "edge.example. 6 IN A 192.0.2.9"),
            (
                "example. 8 IN NS ns1.example.",
                "example. 9 IN SOA ns1.example. h.example. 1 2 3 4 5",
            ),
            ("ns1.example. 10 IN A 192.0.2.53", "ns1.example. 10 IN AAAA 2001:db8::1"),
        ).to_wire()
    )
    for at, value in changes:
        wire[at % len(wire)] = value
    check_against_oracle(bytes(wire[: max(end, 40)]))


@pytest.mark.skipif(not WIRE.is_dir(), reason="../shared/corpus/wire is absent")
def test_corpus_of_messages() -> None:
    files = sorted(WIRE.iterdir())
    assert files
    decoded_count = 0
    for file in files:
        wire = file.read_bytes()
        check_against_oracle(wire)
        builder, drops = BatchBuilder(), Drops()
        record_message(wire, builder, Options(), drops, ts_us=None)
        accounted = drops.response_count + drops.query_count + bool(drops.reasons)
        assert accounted >= 1, file.name
        decoded_count += drops.response_count
    assert decoded_count > 10
