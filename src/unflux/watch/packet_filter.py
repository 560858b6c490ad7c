"""The packet filter that the Linux kernel runs for us: what comes from the ports of DNS."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SNAPSHOT_BYTES: Final = 0x40000
"""Octets to keep of a packet: all of it."""
MAX_PORTS: Final = 64
"""A jump of the machine goes 255 instructions far."""

# Instructions of the classic BPF machine (linux/bpf_common.h), A and X are its registers.
_LOAD_HALF: Final = 0x28  # A = two octets at k
_LOAD_OCTET: Final = 0x30
_LOAD_HALF_AT_X: Final = 0x48  # A = two octets at X + k
_LOAD_OCTET_AT_X: Final = 0x50
_SET_X: Final = 0x01  # X = k
_JUMP: Final = 0x05
_IF_EQUAL: Final = 0x15
_IF_ANY_BIT: Final = 0x45
_AND: Final = 0x54
_SHIFT_LEFT: Final = 0x64
_ADD: Final = 0x04
_ADD_X: Final = 0x0C
_A_TO_X: Final = 0x07
_X_TO_A: Final = 0x87
_RETURN: Final = 0x06

_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
_TAGS: Final = (0x8100, 0x88A8, 0x9100)
"""VLAN tags (IEEE 802.1Q, 802.1ad, and the number that was used before)."""
_TCP, _UDP, _FRAGMENT = 6, 17, 44

_ETHERNET_BYTES: Final = 14
_TAG_BYTES: Final = 4
_MAX_TAGS: Final = 2


@dataclass(frozen=True, slots=True)
class _Step:
    code: int
    value: int = 0
    yes: str | None = None
    """Where a jump goes; null: to the next step."""
    no: str | None = None
    label: str | None = None
    """A name of this step, which others jump to."""


def compose_filter(ports: Iterable[int], *, is_ethernet: bool) -> bytes:
    """Return the program that keeps TCP and UDP from these ports, and fragments to come of any.

    For packets that begin with an Ethernet header, behind which there may be two VLAN tags, or with
    their IP header. Of IPv6 extension headers the fragment header alone is looked behind. Each
    instruction is a ``struct sock_filter`` (linux/filter.h); raises ValueError at too many ports.
    """
    chosen = sorted(set(ports))
    if not 0 < len(chosen) <= MAX_PORTS:
        message = f"{len(chosen)} ports, 1 to {MAX_PORTS} can be"
        raise ValueError(message)
    steps = [*(_ethernet() if is_ethernet else _bare()), *_IP, *_from_ports(chosen)]
    return b"".join(_assemble(steps))


def _ethernet() -> Iterable[_Step]:
    """Find the IP header: X is where it begins."""
    for tags in range(_MAX_TAGS + 1):
        begins_at = _ETHERNET_BYTES + tags * _TAG_BYTES
        yield _Step(_SET_X, begins_at, label=f"tag{tags}")
        yield _Step(_LOAD_HALF, begins_at - 2)
        yield _Step(_IF_EQUAL, _IPV4, yes="ipv4")
        yield _Step(_IF_EQUAL, _IPV6, yes="ipv6")
        if tags < _MAX_TAGS:
            for tag in _TAGS:
                yield _Step(_IF_EQUAL, tag, yes=f"tag{tags + 1}")
        yield _Step(_JUMP, yes="drop")


def _bare() -> Iterable[_Step]:
    yield _Step(_SET_X, 0)
    yield _Step(_LOAD_OCTET, 0)
    yield _Step(_AND, 0xF0)
    yield _Step(_IF_EQUAL, 0x40, yes="ipv4")
    yield _Step(_IF_EQUAL, 0x60, yes="ipv6", no="drop")


_IP: Final = (
    # RFC 791 section 3.1
    _Step(_LOAD_OCTET_AT_X, 9, label="ipv4"),
    _Step(_IF_EQUAL, _UDP, yes="ipv4 place"),
    _Step(_IF_EQUAL, _TCP, yes="ipv4 place", no="drop"),
    _Step(_LOAD_HALF_AT_X, 6, label="ipv4 place"),
    _Step(_IF_ANY_BIT, 0x1FFF, yes="keep"),
    _Step(_LOAD_OCTET_AT_X, 0),
    _Step(_AND, 0x0F),
    _Step(_SHIFT_LEFT, 2),
    _Step(_JUMP, yes="payload"),
    # RFC 8200 sections 3 and 4.5
    _Step(_LOAD_OCTET_AT_X, 6, label="ipv6"),
    _Step(_IF_EQUAL, _UDP, yes="ipv6 whole"),
    _Step(_IF_EQUAL, _TCP, yes="ipv6 whole"),
    _Step(_IF_EQUAL, _FRAGMENT, no="drop"),
    _Step(_LOAD_OCTET_AT_X, 40),
    _Step(_IF_EQUAL, _UDP, yes="ipv6 place"),
    _Step(_IF_EQUAL, _TCP, yes="ipv6 place", no="drop"),
    _Step(_LOAD_HALF_AT_X, 42, label="ipv6 place"),
    _Step(_IF_ANY_BIT, 0xFFF8, yes="keep"),
    _Step(_X_TO_A),
    _Step(_ADD, 48),
    _Step(_JUMP, yes="ports"),
    _Step(_X_TO_A, label="ipv6 whole"),
    _Step(_ADD, 40),
    _Step(_JUMP, yes="ports"),
    _Step(_ADD_X, label="payload"),
    _Step(_A_TO_X, label="ports"),
    _Step(_LOAD_HALF_AT_X, 0),
)
"""Go to the source port, the first two octets of UDP and TCP (RFC 768, RFC 9293 section 3.1)."""


def _from_ports(ports: list[int]) -> Iterable[_Step]:
    for port in ports:
        yield _Step(_IF_EQUAL, port, yes="keep")
    yield _Step(_RETURN, 0, label="drop")
    yield _Step(_RETURN, SNAPSHOT_BYTES, label="keep")


def _assemble(steps: list[_Step]) -> Iterable[bytes]:
    places = {step.label: at for at, step in enumerate(steps) if step.label}
    for at, step in enumerate(steps):
        yes, no = (places[to] - at - 1 if to else 0 for to in (step.yes, step.no))
        if step.code == _JUMP:
            yield struct.pack("=HBBI", step.code, 0, 0, yes)
        else:
            yield struct.pack("=HBBI", step.code, yes, no, step.value)
