"""Packets of a block as columns: ends, payload, flags, found by a few passes over all of them."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.model.flows import TCP, UDP
from unflux.model.ports import DNS_PORT
from unflux.model.times import EARLIEST_US, LATEST_US
from unflux.read.blocks import Block
from unflux.read.kernel.layout import PACKET_END, PACKET_LINK, PACKET_START, PACKET_TIME
from unflux.read.link_layer import ETHERTYPES_VLAN, find_ip
from unflux.read.packet import UnusablePacketError
from unflux.read.sieve import Sieve
from unflux.read.source import Drops

ETHERNET: Final = 1
RAW: Final = (12, 14, 101, 228, 229)
"""Link types (the registry of the tcpdump project) that are looked at by columns."""

VLAN_TAGS: Final = 2
EXTENSION_HEADERS: Final = 4
"""Tags of a frame and extension headers of IPv6 that are passed over."""

_EXTENSIONS: Final = (0, 43, 60)
"""Hop-by-hop, routing and destination options (RFC 8200 section 4.1)."""

FRAGMENT: Final = "later fragment of a datagram"
SHORT: Final = "packet cut short"
OTHER: Final = "neither TCP nor UDP over IP"
NO_TIME: Final = "packet without a time"
BAD_TIME: Final = "packet of 2100 or later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """TCP and UDP packets of a block."""

    at_us: np.ndarray
    source: np.ndarray
    """uint64 (packets, 2): the halves of the address, an IPv4 address in the second alone."""
    target: np.ndarray
    is_ipv6: np.ndarray
    source_port: np.ndarray
    target_port: np.ndarray
    protocol: np.ndarray
    payload_bytes: np.ndarray
    """As the headers say, captured or not."""
    payload_at: np.ndarray
    captured_end: np.ndarray
    """Where in the octets of the block the captured payload lies."""
    opens: np.ndarray
    authority: np.ndarray


def parse_packets(block: Block, drops: Drops) -> Packets:
    """Parse the headers of the packets of a block; what is no TCP or UDP is counted."""
    octets, rows = block.octets, block.rows
    view = _View(octets, rows[:, PACKET_END])
    ip_at = _find_ip(view, block, drops)
    version = view.octet(ip_at) >> 4
    is_ipv6 = version == 6
    header = np.where(is_ipv6, 40, (view.octet(ip_at) & 15) * 4)
    total = np.where(is_ipv6, view.word(ip_at + 4) + 40, view.word(ip_at + 2))
    # A length of 0 is that of a packet that the network card cuts up (segmentation offload).
    total = np.where((total == 0) & ~is_ipv6, view.ends - ip_at, total)
    protocol = np.where(is_ipv6, view.octet(ip_at + 6), view.octet(ip_at + 9))
    for _ in range(EXTENSION_HEADERS):
        is_extended = is_ipv6 & np.isin(protocol, _EXTENSIONS)
        if not is_extended.any():
            break
        at = ip_at + header
        header = np.where(is_extended, header + 8 + 8 * view.octet(at + 1), header)
        protocol = np.where(is_extended, view.octet(at), protocol)
    at = ip_at + header
    is_tcp, is_udp = protocol == TCP, protocol == UDP
    is_later = ~is_ipv6 & ((view.word(ip_at + 6) & 0x1FFF) > 0)
    transport = np.where(is_tcp, (view.octet(at + 12) >> 4) * 4, 8)
    reasons = (
        (OTHER, (ip_at < 0) | ~((version == 4) | is_ipv6) | ~(is_tcp | is_udp)),
        (FRAGMENT, is_later),
        (SHORT, (header < 20) | (at + np.where(is_tcp, 14, 8) > view.ends)),
        (NO_TIME, rows[:, PACKET_TIME] <= EARLIEST_US),
        (BAD_TIME, rows[:, PACKET_TIME] >= LATEST_US),
    )
    sieve = Sieve(len(rows), drops)
    for reason, is_refused in reasons:
        sieve.refuse(reason, is_refused)
    kept = sieve.kept
    flags = view.octet(at + 13)
    payload_at = at + transport
    source_port = view.word(at)
    is_answer = is_udp & (source_port == DNS_PORT) & (payload_at + 4 <= view.ends)
    marks = view.octet(payload_at + 2)
    authority = np.where(is_answer & (marks >= 0x80), (marks >> 2) & 1, -1)
    return Packets(
        at_us=rows[kept, PACKET_TIME],
        source=_addresses(view, ip_at[kept], is_ipv6[kept], 12, 8),
        target=_addresses(view, ip_at[kept], is_ipv6[kept], 16, 24),
        is_ipv6=is_ipv6[kept],
        source_port=source_port[kept],
        target_port=view.word(at + 2)[kept],
        protocol=protocol[kept],
        payload_bytes=np.maximum(total - header - transport, 0)[kept],
        payload_at=payload_at[kept],
        captured_end=np.minimum(view.ends, ip_at + total)[kept],
        opens=(is_tcp & ((flags & 0x12) == 0x02))[kept],
        authority=authority.astype(np.int8)[kept],
    )


class _View:
    """Octets at computed places: 0 beyond the end of a packet, which is never read."""

    def __init__(self, octets: np.ndarray, ends: np.ndarray) -> None:
        self._octets = octets
        self.ends = ends

    def octet(self, at: np.ndarray) -> np.ndarray:
        """Return one octet of each packet, as int64."""
        is_inside = (at >= 0) & (at < self.ends)
        found = self._octets[np.where(is_inside, at, 0)].astype(np.int64)
        return np.where(is_inside, found, 0)

    def word(self, at: np.ndarray) -> np.ndarray:
        """Return two octets of each packet as a number, the first one the larger."""
        words: np.ndarray = self.octet(at) << 8 | self.octet(at + 1)
        return words

    def number(self, at: np.ndarray, width: int) -> np.ndarray:
        """Return so many octets at places known to be inside as a number (uint64)."""
        value = np.zeros(len(at), np.uint64)
        for place in range(width):
            value = value << np.uint64(8) | self._octets[at + place]
        return value


def _find_ip(view: _View, block: Block, drops: Drops) -> np.ndarray:
    """Return where the IP packet begins in each frame, -1 where there is none."""
    starts, links = block.rows[:, PACKET_START], block.rows[:, PACKET_LINK]
    ip_at = np.full(len(starts), -1)
    is_ethernet, is_raw = links == ETHERNET, np.isin(links, RAW)
    at = starts + 12
    kind = view.word(at)
    for _ in range(VLAN_TAGS):
        is_tagged = is_ethernet & np.isin(kind, list(ETHERTYPES_VLAN))
        if not is_tagged.any():
            break
        at = np.where(is_tagged, at + 4, at)
        kind = view.word(at)
    ip_at = np.where(is_raw, starts, ip_at)
    ip_at = np.where(is_ethernet & np.isin(kind, (0x0800, 0x86DD)), at + 2, ip_at)
    odd = np.flatnonzero((ip_at < 0) & (~is_ethernet | np.isin(kind, (0x8864, 0x8847, 0x8848))))
    for row in odd.tolist():
        ip_at[row] = _find_odd(block, row, drops)
    return ip_at


def _find_odd(block: Block, row: int, drops: Drops) -> int:
    """Return the same for one frame of another link type, or with another kind of tag."""
    start, end = block.rows[row, PACKET_START], block.rows[row, PACKET_END]
    frame = block.octets[start:end].tobytes()
    try:
        packet = find_ip(int(block.rows[row, PACKET_LINK]), frame)
    except UnusablePacketError as error:
        drops.drop(str(error))
        return -1
    return int(end) - len(packet) if packet and frame.endswith(packet) else -1


def _addresses(
    view: _View, ip_at: np.ndarray, is_ipv6: np.ndarray, place_4: int, place_6: int
) -> np.ndarray:
    """Return the halves of one address of each packet (uint64, packets by 2)."""
    halves = np.zeros((len(ip_at), 2), np.uint64)
    at = ip_at + place_4
    is_ipv4 = ~is_ipv6
    halves[is_ipv4, 1] = view.number(at[is_ipv4], 4)
    at = ip_at[is_ipv6] + place_6
    halves[is_ipv6, 0], halves[is_ipv6, 1] = view.number(at, 8), view.number(at + 8, 8)
    return halves
