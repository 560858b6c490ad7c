"""From a captured packet to the DNS message in it, as far as that takes no memory."""

import numpy as np

from unflux.read.internet_layer import TCP, UDP
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.octets import big16, big32, octet
from unflux.read.link_layer import QUIET_ETHERTYPES
from unflux.read.message import MAX_MESSAGE_SIZE_BYTES
from unflux.read.tunnels import UDP_TUNNELS

NOTHING = 0
MESSAGE = 1
RESIDUAL = 2
"""What a packet holds: no DNS; a whole message in UDP; or what the interpreted path must look at:
TCP with DNS, fragments, tunnels, and all that is odd, damaged or rare."""

_IPV4, _IPV6 = 0x0800, 0x86DD
_NULL, _ETHERNET, _LOOP, _LINUX_SLL, _LINUX_SLL2 = 0, 1, 108, 113, 276
_MAX_TAGS = 8
_UDP_HEADER_BYTES = 8
_TUNNEL_PORTS = tuple(UDP_TUNNELS)


@shared
def find_message(
    octets: np.ndarray, start: int, end: int, link_type: int, ports: np.ndarray
) -> tuple[int, int, int]:
    """Return what a packet holds, and where its message begins and ends.

    ``ports``: for each of the 65,536 whether it carries DNS.
    """
    kind, at = find_ip(octets, start, end, link_type)
    if kind != MESSAGE:
        return kind, 0, 0
    if at >= end:
        return RESIDUAL, 0, 0
    version = octet(octets, at) >> 4
    if version == 4:
        return read_ipv4(octets, at, end, ports)
    if version == 6:
        return read_ipv6(octets, at, end, ports)
    return RESIDUAL, 0, 0


@inlined
def find_ip(octets: np.ndarray, start: int, end: int, link_type: int) -> tuple[int, int]:
    """Return MESSAGE and where the IP packet begins, or what the packet holds instead."""
    if link_type == _ETHERNET:
        if start + 14 > end:
            return RESIDUAL, 0
        return pass_tags(octets, big16(octets, start + 12), start + 14, end)
    if link_type == _LINUX_SLL:
        if start + 16 > end:
            return RESIDUAL, 0
        return pass_tags(octets, big16(octets, start + 14), start + 16, end)
    if link_type == _LINUX_SLL2:
        if start + 20 > end:
            return RESIDUAL, 0
        return pass_tags(octets, big16(octets, start), start + 20, end)
    if link_type in (12, 14, 101, 228, 229):
        return MESSAGE, start
    if link_type in (_NULL, _LOOP):
        return pass_family(octets, start, end)
    return RESIDUAL, 0


@inlined
def pass_family(octets: np.ndarray, start: int, end: int) -> tuple[int, int]:
    """Pass an address family, in the byte order of whatever machine captured it."""
    if start + 4 > end:
        return RESIDUAL, 0
    family = big32(octets, start)
    if family > 0xFFFF:
        family = octet(octets, start) | octet(octets, start + 1) << 8 | (family & 0xFFFF) << 16
    return (MESSAGE, start + 4) if family in (2, 10, 24, 28, 30) else (RESIDUAL, 0)


@inlined
def pass_tags(octets: np.ndarray, ethertype: int, at: int, end: int) -> tuple[int, int]:
    """Pass VLAN tags (IEEE 802.1Q, 802.1ad); all other that may hold IP is the other path's."""
    for _ in range(_MAX_TAGS):
        if ethertype in (_IPV4, _IPV6):
            return MESSAGE, at
        if ethertype in QUIET_ETHERTYPES:
            return NOTHING, 0
        if ethertype not in (0x8100, 0x88A8, 0x9100, 0x9200):
            break
        if at + 4 > end:
            return RESIDUAL, 0
        ethertype = big16(octets, at + 2)
        at += 4
    return RESIDUAL, 0


@inlined
def read_ipv4(octets: np.ndarray, at: int, end: int, ports: np.ndarray) -> tuple[int, int, int]:
    """Read by RFC 791 section 3.1; a total length of 0 is that of segmentation offload."""
    if at + 20 > end:
        return RESIDUAL, 0, 0
    header_bytes = (octet(octets, at) & 15) * 4
    total_bytes = big16(octets, at + 2)
    if total_bytes == 0:
        total_bytes = end - at
    is_fragment = (big16(octets, at + 6) & 0x3FFF) != 0
    if is_fragment or header_bytes < 20 or total_bytes < header_bytes:
        return RESIDUAL, 0, 0
    payload = at + header_bytes
    if payload > end:
        return RESIDUAL, 0, 0
    return read_transport(octets, octet(octets, at + 9), payload, min(at + total_bytes, end), ports)


@inlined
def read_ipv6(octets: np.ndarray, at: int, end: int, ports: np.ndarray) -> tuple[int, int, int]:
    """Read by RFC 8200 section 3; a payload length of 0 is a jumbogram or offload."""
    if at + 40 > end:
        return RESIDUAL, 0, 0
    payload_bytes = big16(octets, at + 4)
    if payload_bytes:
        end = min(at + 40 + payload_bytes, end)
    protocol = octet(octets, at + 6)
    if protocol in (0, 43, 44, 51, 60, 135, 139, 140):
        return RESIDUAL, 0, 0
    return read_transport(octets, protocol, at + 40, end, ports)


@inlined
def read_transport(
    octets: np.ndarray, protocol: int, at: int, end: int, ports: np.ndarray
) -> tuple[int, int, int]:
    """Tell what the payload of an IP packet holds; UDP by RFC 768."""
    if protocol == UDP:
        if at + _UDP_HEADER_BYTES > end:
            return RESIDUAL, 0, 0
        source, destination = big16(octets, at), big16(octets, at + 2)
        if not (ports[np.uintp(source)] or ports[np.uintp(destination)]):
            is_tunnel = source in _TUNNEL_PORTS or destination in _TUNNEL_PORTS
            return (RESIDUAL if is_tunnel else NOTHING), 0, 0
        size_bytes = big16(octets, at + 4)
        if size_bytes == 0:
            size_bytes = end - at
        begin, behind = at + _UDP_HEADER_BYTES, min(at + size_bytes, end)
        if size_bytes < _UDP_HEADER_BYTES or behind - begin > MAX_MESSAGE_SIZE_BYTES:
            return RESIDUAL, 0, 0
        return MESSAGE, begin, behind
    if protocol == TCP:
        if at + 20 > end or octet(octets, at + 12) >> 4 < 5:
            return RESIDUAL, 0, 0
        is_dns = ports[np.uintp(big16(octets, at))] or ports[np.uintp(big16(octets, at + 2))]
        return (RESIDUAL if is_dns else NOTHING), 0, 0
    return (RESIDUAL if protocol in (4, 41, 47) else NOTHING), 0, 0
