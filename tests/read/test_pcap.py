"""Classic pcap files."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import MOMENT_US, Trickle, pcap, pcap_header

from unflux.model.errors import UnreadableSourceError
from unflux.read.packet import MAX_PACKET_SIZE_BYTES, Packet
from unflux.read.pcap import (
    CUT_SHORT,
    IMPOSSIBLE_LENGTH,
    MICROSECONDS,
    MODIFIED,
    NANOSECONDS,
    is_pcap,
    read_pcap,
)
from unflux.read.source import Drops


def read(data: bytes) -> tuple[list[Packet], dict[str, int]]:
    drops = Drops()
    return list(read_pcap(Trickle(data), drops)), dict(drops.reasons)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [MICROSECONDS, NANOSECONDS, MODIFIED])
def test_byte_orders_and_magics(order: str, magic: int) -> None:
    data = pcap(b"one", b"", b"three", link_type=113, order=order, magic=magic, step_us=1)
    assert is_pcap(data)
    packets, reasons = read(data)
    assert packets == [
        Packet(MOMENT_US, 113, b"one"),
        Packet(MOMENT_US + 1, 113, b""),
        Packet(MOMENT_US + 2, 113, b"three"),
    ]
    assert reasons == {}


def test_frame_check_sequence_bits_are_no_link_type() -> None:
    packets, _ = read(pcap(b"x", link_type=0x1400_0001))
    assert packets[0].link_type == 1


def test_one_file_behind_another() -> None:
    first = pcap(b"one", magic=NANOSECONDS)
    second = pcap(b"two", link_type=101, order=">")
    packets, reasons = read(first + second)
    assert [(p.link_type, p.data) for p in packets] == [(1, b"one"), (101, b"two")]
    assert reasons == {}


def test_cut_short_anywhere() -> None:
    whole = pcap(b"one", b"two")
    for size_bytes in range(24, len(whole)):
        packets, reasons = read(whole[:size_bytes])
        at_boundary = size_bytes in (24, 43)
        assert reasons == ({} if at_boundary else {CUT_SHORT: 1})
        assert len(packets) == (size_bytes >= 43)


@pytest.mark.parametrize("size_bytes", [MAX_PACKET_SIZE_BYTES + 1, 2**32 - 1])
def test_impossible_length_ends_the_reading(size_bytes: int) -> None:
    data = pcap(b"one") + struct.pack("<IIII", 1, 1, size_bytes, size_bytes) + bytes(100)
    packets, reasons = read(data)
    assert len(packets) == 1
    assert reasons == {IMPOSSIBLE_LENGTH: 1}


def test_longest_packet_is_read() -> None:
    packets, reasons = read_whole(pcap(bytes(MAX_PACKET_SIZE_BYTES)))
    assert len(packets[0].data) == MAX_PACKET_SIZE_BYTES
    assert reasons == {}


def read_whole(data: bytes) -> tuple[list[Packet], dict[str, int]]:
    drops = Drops()
    return list(read_pcap(io.BytesIO(data), drops)), dict(drops.reasons)


@pytest.mark.parametrize("data", [b"", b"\xd4\xc3\xb2\xa1", bytes(24), b"GIF89a" + bytes(30)])
def test_other_files_are_unreadable(data: bytes) -> None:
    assert not is_pcap(data)
    with pytest.raises(UnreadableSourceError):
        read(data)


@given(st.sampled_from("<>"), st.binary(max_size=300))
def test_any_octets(order: str, data: bytes) -> None:
    packets, reasons = read(pcap_header(order=order) + data)
    assert sum(len(p.data) + 16 for p in packets) <= len(data)
    assert sum(reasons.values()) <= 1
