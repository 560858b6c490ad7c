"""IPv4 and IPv6 packets."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import ipv4, ipv6

from unflux.read.internet_layer import (
    BAD_HEADER,
    MAX_EXTENSION_HEADERS,
    TOO_MANY_HEADERS,
    Fragment,
    parse_ip,
)
from unflux.read.packet import TRUNCATED, UnusablePacketError


def extension(next_header: int, size_bytes: int = 8) -> bytes:
    return bytes([next_header, size_bytes // 8 - 1]) + bytes(size_bytes - 2)


def test_ipv4_without_padding_and_options() -> None:
    datagram = parse_ip(ipv4(b"payload", 17, options=b"\x01" * 8) + b"padding")
    assert datagram.payload == b"payload"
    assert (datagram.source, datagram.destination) == (b"\xc0\0\2\x35", b"\xc6\x33\x64\x07")
    assert (datagram.protocol, datagram.fragment) == (17, None)


def test_offloaded_lengths_of_zero_mean_all_that_is_there() -> None:
    packet = bytearray(ipv4(b"payload"))
    packet[2:4] = b"\0\0"
    assert parse_ip(bytes(packet)).payload == b"payload"
    packet = bytearray(ipv6(b"payload"))
    packet[4:6] = b"\0\0"
    assert parse_ip(bytes(packet)).payload == b"payload"


def test_cut_payload_is_given_as_far_as_it_goes() -> None:
    assert parse_ip(ipv4(b"payload")[:-3]).payload == b"payl"
    assert parse_ip(ipv6(b"payload")[:-3]).payload == b"payl"


@pytest.mark.parametrize(
    ("place", "fragment"),
    [
        (0x0000, None),
        (0x4000, None),
        (0x8000, None),
        (0x2000, Fragment(7, 0, True)),
        (0x2003, Fragment(7, 24, True)),
        (0x1FFF, Fragment(7, 65528, False)),
    ],
)
def test_ipv4_fragments(place: int, fragment: Fragment | None) -> None:
    assert parse_ip(ipv4(b"payload!", place=place)).fragment == fragment


def test_ipv6_extension_headers() -> None:
    authentication = bytes([60, 4]) + bytes(22)
    headers = extension(43) + extension(51, 24) + authentication + extension(17, 16)
    datagram = parse_ip(ipv6(headers + b"payload", 0) + b"padding")
    assert (datagram.protocol, datagram.payload) == (17, b"payload")


def test_ipv6_fragments() -> None:
    header = struct.pack("!BBHI", 17, 0, 16 | 1, 99)
    datagram = parse_ip(ipv6(extension(44) + header + b"payload!", 0))
    assert datagram.fragment == Fragment(99, 16, True)
    assert (datagram.protocol, datagram.payload) == (17, b"payload!")
    atomic = struct.pack("!BBHI", 17, 0, 0, 99)
    assert parse_ip(ipv6(atomic + b"payload", 44)).fragment is None


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"", TRUNCATED),
        (b"\x45", TRUNCATED),
        (b"\x60" + bytes(38), TRUNCATED),
        (b"\x50" + bytes(50), BAD_HEADER),
        (b"\x44" + ipv4(b"payload")[1:], BAD_HEADER),
        (b"\x4f" + ipv4(b"payload")[1:], BAD_HEADER),
        (b"\x4f" + ipv4(bytes(60))[1:30], TRUNCATED),
        (ipv4(b"payload")[:2] + b"\0\x13" + ipv4(b"payload")[4:], BAD_HEADER),
        (ipv4(b"payload!", place=0x2000)[:-1], TRUNCATED),
        (ipv6(struct.pack("!BBHI", 17, 0, 1, 9) + b"payload!", 44)[:-1], TRUNCATED),
        (ipv6(b"\x11", 0), TRUNCATED),
        (ipv6(b"\x11\x05" + bytes(20), 0), TRUNCATED),
        (ipv6(b"\x11\x05" + bytes(4), 44), TRUNCATED),
        (ipv6(extension(0) * (MAX_EXTENSION_HEADERS + 1), 0), TOO_MANY_HEADERS),
    ],
)
def test_refused(packet: bytes, reason: str) -> None:
    with pytest.raises(UnusablePacketError, match=reason):
        parse_ip(packet)


@given(st.sampled_from([b"\x45", b"\x46", b"\x60", b""]), st.binary(max_size=120))
def test_any_octets(first: bytes, rest: bytes) -> None:
    try:
        datagram = parse_ip(first + rest)
    except UnusablePacketError as error:
        assert str(error) in {TRUNCATED, BAD_HEADER, TOO_MANY_HEADERS}
    else:
        assert datagram.payload in rest
        assert len(datagram.source) == len(datagram.destination)
