"""IP packets inside IP packets: IP in IP, GRE, PPTP, ERSPAN, GTP-U, VXLAN and Geneve."""

import struct
from collections.abc import Callable, Mapping
from typing import Final

from unflux.read.internet_layer import UDP, Datagram
from unflux.read.link_layer import UNREAD, find_ip_by_ethertype, strip_ethernet, strip_ppp
from unflux.read.packet import TRUNCATED, UnusablePacketError

IPV4_IN_IP: Final = 4
IPV6_IN_IP: Final = 41
GRE: Final = 47

GRE_CHECKSUM: Final = 0x8000
GRE_ROUTING: Final = 0x4000
GRE_KEY: Final = 0x2000
GRE_SEQUENCE: Final = 0x1000
GRE_ACKNOWLEDGMENT: Final = 0x0080
GRE_VERSION: Final = 0x0007
"""Flags of the first two octets (RFC 1701, RFC 2784, RFC 2890; version 1: RFC 2637)."""

ETHERTYPE_BRIDGED: Final = 0x6558
ETHERTYPE_PPP: Final = 0x880B
ETHERTYPE_ERSPAN: Final = 0x88BE
"""Mirrored frames; with a sequence number, an ERSPAN header of eight octets comes first."""
ETHERTYPE_ERSPAN_3: Final = 0x22EB
"""The same behind a header of twelve octets, and eight more where its last bit says so."""

GTP_USER_DATA: Final = 255
MAX_GTP_EXTENSIONS: Final = 8
"""Extension headers of one packet. Chosen: 2026-11-22; networks use one or two."""


def open_tunnel(datagram: Datagram) -> bytes | None:
    """Return the IP packet that a datagram carries; null where it is no tunnel that we know.

    A UDP tunnel is known by either port and by a header that fits it; ``datagram`` holds a whole
    UDP header.
    """
    if datagram.protocol in (IPV4_IN_IP, IPV6_IN_IP):
        return datagram.payload
    if datagram.protocol == GRE:
        return _open_gre(datagram.payload)
    if datagram.protocol == UDP:
        for port in struct.unpack_from("!HH", datagram.payload):
            if port in UDP_TUNNELS:
                return UDP_TUNNELS[port](datagram.payload[8:])
    return None


def _open_gre(payload: bytes) -> bytes | None:
    if len(payload) < 4:
        raise UnusablePacketError(TRUNCATED)
    flags, ethertype = struct.unpack_from("!HH", payload)
    if flags & GRE_VERSION == 1 and ethertype == ETHERTYPE_PPP:
        at = 8 + 4 * sum(bool(flags & bit) for bit in (GRE_SEQUENCE, GRE_ACKNOWLEDGMENT))
        return strip_ppp(payload[at:]) if flags & GRE_SEQUENCE else None
    if flags & (GRE_VERSION | GRE_ROUTING):
        raise UnusablePacketError(UNREAD)
    at = 4 + 4 * sum(bool(flags & bit) for bit in (GRE_CHECKSUM, GRE_KEY, GRE_SEQUENCE))
    if ethertype == ETHERTYPE_ERSPAN:
        return strip_ethernet(payload[at + 8 if flags & GRE_SEQUENCE else at :])
    if ethertype == ETHERTYPE_ERSPAN_3:
        has_more = bool(payload[at + 11 : at + 12] and payload[at + 11] & 1)
        return strip_ethernet(payload[at + (20 if has_more else 12) :])
    if ethertype == ETHERTYPE_BRIDGED:
        return strip_ethernet(payload[at:])
    return find_ip_by_ethertype(ethertype, payload, at)


def _open_gtp(payload: bytes) -> bytes | None:
    """Open the user plane of mobile networks (3GPP TS 29.281 section 5)."""
    if len(payload) < 8 or payload[0] >> 4 != 3 or payload[1] != GTP_USER_DATA:
        return None
    if int.from_bytes(payload[2:4], "big") < len(payload) - 8:
        return None
    return _pass_gtp_extensions(payload) if payload[0] & 0x07 else payload[8:]


def _pass_gtp_extensions(payload: bytes) -> bytes | None:
    """Pass the optional fields and the extension headers that follow them."""
    at = 12
    for _ in range(MAX_GTP_EXTENSIONS + 1):
        if len(payload) < at:
            break
        if not payload[0] & 0x04 or not payload[at - 1]:
            return payload[at:]
        size_bytes = int.from_bytes(payload[at : at + 1], "big") * 4
        if not size_bytes:
            break
        at += size_bytes
    return None


def _open_vxlan(payload: bytes) -> bytes | None:
    """Open a frame by RFC 7348 section 5."""
    if len(payload) < 8 or payload[0] & 0x08 == 0:
        return None
    return strip_ethernet(payload[8:])


def _open_geneve(payload: bytes) -> bytes | None:
    """Open a frame or packet by RFC 8926 section 3.4."""
    if len(payload) < 8 or payload[0] >> 6:
        return None
    at = 8 + (payload[0] & 0x3F) * 4
    (ethertype,) = struct.unpack_from("!H", payload, 2)
    if ethertype == ETHERTYPE_BRIDGED:
        return strip_ethernet(payload[at:])
    return find_ip_by_ethertype(ethertype, payload, at)


UDP_TUNNELS: Final[Mapping[int, Callable[[bytes], bytes | None]]] = {
    2152: _open_gtp,
    4789: _open_vxlan,
    6081: _open_geneve,
    8472: _open_vxlan,  # where Linux sends VXLAN unless told otherwise
}
"""How to open a tunnel, by UDP port (IANA's registry, but for the last)."""
