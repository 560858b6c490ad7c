"""IP packets inside IP packets."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import ethernet, udp

from unflux.read.internet_layer import Datagram
from unflux.read.link_layer import UNREAD
from unflux.read.packet import TRUNCATED, UnusablePacketError
from unflux.read.tunnels import UDP_TUNNELS, open_tunnel

IPV4, IPV6 = b"\x45ip", b"\x60ip"


def gre(flags: int, ethertype: int, rest: bytes) -> bytes:
    return struct.pack("!HH", flags, ethertype) + rest


def gtp(flags: int, rest: bytes, kind: int = 255, size_bytes: int | None = None) -> bytes:
    size = len(rest) if size_bytes is None else size_bytes
    return udp(struct.pack("!BBHI", 0x30 | flags, kind, size, 1) + rest, 2000, 2152)


def geneve(ethertype: int, rest: bytes, options: int = 0) -> bytes:
    return udp(struct.pack("!BBHI", options, 0, ethertype, 256) + rest, 2000, 6081)


TUNNELS = [
    (4, IPV4, IPV4),
    (41, IPV6, IPV6),
    (47, gre(0, 0x0800, IPV4), IPV4),
    (47, gre(0xB000, 0x86DD, bytes(12) + IPV6), IPV6),
    (47, gre(0x2000, 0x6558, bytes(4) + ethernet(IPV4)), IPV4),
    (47, gre(0x1000, 0x88BE, bytes(4) + bytes(8) + ethernet(IPV4)), IPV4),
    (47, gre(0, 0x88BE, ethernet(IPV4)), IPV4),
    (47, gre(0x3081, 0x880B, bytes(12) + b"\xff\x03\0\x21" + IPV4), IPV4),
    (47, gre(0x2081, 0x880B, bytes(8)), None),
    (47, gre(0x1000, 0x22EB, bytes(4) + bytes(12) + ethernet(IPV4)), IPV4),
    (47, gre(0x1000, 0x22EB, bytes(4) + bytes(11) + b"\1" + bytes(8) + ethernet(IPV4)), IPV4),
    (47, gre(0, 0x0806, b"arp"), None),
    (17, gtp(0, IPV4), IPV4),
    (17, udp(gtp(0, IPV6)[8:], 2152, 2000), IPV6),
    (17, gtp(2, bytes(4) + IPV4), IPV4),
    (17, gtp(4, b"\0\0\0\x85" + b"\1\0\0\x85" + b"\1\0\0\0" + IPV4), IPV4),
    (17, gtp(4, b"\0\0\0\x85" + bytes(8)), None),
    (17, gtp(4, b"\0\0\0\x85" + b"\1\0\0\x85" * 20), None),
    (17, gtp(4, b"\0\0"), None),
    (17, gtp(0, IPV4, kind=1), None),
    (17, gtp(0, IPV4, size_bytes=1), None),
    (17, udp(b"short", 2000, 2152), None),
    (17, udp(b"\x08" + bytes(7) + ethernet(IPV6, 0x86DD), 2000, 4789), IPV6),
    (17, udp(bytes(8) + ethernet(IPV4), 2000, 4789), None),
    (17, udp(b"\x08" + bytes(7) + ethernet(IPV4), 2000, 8472), IPV4),
    (17, geneve(0x6558, ethernet(IPV4)), IPV4),
    (17, geneve(0x0800, bytes(8) + IPV4, options=2), IPV4),
    (17, geneve(0x0800, IPV4, options=0x40), None),
    (17, udp(IPV4, 2000, 3000), None),
    (50, IPV4, None),
]


@pytest.mark.parametrize(("protocol", "payload", "expected"), TUNNELS)
def test_tunnels(protocol: int, payload: bytes, expected: bytes | None) -> None:
    assert open_tunnel(Datagram(b"", b"", protocol, payload)) == expected


@pytest.mark.parametrize(
    "payload",
    [gre(0x0001, 0x0800, IPV4), gre(0x4000, 0x0800, IPV4), gre(0, 0x883E, bytes(4) + IPV4)],
)
def test_what_may_carry_ip_is_named(payload: bytes) -> None:
    with pytest.raises(UnusablePacketError, match=UNREAD):
        open_tunnel(Datagram(b"", b"", 47, payload))


def test_truncated() -> None:
    for payload in (
        b"\0\0\x08",
        gre(0, 0x6558, bytes(10)),
        gre(0x1000, 0x22EB, bytes(9)),
        gre(0x1000, 0x22EB, bytes(4) + bytes(12)),
    ):
        with pytest.raises(UnusablePacketError, match=TRUNCATED):
            open_tunnel(Datagram(b"", b"", 47, payload))


@given(st.sampled_from([4, 41, 47]), st.sampled_from(sorted(UDP_TUNNELS)), st.binary(max_size=80))
def test_any_octets(protocol: int, port: int, data: bytes) -> None:
    for number, payload in ((protocol, data), (17, udp(data, 2000, port))):
        try:
            found = open_tunnel(Datagram(b"", b"", number, payload))
        except UnusablePacketError:
            continue
        assert found is None or found in payload
