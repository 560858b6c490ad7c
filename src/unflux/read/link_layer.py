"""From a captured frame to the IP packet in it."""

from collections.abc import Callable, Mapping
from typing import Final

from unflux.read.packet import TRUNCATED, UnusablePacketError

ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_IPV6: Final = 0x86DD
ETHERTYPE_PPPOE: Final = 0x8864
"""Session stage (RFC 2516)."""

ETHERTYPES_VLAN: Final = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
"""IEEE 802.1Q, 802.1ad, and two that were in use before it."""

ETHERTYPES_MPLS: Final = frozenset({0x8847, 0x8848})
"""RFC 5332 section 4."""

ETHERTYPE_BACKBONE: Final = 0x88E7
"""A provider's frame around a customer's (IEEE 802.1ah): four octets, then the whole frame."""

QUIET_ETHERTYPES: Final = (
    0x0806, 0x8035,  # ARP, RARP
    0x88CC, 0x2000, 0x893A,  # LLDP, CDP, IEEE 1905.1
    0x8808, 0x8809, 0x8902, 0x9000,  # flow control, link aggregation, fault management, loopback
    0x888E, 0x88F5, 0x88F6, 0x22EA,  # port access (EAPOL), registration of VLANs and streams
    0x88F7, 0x22F0,  # precision time, audio and video
    0x8863, 0x2001, 0xFEFE,  # PPPoE discovery, NHRP, ISO's routing
    0x0842, 0x887B, 0x88E1,  # wake on LAN, HomePlug
    0x8892, 0x88A4, 0x88E3,  # PROFINET, EtherCAT, media redundancy
    0x88A2, 0x8906, 0x8914, 0x8915,  # ATA, Fibre Channel and its start, RDMA
    0x8137, 0x809B, 0x80F3,  # IPX, AppleTalk and its ARP
)  # fmt: skip
"""Protocols that carry no IP (registry of IEEE): passed over, not counted."""

CONTROL_WORD: Final = b"\0\0"
"""What the control word of an Ethernet pseudowire begins with (RFC 4448 section 4.6)."""

ASSOCIATED_CHANNEL: Final = 1
"""First four bits of a pseudowire's control messages (RFC 4385 section 5)."""

PPP_CONTROL: Final = 0x8000
"""From here on PPP protocols set up links and networks (RFC 1661 section 2)."""

PPP_IPV4: Final = 0x0021
PPP_IPV6: Final = 0x0057

MAX_LENGTH_FIELD: Final = 1500
"""Up to here the type field of a frame is a length (IEEE 802.3 section 3.2.6)."""

LLC_SNAP: Final = b"\xaa\xaa\x03\x00\x00\x00"
"""SNAP with the organisation code of Ethernet types (RFC 1042)."""

MAX_TAGS: Final = 8
"""VLAN tags, LLC headers or MPLS labels of one frame. Chosen: 2026-11-22; networks use three."""

FAMILIES_IP: Final = frozenset({2, 10, 24, 28, 30})
"""AF_INET, and AF_INET6 of Linux, NetBSD, FreeBSD and Darwin."""

NFLOG_PAYLOAD: Final = 9
"""NFULA_PAYLOAD of Linux' nfnetlink_log."""

MAX_NFLOG_FIELDS: Final = 64

UNSUPPORTED: Final = "link type not supported"
UNREAD: Final = "frame of a protocol that is not read"
TOO_MANY_TAGS: Final = "too many VLAN tags or MPLS labels"


def find_ip(link_type: int, frame: bytes) -> bytes | None:
    """Return the IP packet in a frame, with whatever padding follows; null where it holds none.

    ``link_type`` is a LINKTYPE value. Raise :class:`UnusablePacketError` where the frame is too
    short, its tags are too many, the link type is not among :data:`LINK_TYPES`, or it holds what
    may carry IP in a way that is not known here.
    """
    strip = LINK_TYPES.get(link_type)
    if strip is None:
        raise UnusablePacketError(UNSUPPORTED)
    return strip(frame)


def find_ip_by_ethertype(ethertype: int, frame: bytes, at: int) -> bytes | None:
    """Return the IP packet behind an Ethernet type whose payload begins at ``at``, or null."""
    for _ in range(MAX_TAGS):
        if ethertype in (ETHERTYPE_IPV4, ETHERTYPE_IPV6):
            return frame[at:]
        if ethertype in ETHERTYPES_VLAN:
            ethertype = _u16(frame, at + 2)
            at += 4
        elif ethertype == ETHERTYPE_PPPOE:
            return strip_ppp(frame[at + 6 :])
        elif ethertype in ETHERTYPES_MPLS:
            at = _pass_labels(frame, at)
            if frame[at] >> 4 in (4, 6):  # IP, if its first four bits say so (RFC 4928)
                return frame[at:]
            if frame[at] >> 4 == ASSOCIATED_CHANNEL:
                return None
            if frame[at : at + 2] != CONTROL_WORD:
                raise UnusablePacketError(UNREAD)
            ethertype, at = _u16(frame, at + 16), at + 18
        elif ethertype == ETHERTYPE_BACKBONE:
            ethertype, at = _u16(frame, at + 16), at + 18
        elif ethertype > MAX_LENGTH_FIELD and ethertype not in QUIET_ETHERTYPES:
            raise UnusablePacketError(UNREAD)
        elif ethertype <= MAX_LENGTH_FIELD and frame[at : at + 6] == LLC_SNAP:
            ethertype = _u16(frame, at + 6)
            at += 8
        else:
            return None
    raise UnusablePacketError(TOO_MANY_TAGS)


