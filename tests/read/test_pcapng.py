"""pcapng files."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import MOMENT_US, Trickle

from unflux.model.errors import UnreadableSourceError
from unflux.read.packet import Packet
from unflux.read.pcapng import (
    BAD_BLOCK,
    BAD_SECTION,
    CUT_SHORT,
    LONG_BLOCK,
    MALFORMED_BLOCK,
    MAX_BLOCK_SIZE_BYTES,
    NO_INTERFACE,
    UNEQUAL_LENGTHS,
    is_pcapng,
    read_pcapng,
)
from unflux.read.source import Drops

ORDERS = pytest.mark.parametrize("order", ["<", ">"])


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + size + body + size


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(f"{order}HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(
    link_type: int = 1, options: bytes = b"", order: str = "<", snapshot_bytes: int = 0
) -> bytes:
    return block(1, struct.pack(f"{order}HHI", link_type, 0, snapshot_bytes) + options, order)


def enhanced(data: bytes, ticks: int = MOMENT_US, number: int = 0, order: str = "<") -> bytes:
    head = struct.pack(
        f"{order}IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)
    )
    return block(6, head + data + bytes(-len(data) % 4) + option(1, b"a comment", order), order)


def simple(data: bytes, size_bytes: int | None = None, order: str = "<") -> bytes:
    original = len(data) if size_bytes is None else size_bytes
    return block(3, struct.pack(f"{order}I", original) + data, order)


def obsolete(data: bytes, order: str = "<") -> bytes:
    head = struct.pack(
        f"{order}HHIIII", 0, 3, MOMENT_US >> 32, MOMENT_US & 0xFFFFFFFF, len(data), len(data)
    )
    return block(2, head + data, order)


def read(data: bytes) -> tuple[list[Packet], dict[str, int]]:
    drops = Drops()
    return list(read_pcapng(Trickle(data, 100), drops)), dict(drops.reasons)


@ORDERS
def test_every_packet_block(order: str) -> None:
    data = (
        section(order)
        + interface(order=order)
        + enhanced(b"enhanced", order=order)
        + block(0x0BAD, b"whatever this is", order)
        + simple(b"simple", order=order)
        + obsolete(b"obsolete", order=order)
    )
    assert is_pcapng(data)
    assert read(data) == (
        [
            Packet(MOMENT_US, 1, b"enhanced"),
            Packet(None, 1, b"simple"),
            Packet(MOMENT_US, 1, b"obsolete"),
        ],
        {},
    )


def test_sections_change_byte_order_and_forget_interfaces() -> None:
    data = section("<") + interface(101) + enhanced(b"a")
    data += section(">") + enhanced(b"lost", order=">")
    data += interface(228, order=">") + interface(229, order=">") + enhanced(b"b", 5, 1, ">")
    packets, reasons = read(data)
    assert packets == [Packet(MOMENT_US, 101, b"a"), Packet(5, 229, b"b")]
    assert reasons == {NO_INTERFACE: 1}


@pytest.mark.parametrize(
    ("resolution", "ticks", "expected_us"),
    [
        (6, MOMENT_US, MOMENT_US),
        (9, MOMENT_US * 1000 + 999, MOMENT_US),
        (3, 1_700_000_000_123, 1_700_000_000_123_000),
        (0, 1_700_000_000, 1_700_000_000_000_000),
        (0x80 | 20, 1_700_000_000 << 20 | 1 << 19, 1_700_000_000_500_000),
        (0x80, 1_700_000_000, 1_700_000_000_000_000),
        (127, 2**64 - 1, 0),
        (0xFF, 2**64 - 1, 0),
    ],
)
@ORDERS
def test_time_resolution(order: str, resolution: int, ticks: int, expected_us: int) -> None:
    options = option(2, b"eth0", order) + option(9, bytes([resolution]), order) + option(0, b"")
    data = section(order) + interface(1, options, order) + enhanced(b"x", ticks, 0, order)
    assert read(data)[0][0].ts_us == expected_us


@ORDERS
def test_time_offset(order: str) -> None:
    options = option(14, struct.pack(f"{order}q", -100), order)
    data = section(order) + interface(1, options, order) + enhanced(b"x", MOMENT_US, 0, order)
    assert read(data)[0][0].ts_us == MOMENT_US - 100_000_000


def test_options_behind_the_end_or_malformed_are_ignored() -> None:
    for options in (
        option(0, b"") + option(9, b"\0"),
        option(9, b"\0\0"),
        b"\x09\0\xff\xff\0",
        b"\x09",
    ):
        data = section() + interface(1, options) + enhanced(b"x")
        assert read(data) == ([Packet(MOMENT_US, 1, b"x")], {})


def test_simple_packet_is_cut_to_the_snapshot_length() -> None:
    data = section() + interface(snapshot_bytes=4) + simple(b"abcd", 1500) + simple(b"ab\0\0", 2)
    assert [p.data for p in read(data)[0]] == [b"abcd", b"ab"]


def test_cut_short_anywhere() -> None:
    start = section() + interface()
    whole = start + enhanced(b"x")
    for size_bytes in range(len(start) + 1, len(whole)):
        assert read(whole[:size_bytes]) == ([], {CUT_SHORT: 1})


@pytest.mark.parametrize("size_bytes", [0, 4, 8, 11, 13, 18])
def test_impossible_block_length_ends_the_reading(size_bytes: int) -> None:
    data = section() + interface() + enhanced(b"x")
    data += struct.pack("<II", 6, size_bytes) + bytes(200)
    packets, reasons = read(data)
    assert len(packets) == 1
    assert reasons == {BAD_BLOCK: 1}


def test_long_block_is_passed_over() -> None:
    long = block(6, bytes(MAX_BLOCK_SIZE_BYTES + 4))
    unknown = block(77, bytes(MAX_BLOCK_SIZE_BYTES + 4))
    data = section() + interface() + long + unknown + enhanced(b"x")
    packets, reasons = read(data)
    assert [p.data for p in packets] == [b"x"]
    assert reasons == {LONG_BLOCK: 1}


def test_long_section_header_is_one() -> None:
    comment = option(1, bytes(60_000)) * 6
    header = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + comment
    data = section() + interface(101) + block(0x0A0D0D0A, header) + interface(1) + enhanced(b"x")
    assert read(data) == ([Packet(MOMENT_US, 1, b"x")], {LONG_BLOCK: 1})


def test_block_that_announces_more_than_the_file_holds() -> None:
    data = section() + struct.pack("<II", 77, 0xFFFFFFFC) + bytes(50)
    assert read(data) == ([], {CUT_SHORT: 1})


def test_unequal_lengths_are_counted_and_the_packet_used() -> None:
    data = section() + interface() + enhanced(b"x")[:-4] + struct.pack("<I", 99) + enhanced(b"y")
    packets, reasons = read(data)
    assert [p.data for p in packets] == [b"x", b"y"]
    assert reasons == {UNEQUAL_LENGTHS: 1}


def test_packet_longer_than_its_block_is_malformed() -> None:
    body = struct.pack("<IIIII", 0, 0, 0, 1000, 1000) + b"abcd"
    data = section() + interface() + block(6, body) + block(6, b"") + block(6, b"1234")
    assert read(data) == ([], {MALFORMED_BLOCK: 3})


def test_malformed_interface_keeps_the_numbers_in_step() -> None:
    data = section() + block(1, b"1234") + interface(101) + enhanced(b"x", number=1)
    assert read(data) == ([Packet(MOMENT_US, 101, b"x")], {MALFORMED_BLOCK: 1})


def test_section_of_unknown_byte_order() -> None:
    data = section() + interface() + struct.pack("<III", 0x0A0D0D0A, 28, 0x12345678) + bytes(16)
    assert read(data) == ([], {BAD_SECTION: 1})


@pytest.mark.parametrize("data", [bytes(12), b"\x0a\x0d\x0d\x0a", section()[:8] + bytes(20)])
def test_other_files_are_unreadable(data: bytes) -> None:
    assert not is_pcapng(data)
    with pytest.raises(UnreadableSourceError):
        read(data)


@given(st.sampled_from("<>"), st.lists(st.tuples(st.integers(0, 7), st.binary(max_size=60))))
def test_any_blocks(order: str, blocks: list[tuple[int, bytes]]) -> None:
    data = section(order) + interface(order=order)
    packets, reasons = read(data + b"".join(block(kind, body, order) for kind, body in blocks))
    assert len(packets) + sum(reasons.values()) <= len(blocks)


@given(st.binary(max_size=300))
def test_any_octets(data: bytes) -> None:
    packets, _ = read(section() + interface() + data)
    assert sum(len(p.data) for p in packets) <= len(data)
