"""The filter, run by the kernel itself on a socket that anybody may have."""

import socket
import struct
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from unflux.watch.packet_filter import MAX_PORTS, compose_filter
from unflux.watch.packet_socket import attach_filter

Passes = Callable[[bytes], bool]


def filtering(*ports: int, is_ethernet: bool) -> Iterator[Passes]:
    if not hasattr(socket, "AF_PACKET"):
        pytest.skip("the packet filter is Linux'")
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sender, receiver:
        receiver.setblocking(False)
        attach_filter(receiver, compose_filter(ports, is_ethernet=is_ethernet))

        def passes(packet: bytes) -> bool:
            sender.send(packet)
            try:
                return receiver.recv(1 << 17) == packet
            except BlockingIOError:
                return False

        yield passes


@pytest.fixture
def passes() -> Iterator[Passes]:
    yield from filtering(53, 5353, is_ethernet=True)


@pytest.fixture
def bare_passes() -> Iterator[Passes]:
    yield from filtering(53, is_ethernet=False)


def ipv4(payload: bytes, protocol: int = 17, place: int = 0, options: bytes = b"") -> bytes:
    return (
        struct.pack(
            "!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), 1,
            place, 64, protocol, 0, ip_address("192.0.2.1").packed, ip_address("192.0.2.2").packed,
        )
        + options
        + payload
    )  # fmt: skip


def ipv6(payload: bytes, next_header: int = 17) -> bytes:
    ends = ip_address("2001:db8::1").packed + ip_address("2001:db8::2").packed
    return struct.pack("!IHBB", 6 << 28, len(payload), next_header, 64) + ends + payload


def segment(source: int, destination: int = 40000) -> bytes:
    return struct.pack("!HH", source, destination) + bytes(30)


def frame(packet: bytes, *tags: int) -> bytes:
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    return bytes(12) + b"".join(struct.pack("!HH", t, 7) for t in tags) + struct.pack(
        "!H", kind
    ) + packet  # fmt: skip


TAGS = ((), (0x8100,), (0x88A8, 0x8100), (0x9100, 0x8100))


@pytest.mark.parametrize("tags", TAGS)
@pytest.mark.parametrize("protocol", [6, 17])
def test_what_comes_from_the_ports_passes(
    passes: Passes, tags: tuple[int, ...], protocol: int
) -> None:
    for port in (53, 5353):
        assert passes(frame(ipv4(segment(port), protocol), *tags))
        assert passes(frame(ipv4(segment(port), protocol, options=bytes(12)), *tags))
        assert passes(frame(ipv6(segment(port), protocol), *tags))


@pytest.mark.parametrize("tags", TAGS)
def test_fragments_pass(passes: Passes, tags: tuple[int, ...]) -> None:
    assert passes(frame(ipv4(segment(53), place=0x2000), *tags))
    assert passes(frame(ipv4(b"rest", place=0x2001), *tags))
    first, later = struct.pack("!BBHI", 17, 0, 1, 9), struct.pack("!BBHI", 17, 0, 8 << 3, 9)
    assert passes(frame(ipv6(first + segment(53), 44), *tags))
    assert passes(frame(ipv6(later + b"rest", 44), *tags))
    assert not passes(frame(ipv6(first + segment(54), 44), *tags))
    assert not passes(frame(ipv4(segment(54), place=0x2000), *tags))


def test_all_else_stays_out(passes: Passes) -> None:
    for packet in (ipv4(segment(40000, 53)), ipv6(segment(40000, 53)), ipv4(segment(53), 1)):
        assert not passes(frame(packet))
    assert not passes(frame(ipv4(b"rest", 1, place=0x2001)))
    assert not passes(frame(ipv6(segment(53), 58)))
    assert not passes(frame(ipv4(segment(53)), 0x8100, 0x8100, 0x8100))
    assert not passes(bytes(12) + b"\x08\x06" + bytes(28))
    whole = frame(ipv4(segment(53)))
    assert not any(passes(whole[:size]) for size in range(1, 36))


def test_packets_without_an_ethernet_header(bare_passes: Passes) -> None:
    assert bare_passes(ipv4(segment(53)))
    assert bare_passes(ipv6(segment(53), 6))
    assert not bare_passes(ipv4(segment(54)))
    assert not bare_passes(b"\x00" + ipv4(segment(53)))


def test_many_ports() -> None:
    for passes in filtering(*range(1, MAX_PORTS + 1), is_ethernet=True):
        assert passes(frame(ipv4(segment(1))))
        assert passes(frame(ipv6(segment(MAX_PORTS))))
        assert not passes(frame(ipv4(segment(MAX_PORTS + 1))))
    for ports in ((), range(MAX_PORTS + 1)):
        with pytest.raises(ValueError, match="ports"):
            compose_filter(ports, is_ethernet=True)