def _pass_labels(frame: bytes, at: int) -> int:
    """Return where what lies below a label stack begins (RFC 3032 section 2.1)."""
    for below in range(at + 4, at + 4 * MAX_TAGS + 4, 4):
        if _u16(frame, below - 2) & 0x0100:
            if len(frame) <= below:
                raise UnusablePacketError(TRUNCATED)
            return below
    raise UnusablePacketError(TOO_MANY_TAGS)


def _u16(frame: bytes, at: int) -> int:
    if len(frame) < at + 2:
        raise UnusablePacketError(TRUNCATED)
    return frame[at] << 8 | frame[at + 1]


def strip_ethernet(frame: bytes) -> bytes | None:
    """Return the IP packet in an Ethernet frame, or null."""
    return find_ip_by_ethertype(_u16(frame, 12), frame, 14)


def _strip_nothing(frame: bytes) -> bytes:
    return frame


def _strip_null(frame: bytes) -> bytes | None:
    """Strip an address family in the byte order of whatever machine captured it."""
    if len(frame) < 4:
        raise UnusablePacketError(TRUNCATED)
    family = frame[:4]
    is_ip = not FAMILIES_IP.isdisjoint(
        (int.from_bytes(family, "little"), int.from_bytes(family, "big"))
    )
    return frame[4:] if is_ip else None


def _strip_linux_cooked(frame: bytes) -> bytes | None:
    return find_ip_by_ethertype(_u16(frame, 14), frame, 16)


def _strip_linux_cooked_2(frame: bytes) -> bytes | None:
    if len(frame) < 20:
        raise UnusablePacketError(TRUNCATED)
    return find_ip_by_ethertype(_u16(frame, 0), frame, 20)


def _strip_cisco_hdlc(frame: bytes) -> bytes | None:
    return find_ip_by_ethertype(_u16(frame, 2), frame, 4)


def strip_ppp(frame: bytes) -> bytes | None:
    """Strip PPP, its address and control fields left out or not (RFC 1661, RFC 1662)."""
    at = 2 if frame[:2] == b"\xff\x03" else 0
    if len(frame) <= at:
        raise UnusablePacketError(TRUNCATED)
    if frame[at] & 1:  # protocol field compressed to one octet (RFC 1661 section 6.5)
        protocol, at = frame[at], at + 1
    else:
        protocol, at = _u16(frame, at), at + 2
    if protocol in (PPP_IPV4, PPP_IPV6):
        return frame[at:]
    if protocol < PPP_CONTROL:
        raise UnusablePacketError(UNREAD)
    return None


def _strip_nflog(frame: bytes) -> bytes | None:
    """Find the payload among the fields of a Linux netfilter log; lengths are in host order."""
    if len(frame) < 4:
        raise UnusablePacketError(TRUNCATED)
    if frame[0] not in FAMILIES_IP:
        return None
    at = 4
    for _ in range(MAX_NFLOG_FIELDS):
        header = frame[at : at + 4]
        if len(header) < 4:
            break
        # Types are below 256, so the octet that is zero tells the byte order.
        is_little = header[3] == 0
        size_bytes = int.from_bytes(header[:2], "little" if is_little else "big")
        kind = header[2] if is_little else header[3]
        if size_bytes < 4:
            break
        if kind == NFLOG_PAYLOAD:
            return frame[at + 4 : at + size_bytes]
        at += size_bytes + -size_bytes % 4
    raise UnusablePacketError(TRUNCATED)


LINK_TYPES: Final[Mapping[int, Callable[[bytes], bytes | None]]] = {
    0: _strip_null,  # NULL
    1: strip_ethernet,  # ETHERNET
    9: strip_ppp,  # PPP
    12: _strip_nothing,  # DLT_RAW of most systems
    14: _strip_nothing,  # DLT_RAW of OpenBSD
    50: strip_ppp,  # PPP_HDLC
    101: _strip_nothing,  # RAW
    104: _strip_cisco_hdlc,  # C_HDLC
    108: _strip_null,  # LOOP
    113: _strip_linux_cooked,  # LINUX_SLL
    228: _strip_nothing,  # IPV4
    229: _strip_nothing,  # IPV6
    239: _strip_nflog,  # NFLOG
    276: _strip_linux_cooked_2,  # LINUX_SLL2
}
"""How to find the IP packet, by LINKTYPE value (the registry of the tcpdump project)."""
