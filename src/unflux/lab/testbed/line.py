"""Long lines: a process that carries packets between two tun devices late, and at a limited rate.

A stand-in for netem, which few kernels of containers and small machines have.
"""

import fcntl
import heapq
import os
import select
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from typing import Final

from unflux.lab.testbed.blueprint import Line
from unflux.lab.testbed.namespaces import entered, namespace_name
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.state import State
from unflux.lab.testbed.wiring import LONG_LINES, ROUTER_OF, UPLINK

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_NO_PI: Final = 0x0001 | 0x1000
PACKET_OCTETS: Final = 1 << 16
LONGEST_QUEUE_S: Final = 2.0
"""What would wait longer for its line is dropped, as the buffers of modems do."""
MOST_WAITING: Final = 50_000
_TAKEN_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class _End:
    """One end of a long line."""

    device: int
    other: int
    is_upper: bool
    """Whether packets that come out of it go down to a host."""


class Delays:
    """When a packet that enters a line comes out of it."""

    def __init__(self, lines: Mapping[bytes, Line], rng: Random) -> None:
        """``lines``: packed address of a host to its line."""
        self._lines, self._rng = lines, rng
        self._free_at: dict[tuple[bytes, bool], float] = {}
        self._last_at: dict[tuple[bytes, bool], float] = {}

    def due_at(self, packet: bytes, *, is_down: bool, now: float) -> float | None:
        """Return the moment of its arrival, ``now`` for unknown hosts, null if it is dropped."""
        address = packet[16:20] if is_down else packet[12:16]
        line = self._lines.get(address)
        if line is None:
            return now
        key = (address, is_down)
        begins = max(now, self._free_at.get(key, 0.0))
        if begins - now > LONGEST_QUEUE_S:
            return None
        sent = begins + len(packet) * 8 / (line.rate_kbit_s * 1000)
        self._free_at[key] = sent
        delay_s = max(0.0, self._rng.gauss(line.delay_ms, line.jitter_ms)) / 1000
        # A line does not reorder.
        due = max(sent + delay_s, self._last_at.get(key, 0.0))
        self._last_at[key] = due
        return due


def carry(ends: Mapping[int, _End], delays: Delays) -> None:
    """Carry packets until the process is killed."""
    waiting: list[tuple[float, int, int, bytes]] = []
    number = 0
    with select.epoll() as poll:
        for descriptor in ends:
            poll.register(descriptor, select.EPOLLIN)
        while True:
            patience_s = max(0.0, waiting[0][0] - time.monotonic()) if waiting else -1
            for descriptor, _ in poll.poll(patience_s):
                end = ends[descriptor]
                for packet in _taken(descriptor):
                    now = time.monotonic()
                    due = delays.due_at(packet, is_down=end.is_upper, now=now)
                    if due is not None and len(waiting) < MOST_WAITING:
                        number += 1
                        heapq.heappush(waiting, (due, number, end.other, packet))
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                _, _, other, packet = heapq.heappop(waiting)
                _give(other, packet)


def _taken(descriptor: int) -> list[bytes]:
    packets = []
    for _ in range(_TAKEN_AT_ONCE):
        try:
            packet = os.read(descriptor, PACKET_OCTETS)
        except BlockingIOError:
            break
        if len(packet) >= 20 and packet[0] >> 4 == 4:
            packets.append(packet)
    return packets


def _give(descriptor: int, packet: bytes) -> None:
    try:
        os.write(descriptor, packet)
    except OSError:
        return  # a full queue or a packet the kernel does not like: lost, as on any line


def _open(namespace: str, device: str) -> int:
    with entered(namespace):
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        request = struct.pack("16sH22x", device.encode("ascii"), _IFF_TUN_NO_PI)
        fcntl.ioctl(descriptor, _TUNSETIFF, request)
    return descriptor


def open_ends(testbed: str) -> dict[int, _End]:
    """Open both ends of every long line."""
    ends: dict[int, _End] = {}
    for segment in LONG_LINES:
        above = _open(namespace_name(testbed, ROUTER_OF[segment]), segment)
        below = _open(namespace_name(testbed, segment), UPLINK)
        ends[above] = _End(above, below, is_upper=True)
        ends[below] = _End(below, above, is_upper=False)
    return ends


def main(state_folder: str) -> None:
    """Carry the packets of the testbed whose state lies in the folder."""
    state = State(Path(state_folder))
    record = state.read()
    blueprint = draw_blueprint(record.options)
    lines = {IPv4Address(address).packed: line for address, line in blueprint.lines.items()}
    ends = open_ends(record.testbed)
    state.tell_ready("line")
    carry(ends, Delays(lines, Random(f"{blueprint.seed}/lines")))  # noqa: S311 - a simulation


if __name__ == "__main__":
    main(sys.argv[1])
