"""From packets to DNS messages."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.crafted_packets import (
    CLIENT,
    CLIENT6,
    MOMENT_US,
    ethernet,
    framed,
    ipv4,
    ipv6,
    make_query,
    make_response,
    tcp,
    udp,
)

from unflux.read.dns_traffic import (
    BAD_UDP,
    MAX_NESTING,
    TOO_DEEP,
    CapturedMessage,
    DnsTraffic,
)
from unflux.read.fragments import INCOMPLETE
from unflux.read.link_layer import UNSUPPORTED
from unflux.read.packet import TRUNCATED, Packet
from unflux.read.source import Drops

RAW = 101
WIRE = make_response()


def run(
    *packets: bytes, ports: frozenset[int] = frozenset({53}), link_type: int = RAW
) -> tuple[list[CapturedMessage], dict[str, int]]:
    drops = Drops()
    traffic = DnsTraffic(ports, drops)
    found: list[CapturedMessage] = []
    for packet in packets:
        found.extend(traffic.add(Packet(MOMENT_US, link_type, packet)))
    found.extend(traffic.finish())
    return found, dict(drops.reasons)


def fragment6(payload: bytes, place: int, next_header: int = 17) -> bytes:
    return ipv6(struct.pack("!BBHI", next_header, 0, place, 5) + payload, 44)


def test_udp_of_both_families() -> None:
    found, reasons = run(ipv4(udp(WIRE)), ipv6(udp(WIRE)))
    assert found == [
        CapturedMessage(WIRE, MOMENT_US, CLIENT),
        CapturedMessage(WIRE, MOMENT_US, CLIENT6),
    ]
    assert reasons == {}


@pytest.mark.parametrize(
    ("source_port", "destination_port", "ports", "count"),
    [
        (53, 40000, {53}, 1),
        (40000, 53, {53}, 1),
        (5353, 5353, {53}, 0),
        (5353, 5353, {53, 5353}, 1),
        (53, 40000, {8053}, 0),
    ],
)
def test_ports(source_port: int, destination_port: int, ports: set[int], count: int) -> None:
    packet = ipv4(udp(WIRE, source_port, destination_port))
    assert len(run(packet, ports=frozenset(ports))[0]) == count
    segment = ipv4(tcp(framed(WIRE), 9, 0x10, source_port, destination_port), 6)
    assert len(run(segment, ports=frozenset(ports))[0]) == count


def test_padding_and_datagram_length() -> None:
    datagram = udp(WIRE) + b"behind the datagram"
    (message,), _ = run(ethernet(ipv4(datagram) + b"padding"), link_type=1)
    assert message.wire == WIRE
    unset = datagram[:4] + b"\0\0" + datagram[6:]
    assert run(ipv4(unset))[0][0].wire.startswith(WIRE)


def test_packet_cut_by_the_snapshot_length_is_given_as_far_as_it_goes() -> None:
    (message,), reasons = run(ipv4(udp(WIRE))[:-5])
    assert message.wire == WIRE[:-5]
    assert reasons == {}


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (ipv4(udp(b"")[:7]), TRUNCATED),
        (ipv4(struct.pack("!HHHH", 53, 9, 7, 0) + WIRE), BAD_UDP),
        (ipv4(tcp(b"", 1)[:10], 6), TRUNCATED),
        (ipv4(b"")[:9], TRUNCATED),
    ],
)
def test_unusable(packet: bytes, reason: str) -> None:
    assert run(packet) == ([], {reason: 1})


def test_unsupported_link_type() -> None:
    assert run(b"x", b"y", link_type=127) == ([], {UNSUPPORTED: 2})


def test_other_traffic_is_no_loss() -> None:
    packets = [
        ethernet(b"arp", 0x0806),
        ethernet(ipv4(b"ping", 1)),
        ethernet(ipv4(udp(b"ntp", 123, 123))),
        ethernet(ipv4(tcp(b"http", 1, 0x10, 80, 5000), 6)),
    ]
    assert run(*packets, link_type=1) == ([], {})


def test_tcp_in_both_directions() -> None:
    query = tcp(framed(make_query()), 1, 0x10, 40000, 53)
    found, reasons = run(
        ipv4(tcp(b"", 500, 2), 6),
        ipv4(query, 6, CLIENT, "192.0.2.53"),
        ipv4(tcp(framed(WIRE)[:9], 501), 6),
        ipv4(tcp(framed(WIRE)[9:], 510), 6),
    )
    assert [(m.wire, m.destination) for m in found] == [
        (make_query(), "192.0.2.53"),
        (WIRE, CLIENT),
    ]
    assert reasons == {}


def test_message_behind_a_gap_that_never_closes() -> None:
    found, reasons = run(ipv4(tcp(b"", 500, 2), 6), ipv4(tcp(framed(WIRE), 600), 6))
    assert [m.wire for m in found] == [WIRE]
    assert sum(reasons.values()) == 1


def test_fragments_of_both_families() -> None:
    datagram = udp(WIRE)
    options = b"\x11\0" + bytes(6)
    packets = [
        ipv4(datagram[24:], place=3),
        ipv4(datagram[:24], place=0x2000),
        fragment6((options + datagram)[:24], 1, 60),
        fragment6((options + datagram)[24:], 24, 60),
    ]
    found, reasons = run(*packets)
    assert [m.wire for m in found] == [WIRE, WIRE]
    assert reasons == {}
    assert run(packets[0]) == ([], {INCOMPLETE: 1})


def test_fragment_of_a_fragment_is_nothing() -> None:
    inner = struct.pack("!BBHI", 17, 0, 1, 9) + udp(WIRE)
    inner += bytes(-len(inner) % 8)
    found, _ = run(fragment6(inner[:24], 1, 44), fragment6(inner[24:], 24, 44))
    assert found == []


def test_tunnels_inside_one_another() -> None:
    packet = ipv4(udp(WIRE))
    for _ in range(MAX_NESTING):
        found, reasons = run(packet)
        assert [message.wire for message in found] == [WIRE]
        assert reasons == {}
        packet = ipv4(packet, 4)
    assert run(packet) == ([], {TOO_DEEP: 1})


def test_vxlan_that_is_dns_by_its_other_port() -> None:
    assert len(run(ipv4(udp(WIRE, 53, 4789)))[0]) == 1


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 9, 101, 113, 239, 276]),
            st.sampled_from(["raw", "udp4", "udp6", "tcp4", "tcp6"]),
            st.binary(max_size=100),
            st.lists(st.tuples(st.integers(0, 160), st.integers(0, 255)), max_size=3),
        ),
        max_size=8,
    )
)
def test_any_packets(
    packets: list[tuple[int, str, bytes, list[tuple[int, int]]]],
) -> None:
    drops = Drops()
    traffic = DnsTraffic(frozenset({53}), drops)
    found: list[CapturedMessage] = []
    for link_type, kind, data, changes in packets:
        match kind:
            case "udp4":
                packet = ipv4(udp(data))
            case "udp6":
                packet = ipv6(udp(data))
            case "tcp4":
                packet = ipv4(tcp(data, 7), 6)
            case "tcp6":
                packet = ipv6(tcp(data, 7), 6)
            case _:
                packet = data
        frame = bytearray(ethernet(packet) if link_type == 1 else packet)
        for at, value in changes:
            if at < len(frame):
                frame[at] = value
        found.extend(traffic.add(Packet(None, link_type, bytes(frame))))
    found.extend(traffic.finish())
    assert all(isinstance(message.wire, bytes) for message in found)
    assert sum(drops.reasons.values()) <= 4 * len(packets)
