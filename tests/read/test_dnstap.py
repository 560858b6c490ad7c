"""dnstap files."""

import io
import struct
from collections import Counter
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import make_query, make_response, read_all

from unflux.model.control_frames import CONTENT_TYPE
from unflux.model.errors import UnreadableSourceError
from unflux.read.dnstap import (
    MALFORMED,
    NO_RESPONSE,
    NOT_A_MESSAGE,
    UNKNOWN_TYPE,
    UPDATE,
    Dnstap,
    read_interpreted,
)
from unflux.read.message import BAD_TIME, Undecoded
from unflux.read.source import Drops, Options

CORPUS = Path(__file__).parents[2] / "../shared/corpus/dnstap"
GOLDEN = Path(__file__).parents[1] / "golden/read/dnstap"

START = struct.pack("!IIII", 0, 12 + len(CONTENT_TYPE), 2, 1) + struct.pack(
    "!I", len(CONTENT_TYPE)
) + CONTENT_TYPE  # fmt: skip
STOP = struct.pack("!III", 0, 4, 3)


def varint(value: int) -> bytes:
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*octets, value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def fixed32(number: int, value: int) -> bytes:
    return varint(number << 3 | 5) + struct.pack("<I", value)


def message(kind: int | None = 6, *parts: bytes, wire: bytes | None = None) -> bytes:
    data = b"" if kind is None else field(1, kind)
    return data + b"".join(parts) + (field(14, make_response()) if wire is None else wire)


def frame(body: bytes, *parts: bytes, kind: int = 1) -> bytes:
    data = b"".join(parts) + field(14, body) + field(15, kind)
    return struct.pack("!I", len(data)) + data


def stream(*frames: bytes) -> bytes:
    return START + b"".join(frames) + STOP


def reasons(*frames: bytes) -> dict[str, int]:
    rows, drops = read_all(Dnstap(), stream(*frames))
    assert rows == []
    return dict(drops.reasons)


def test_whole_frame() -> None:
    body = message(
        6, field(2, 1), field(4, ip_address("198.51.100.7").packed), field(6, 40000),
        field(8, 1_600_000_000), fixed32(9, 5), field(12, 1_700_000_000), fixed32(13, 123_456_789),
    )  # fmt: skip
    (row,), drops = read_all(Dnstap(), stream(frame(body, field(1, b"resolver\x1b-1"))))
    assert row["ts"] == datetime(2023, 11, 14, 22, 13, 20, 123_456, UTC)
    assert (row["query"], row["client"], row["sensor"]) == (
        "a.example", "198.51.100.7", "resolver-1",
    )  # fmt: skip
    assert row["records"] == [("a.example", "A", "192.0.2.1", 300, "ans")]
    assert dict(drops.reasons) == {}


def test_time_of_the_query_or_none() -> None:
    bodies = [message(2, field(8, 1_700_000_000)), message(2), message(2, field(12, 2**63))]
    rows, drops = read_all(Dnstap(), stream(*map(frame, bodies)))
    assert [row["ts"] for row in rows] == [datetime(2023, 11, 14, 22, 13, 20, 0, UTC), None, None]
    assert dict(drops.reasons) == {BAD_TIME: 1}


def test_times_of_the_wrong_kind_are_none() -> None:
    (row,), _ = read_all(Dnstap(), stream(frame(message(2, field(12, b"now"), field(4, b"there")))))
    assert (row["ts"], row["client"], row["sensor"]) == (None, None, None)


@pytest.mark.parametrize("kind", range(1, 13))
def test_message_types(kind: int) -> None:
    rows, drops = read_all(Dnstap(), stream(frame(message(kind))))
    assert (len(rows), drops.query_count) == ((0, 1) if kind % 2 else (1, 0))


