"""Blocks of a packet ring as records of a capture, by both decoders."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import ethernet, ipv4, make_response, udp

from unflux.read.capture import Capture
from unflux.read.message import MAX_MESSAGE_SIZE_BYTES
from unflux.read.packet_ring import compose_records
from unflux.read.ring_capture import compose_header, records_composer
from unflux.read.source import Drops, Options

BLOCK_BYTES = 1 << 16


def ring_block(*packets: bytes, vlan_bytes: int = 0) -> bytes:
    """Return a block as the kernel leaves it (linux/if_packet.h)."""
    block = bytearray(48)
    struct.pack_into("=5I", block, 0, 1, 48, 1, len(packets), 48)
    for number, packet in enumerate(packets):
        mac = 48 + 16 + vlan_bytes
        size = -(-(mac + len(packet)) // 16) * 16
        last = number == len(packets) - 1
        header = struct.pack(
            "=6I2H", 0 if last else size, 1_700_000_000 + number, 123_456_789, len(packet),
            len(packet) + 1, 1, mac, mac + 14,
        )  # fmt: skip
        block += header.ljust(mac, b"\0") + packet.ljust(size - mac, b"\0")
    return bytes(block).ljust(BLOCK_BYTES, b"\0")


def both(block: bytes) -> tuple[bytes, int]:
    view = memoryview(bytearray(block))
    found = records_composer(len(block))(view)
    assert found == compose_records(view)
    return found


def test_packets_of_a_block_are_a_capture() -> None:
    frame = ethernet(ipv4(udp(make_response())))
    records, count = both(ring_block(frame, b"", frame, vlan_bytes=4))
    assert count == 3
    assert len(records) == 3 * 16 + 2 * len(frame)
    drops = Drops()
    file = io.BytesIO(compose_header(1, MAX_MESSAGE_SIZE_BYTES) + records)
    assert list(Capture().read(file, Options(), drops))
    assert drops.response_count == 2


@pytest.mark.parametrize(("at", "value"), [(16, 1 << 31), (48 + 12, 1 << 30), (48, 1 << 31)])
def test_what_lies_outside_ends_the_block(at: int, value: int) -> None:
    block = bytearray(ring_block(b"one", b"two"))
    struct.pack_into("=I", block, at, value)
    _, count = both(bytes(block))
    assert count < 2


def test_a_block_without_packets() -> None:
    assert both(ring_block()) == (b"", 0)


@given(st.binary(min_size=64, max_size=300), st.integers(0, 40))
def test_any_octets_are_passed_by_both_alike(octets: bytes, count: int) -> None:
    block = bytearray(octets)
    struct.pack_into("=2I", block, 12, count, 48)
    both(bytes(block))
