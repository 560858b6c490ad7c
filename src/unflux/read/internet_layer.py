"""IP packets: addresses, protocol, payload, and place in a fragmented datagram."""

import struct
from typing import Final, NamedTuple

from unflux.read.packet import TRUNCATED, UnusablePacketError

TCP: Final = 6
UDP: Final = 17

FRAGMENT_HEADER: Final = 44
AUTHENTICATION_HEADER: Final = 51
EXTENSION_HEADERS: Final = frozenset({0, 43, 60, 135, 139, 140})
"""Hop-by-hop, routing, destination, mobility, HIP and shim6: all of one form (RFC 6564)."""

MAX_EXTENSION_HEADERS: Final = 16
"""Headers of one packet. Chosen: 2026-11-22; RFC 8200 section 4.1 lists seven."""

BAD_HEADER: Final = "bad IP header"
TOO_MANY_HEADERS: Final = "too many IPv6 extension headers"


class Fragment(NamedTuple):
    """Where the payload belongs in the datagram it is a piece of."""

    identification: int
    offset_bytes: int
    has_more: bool


class Datagram(NamedTuple):
    """An IP packet without its headers; addresses are packed, 4 or 16 octets."""

    source: bytes
    destination: bytes
    protocol: int
    payload: bytes
    fragment: Fragment | None = None


def parse_ip(packet: bytes) -> Datagram:
    """Parse an IPv4 or IPv6 packet; octets behind its own length are padding.

    A payload shorter than announced is given as far as it was captured. Checksums are not
    verified: captures on the sending host hold packets before the network card filled them in.
    """
    if not packet:
        raise UnusablePacketError(TRUNCATED)
    match packet[0] >> 4:
        case 4:
            return _parse_ipv4(packet)
        case 6:
            return _parse_ipv6(packet)
    raise UnusablePacketError(BAD_HEADER)


def _parse_ipv4(packet: bytes) -> Datagram:
    """Parse by RFC 791 section 3.1; a total length of 0 is that of segmentation offload."""
    if len(packet) < 20:
        raise UnusablePacketError(TRUNCATED)
    header_bytes = (packet[0] & 0x0F) * 4
    total_bytes, identification, flags, protocol = struct.unpack_from("!2xHHHxB", packet)
    total_bytes = total_bytes or len(packet)
    if header_bytes < 20 or total_bytes < header_bytes:
        raise UnusablePacketError(BAD_HEADER)
    if len(packet) < header_bytes:
        raise UnusablePacketError(TRUNCATED)
    fragment = None
    if flags & 0x3FFF:
        _refuse_cut_fragment(packet, total_bytes)
        fragment = Fragment(identification, (flags & 0x1FFF) * 8, bool(flags & 0x2000))
    payload = packet[header_bytes:total_bytes]
    return Datagram(packet[12:16], packet[16:20], protocol, payload, fragment)


def _parse_ipv6(packet: bytes) -> Datagram:
    """Parse by RFC 8200 section 3; a payload length of 0 is a jumbogram or offload."""
    if len(packet) < 40:
        raise UnusablePacketError(TRUNCATED)
    payload_bytes, protocol = struct.unpack_from("!4xHB", packet)
    end = 40 + payload_bytes if payload_bytes else len(packet)
    datagram = pass_extension_headers(
        Datagram(packet[8:24], packet[24:40], protocol, packet[40:end])
    )
    if datagram.fragment:
        _refuse_cut_fragment(packet, end)
    return datagram


def _refuse_cut_fragment(packet: bytes, size_bytes: int) -> None:
    if len(packet) < size_bytes:
        raise UnusablePacketError(TRUNCATED)


def pass_extension_headers(datagram: Datagram) -> Datagram:
    """Pass the IPv6 extension headers (RFC 8200 section 4) up to the payload or the fragment.

    A fragment that is the whole datagram is none (RFC 6946).
    """
    protocol, payload = datagram.protocol, datagram.payload
    for _ in range(MAX_EXTENSION_HEADERS):
        if protocol in EXTENSION_HEADERS:
            size_bytes = (_octet(payload, 1) + 1) * 8
        elif protocol == AUTHENTICATION_HEADER:
            size_bytes = (_octet(payload, 1) + 2) * 4  # RFC 4302 section 2.2
        elif protocol == FRAGMENT_HEADER:
            if len(payload) < 8:
                raise UnusablePacketError(TRUNCATED)
            place, identification = struct.unpack_from("!2xHI", payload)
            if place & 0xFFF9:
                fragment = Fragment(identification, place & 0xFFF8, bool(place & 1))
                return datagram._replace(
                    protocol=payload[0], payload=payload[8:], fragment=fragment
                )
            size_bytes = 8
        else:
            return datagram._replace(protocol=protocol, payload=payload)
        if len(payload) < size_bytes:
            raise UnusablePacketError(TRUNCATED)
        protocol, payload = payload[0], payload[size_bytes:]
    raise UnusablePacketError(TOO_MANY_HEADERS)


def _octet(payload: bytes, at: int) -> int:
    if len(payload) <= at:
        raise UnusablePacketError(TRUNCATED)
    return payload[at]
