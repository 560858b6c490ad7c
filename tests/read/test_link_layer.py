"""From frames to IP packets."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import ethernet

from unflux.read.link_layer import (
    LINK_TYPES,
    MAX_TAGS,
    TOO_MANY_TAGS,
    UNREAD,
    UNSUPPORTED,
    find_ip,
)
from unflux.read.packet import TRUNCATED, UnusablePacketError

IPV4, IPV6 = b"\x45ip", b"\x60ip"


def tag(ethertype: int) -> bytes:
    """Return what a VLAN tag puts before its payload: its own value and the next type."""
    return struct.pack("!HH", 0x0123, ethertype)


def nflog(order: str, *fields: tuple[int, bytes], family: int = 2) -> bytes:
    data = bytes([family, 0, 0, 0])
    for kind, value in fields:
        data += struct.pack(f"{order}HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return data


FRAMES = [
    (1, ethernet(IPV4), IPV4),
    (1, ethernet(IPV6, 0x86DD), IPV6),
    (1, ethernet(b"arp", 0x0806), None),
    (1, ethernet(tag(0x0800) + IPV4, 0x8100), IPV4),
    (1, ethernet(tag(0x8100) + tag(0x86DD) + IPV6, 0x88A8), IPV6),
    (1, ethernet(tag(0x8100) + tag(0x0800) + IPV4, 0x9100), IPV4),
    (1, ethernet(b"\xaa\xaa\x03\0\0\0\x08\0" + IPV4, 11), IPV4),
    (1, ethernet(b"\x42\x42\x03spanning tree", 38), None),
    (1, ethernet(b"\x11\0\0\x01\0\x05\0\x21" + IPV4, 0x8864), IPV4),
    (1, ethernet(b"\x11\0\0\x01\0\x05\0\x57" + IPV6, 0x8864), IPV6),
    (1, ethernet(b"\x11\0\0\x01\0\x05\xc0\x21lcp", 0x8864), None),
    (1, ethernet(b"\0\x01\0\x40\0\x02\x01\x40" + IPV4, 0x8847), IPV4),
    (1, ethernet(b"\0\x01\x01\x40" + IPV6, 0x8848), IPV6),
    (1, ethernet(b"\0\x01\x01\x40\0\0\0\x07" + ethernet(IPV4), 0x8847), IPV4),
    (1, ethernet(b"\0\x01\x01\x40\0\0\0\x07" + ethernet(b"arp", 0x0806), 0x8847), None),
    (1, ethernet(b"\0\x01\x01\x40\x10\0\0\x07control", 0x8847), None),
    (1, ethernet(bytes(4) + ethernet(tag(0x0800) + IPV4, 0x8100), 0x88E7), IPV4),
    (0, struct.pack("<I", 2) + IPV4, IPV4),
    (0, struct.pack(">I", 2) + IPV4, IPV4),
    (0, struct.pack("<I", 30) + IPV6, IPV6),
    (0, struct.pack("<I", 7) + b"osi", None),
    (108, struct.pack(">I", 24) + IPV6, IPV6),
    (9, b"\xff\x03\0\x21" + IPV4, IPV4),
    (9, b"\0\x57" + IPV6, IPV6),
    (9, b"\x21" + IPV4, IPV4),
    (9, b"\xff\x03\xc0\x21lcp", None),
    (50, b"\xff\x03\0\x21" + IPV4, IPV4),
    (104, b"\x0f\0\x08\0" + IPV4, IPV4),
    (12, IPV4, IPV4),
    (14, IPV6, IPV6),
    (101, IPV4, IPV4),
    (228, IPV4, IPV4),
    (229, IPV6, IPV6),
    (113, bytes(14) + b"\x08\0" + IPV4, IPV4),
    (113, bytes(14) + b"\x81\0" + tag(0x86DD) + IPV6, IPV6),
    (113, bytes(14) + b"\0\x04" + b"llc", None),
    (276, b"\x08\0" + bytes(18) + IPV4, IPV4),
    (276, b"\x86\xdd" + bytes(18) + IPV6, IPV6),
    (239, nflog("<", (1, b"abcd"), (10, b"prefix\0"), (9, IPV4)), IPV4),
    (239, nflog(">", (1, b"abcd"), (9, IPV6), family=10), IPV6),
    (239, nflog("<", (9, b"arp"), family=3), None),
]


@pytest.mark.parametrize(("link_type", "frame", "expected"), FRAMES)
def test_frames(link_type: int, frame: bytes, expected: bytes | None) -> None:
    assert find_ip(link_type, frame) == expected


def test_every_link_type_is_tried() -> None:
    assert {link_type for link_type, _, expected in FRAMES if expected} == set(LINK_TYPES)


@pytest.mark.parametrize("link_type", [-1, 2, 105, 127, 2**26])
def test_other_link_types_are_named(link_type: int) -> None:
    with pytest.raises(UnusablePacketError, match=UNSUPPORTED):
        find_ip(link_type, bytes(100))


@pytest.mark.parametrize(
    ("link_type", "frame"),
    [
        (1, bytes(13)),
        (1, ethernet(b"\0\0\0", 0x8100)),
        (1, ethernet(b"\x11\0\0\x01\0\x05", 0x8864)),
        (1, ethernet(b"\0\x01\0", 0x8847)),
        (1, ethernet(b"\0\x01\x01\x40", 0x8847)),
        (1, ethernet(b"\0\x01\x01\x40" + bytes(17), 0x8847)),
        (1, ethernet(bytes(17), 0x88E7)),
        (0, b"\2\0\0"),
        (9, b"\xff\x03"),
        (113, bytes(15)),
        (276, bytes(19)),
        (239, b"\2\0\0"),
        (239, nflog("<", (1, b"abcd"))),
        (239, b"\2\0\0\0\0\0\x09\0"),
    ],
)
def test_truncated(link_type: int, frame: bytes) -> None:
    with pytest.raises(UnusablePacketError, match=TRUNCATED):
        find_ip(link_type, frame)


@pytest.mark.parametrize(
    ("link_type", "frame"),
    [
        (1, ethernet(b"encrypted", 0x88E5)),
        (1, ethernet(b"not of IEEE's registry", 0x0601)),
        (1, ethernet(b"\0\x01\x01\x40\0pseudowire", 0x8847)),
        (1, ethernet(b"\0\x01\x01\x40" + ethernet(IPV4).replace(bytes(12), bytes.fromhex(
            "021122334455021122334456")), 0x8847)),
        (1, ethernet(b"\x11\0\0\x01\0\x05\0\x3dmultilink", 0x8864)),
        (9, b"\xff\x03\0\xfdcompressed"),
        (104, b"\x0f\0\x80\x38spanning tree"),
    ],
)  # fmt: skip
def test_what_may_carry_ip_is_named(link_type: int, frame: bytes) -> None:
    with pytest.raises(UnusablePacketError, match=UNREAD):
        find_ip(link_type, frame)


def test_tags_are_bounded() -> None:
    within = ethernet(tag(0x8100) * (MAX_TAGS - 2) + tag(0x0800) + IPV4, 0x8100)
    assert find_ip(1, within) == IPV4
    for frame in (
        ethernet(tag(0x8100) * 500, 0x8100),
        ethernet(b"\xaa\xaa\x03\0\0\0\0\x08" * 100, 8),
        ethernet(b"\0\x01\0\x40" * 100, 0x8847),
        ethernet((b"\0\x01\x01\x40" + bytes(16) + b"\x88\x47") * 5000, 0x8847),
        ethernet((bytes(16) + b"\x88\xe7") * 5000, 0x88E7),
    ):
        with pytest.raises(UnusablePacketError, match=TOO_MANY_TAGS):
            find_ip(1, frame)


@given(st.sampled_from(sorted(LINK_TYPES)), st.binary(max_size=80))
def test_any_octets(link_type: int, frame: bytes) -> None:
    try:
        found = find_ip(link_type, frame)
    except UnusablePacketError as error:
        assert str(error) in {TRUNCATED, TOO_MANY_TAGS, UNREAD}
    else:
        assert found is None or found in frame
