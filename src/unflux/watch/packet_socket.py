"""A packet socket with a ring that the Linux kernel fills (AF_PACKET, TPACKET_V3)."""

import ctypes
import errno
import fcntl
import mmap
import os
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unflux.model.errors import UnfluxError
from unflux.watch.packet_filter import compose_filter

ETHERNET: Final = 1
RAW_IP: Final = 101
"""LINKTYPE values of pcap: packets begin with an Ethernet header, or with their IP header."""

# linux/if_packet.h, linux/if_ether.h, linux/if_arp.h, linux/sockios.h, asm-generic/socket.h
_SOL_PACKET: Final = 263
_ADD_MEMBERSHIP: Final = 1
_RX_RING: Final = 5
_STATISTICS: Final = 6
_VERSION: Final = 10
_IGNORE_OUTGOING: Final = 23
_TPACKET_V3: Final = 2
_PROMISCUOUS: Final = 1
_ALL_PROTOCOLS: Final = 3
_ARP_ETHERNET: Final = 1
_ARP_LOOPBACK: Final = 772
_GET_FLAGS: Final = 0x8913
_GET_HARDWARE: Final = 0x8927
_IS_UP: Final = 0x1
_ATTACH_FILTER: Final = 26
_USER_OWNS: Final = 1
_STATUS_AT: Final = 8
"""Where a block says whose it is; :data:`_USER_OWNS`: ours, to read."""
_NAME_BYTES: Final = 15
"""Of an interface, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The ring of an interface."""

    block_bytes: int = 1 << 20
    """Handed over when full; no packet is longer."""
    blocks: int = 64
    """64 MiB. Chosen: 2026-11-28; at 100,000 responses/s of 200 octets two and a half seconds."""
    flush_ms: int = 100
    """A block is handed over after so long at the latest."""


class PacketSocket:
    """Packets from the ports of DNS at one interface, in blocks."""

    def __init__(self, name: str, opened: socket.socket, link_type: int, limits: Limits) -> None:
        self.name = name
        self.link_type = link_type
        self.block_bytes = limits.block_bytes
        self._socket = opened
        self._index = socket.if_nametoindex(name)
        self._count = limits.blocks
        self._ring = mmap.mmap(opened.fileno(), limits.block_bytes * limits.blocks)
        self._view = memoryview(self._ring)
        self._next = 0

    def fileno(self) -> int:
        """Return what is readable when there is a block."""
        return self._socket.fileno()

    def next_block(self) -> memoryview | None:
        """Return the next block, null where there is none yet; valid until it is released."""
        start = self._next * self.block_bytes
        (status,) = struct.unpack_from("=I", self._view, start + _STATUS_AT)
        if not status & _USER_OWNS:
            return None
        return self._view[start : start + self.block_bytes]

    def release_block(self) -> None:
        """Give the block back, to be filled again."""
        struct.pack_into("=I", self._view, self._next * self.block_bytes + _STATUS_AT, 0)
        self._next = (self._next + 1) % self._count

    def take_drop_count(self) -> int:
        """Return how many packets found no room since the last call."""
        octets = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        return int(struct.unpack("=III", octets)[1])

    def find_failure(self) -> str | None:
        """Return why no packet can come; null while they can."""
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # else it stays readable
        try:
            is_same = socket.if_nametoindex(self.name) == self._index
            is_up = is_same and _flags(self._socket, self.name) & _IS_UP
        except OSError:
            is_same = is_up = False
        if not is_same:
            return "the interface has gone; once it is back, start the watch again"
        return None if is_up else "the interface is down"

    def close(self) -> None:
        """Give the ring back and close the socket."""
        self._view.release()
        self._ring.close()
        self._socket.close()


@contextmanager
def open_interfaces(
    names: Iterable[str], ports: Iterable[int], limits: Limits
) -> Iterator[tuple[PacketSocket, ...]]:
    """Take packets from each of some interfaces once, as :func:`open_interface` does."""
    with ExitStack() as stack:
        yield tuple(
            stack.enter_context(open_interface(name, ports, limits))
            for name in dict.fromkeys(names)
        )


@contextmanager
def open_interface(name: str, ports: Iterable[int], limits: Limits) -> Iterator[PacketSocket]:
    """Take packets that come in at an interface while the block runs, also those meant for others.

    What goes out is left: beside a resolver these are its answers to clients, and at the loopback
    interface the same once more. Raises UnfluxError that says what to grant where this process
    may not.
    """
    try:
        opened = _open(name, ports, limits)
    except OSError as error:
        raise UnfluxError(f"cannot take packets from {name!a}: {_why(error)}") from error
    try:
        yield opened
    finally:
        opened.close()


def _open(name: str, ports: Iterable[int], limits: Limits) -> PacketSocket:
    if not hasattr(socket, "AF_PACKET"):
        raise OSError(errno.EAFNOSUPPORT, "only Linux has packet sockets")
    if not 0 < len(os.fsencode(name)) <= _NAME_BYTES:
        raise OSError(errno.ENODEV, "")
    socket.if_nametoindex(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        hardware = _ask(asking, name, _GET_HARDWARE)
    is_ethernet = hardware in (_ARP_ETHERNET, _ARP_LOOPBACK)
    # Without a protocol nothing arrives before the filter is in place.
    kind = socket.SOCK_RAW if is_ethernet else socket.SOCK_DGRAM
    opened = socket.socket(socket.AF_PACKET, kind, 0)
    try:
        attach_filter(opened, compose_filter(ports, is_ethernet=is_ethernet))
        opened.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
        opened.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        frame_bytes = 2048
        opened.setsockopt(
            _SOL_PACKET, _RX_RING,
            struct.pack(
                "=7I", limits.block_bytes, limits.blocks, frame_bytes,
                limits.block_bytes // frame_bytes * limits.blocks, limits.flush_ms, 0, 0,
            ),
        )  # fmt: skip
        ring = PacketSocket(name, opened, ETHERNET if is_ethernet else RAW_IP, limits)
        opened.bind((name, _ALL_PROTOCOLS))
        index = socket.if_nametoindex(name)
        membership = struct.pack("=iHH8s", index, _PROMISCUOUS, 0, b"")
        opened.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, membership)
    except BaseException:
        opened.close()
        raise
    return ring


def attach_filter(to: socket.socket, program: bytes) -> None:
    """Have the kernel keep from a socket what a program does not want; raises OSError."""
    instructions = ctypes.create_string_buffer(program, len(program))
    count, address = len(program) // 8, ctypes.addressof(instructions)
    to.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("@HP", count, address))


def _ask(asking: socket.socket, name: str, question: int) -> int:
    """Return the two octets that a ``struct ifreq`` answers a question with."""
    answer = fcntl.ioctl(asking, question, struct.pack("16s24x", os.fsencode(name)))
    return int(struct.unpack_from("=H", answer, 16)[0])


def _flags(asking: socket.socket, name: str) -> int:
    return _ask(asking, name, _GET_FLAGS)


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        interpreter = Path(sys.executable).resolve()
        return (
            "this needs CAP_NET_RAW: start as root with --user NAME, or have systemd grant it "
            "(AmbientCapabilities=CAP_NET_RAW), or grant it to the interpreter "
            f"(setcap cap_net_raw+ep {interpreter})"
        )
    if error.errno == errno.EAFNOSUPPORT:
        return "no packet sockets here (systemd: RestrictAddressFamilies=AF_PACKET)"
    if error.errno in (errno.ENODEV, errno.ENXIO) or "no interface" in str(error):
        return "there is no such interface"
    return error.strerror or str(error)