def test_drops() -> None:
    assert reasons(frame(message(13)), frame(message(14))) == {UPDATE: 2}
    assert reasons(frame(message(99)), frame(message(None))) == {UNKNOWN_TYPE: 2}
    assert reasons(frame(message(6, wire=b""))) == {NO_RESPONSE: 1}
    assert reasons(frame(message(6, wire=field(14, 5)))) == {NO_RESPONSE: 1}
    assert reasons(frame(message(), kind=2)) == {NOT_A_MESSAGE: 1}
    assert reasons(frame(b"\xff"), b"\0\0\0\1\xff") == {MALFORMED: 2}
    assert reasons(frame(message(6, wire=field(14, b"abc")))) == {Undecoded.SHORT: 1}


def test_query_in_the_place_of_a_response_is_a_query() -> None:
    rows, drops = read_all(Dnstap(), stream(frame(message(6, wire=field(14, make_query())))))
    assert (rows, drops.query_count, dict(drops.reasons)) == ([], 1, {})


def test_recognises() -> None:
    assert Dnstap().recognises(stream())
    assert Dnstap().recognises(struct.pack("!III", 0, 4, 2))
    assert not Dnstap().recognises(stream().replace(b"dnstap", b"dnspat"))
    with pytest.raises(UnreadableSourceError):
        list(Dnstap().read(io.BytesIO(b"plain text"), Options(), Drops()))
    with pytest.raises(UnreadableSourceError):
        list(read_interpreted(io.BytesIO(b"plain text"), Options(), Drops()))


@given(st.lists(st.binary(max_size=80), max_size=5), st.binary(max_size=40))
def test_any_frames(bodies: list[bytes], end: bytes) -> None:
    rows, drops = read_all(Dnstap(), START + b"".join(map(frame, bodies)) + end)
    assert len(rows) + drops.query_count + sum(drops.reasons.values()) >= len(bodies)


@given(st.integers(0, 400), st.integers(0, 255))
def test_damaged(at: int, value: int) -> None:
    octets = bytearray(stream(frame(message(6, field(8, 1_700_000_000), field(4, bytes(4))))) * 2)
    at %= len(octets)
    if at >= len(START):
        octets[at] = value
    rows, drops = read_all(Dnstap(), bytes(octets))
    assert len(rows) + drops.query_count + sum(drops.reasons.values()) >= 1


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus/dnstap is absent")
def test_file_of_bind_agrees_with_its_own_text() -> None:
    lines = (CORPUS / "dnstap.text").read_text().splitlines()
    expected: Counter[tuple[datetime, str, str, str]] = Counter()
    query_count = 0
    for line in lines:
        day, clock, kind, client, _, _, _, _, asked = line.split()
        if kind[1] == "Q":
            query_count += 1
            continue
        # The text is in the local time of where it was made, UTC-8.
        local = datetime.strptime(f"{day} {clock}", "%d-%b-%Y %H:%M:%S.%f").replace(tzinfo=UTC)
        name, _, qtype = asked.split("/")
        address = client.rpartition(":")[0]
        expected[(local + timedelta(hours=8), name, qtype, address)] += 1
    rows, drops = read_all(Dnstap(), (CORPUS / "dnstap.saved").read_bytes())
    found = Counter(
        (
            row["ts"].replace(microsecond=row["ts"].microsecond // 1000 * 1000),
            row["query"], row["qtype"], row["client"],
        )
        for row in rows
    )  # fmt: skip
    assert found == expected
    assert drops.query_count == query_count == 48
    assert dict(drops.reasons) == {}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus/dnstap is absent")
def test_file_of_dns_collector() -> None:
    (row,), drops = read_all(Dnstap(), (CORPUS / "dns-collector.fstrm").read_bytes())
    assert (row["query"], row["rcode"], row["sensor"]) == ("www.google.com", "NOERROR", "dnsdist")
    assert row["records"] == [("www.google.com", "A", "216.58.213.68", 273, "ans")]
    assert (drops.query_count, dict(drops.reasons)) == (1, {})
