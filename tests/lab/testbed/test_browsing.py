"""Who is off line sends nothing, and nobody goes on after the testbed's time."""

import asyncio
import socket
from random import Random
from typing import cast

from unflux.lab.testbed.blueprint import Line, Segment
from unflux.lab.testbed.browsing import Browser, Host, Wanted
from unflux.lab.testbed.line import LONGEST_QUEUE_S, Delays
from unflux.lab.testbed.sockets import HostSockets

WANTED = [Wanted("a.example", 80, 1.0)]


class Counted:
    """Opens no socket, and counts who wanted one."""

    def __init__(self) -> None:
        self.opened = 0

    def open(self, segment: Segment, address: str, kind: socket.SocketKind) -> socket.socket:
        self.opened += 1
        raise OSError


def browse(*, is_on: bool, length_s: float) -> int:
    sockets = Counted()
    browser = Browser(cast(HostSockets, sockets), Random(1))
    host = Host(address="10.0.0.1", segment="abroad", resolver="10.0.0.2", is_on=lambda: is_on)

    async def all_steps() -> None:
        await asyncio.gather(
            browser.browse(host, WANTED, 0.02, length_s),
            browser.poll(host, "10.0.0.3", 0.02, length_s),
            browser.return_to(host, WANTED[0], 0.02, length_s),
        )

    asyncio.run(asyncio.wait_for(all_steps(), 30))
    return sockets.opened


def test_off_line_hosts_are_silent() -> None:
    assert browse(is_on=False, length_s=0.2) == 0
    assert browse(is_on=True, length_s=1.0) >= 3  # fifty times as long as a pause


def packet(source: bytes, target: bytes, size: int) -> bytes:
    return b"\x45" + bytes(11) + source + target + bytes(size - 20)


def test_lines_delay_keep_order_and_drop_what_would_wait_too_long() -> None:
    home, other = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 9])
    lines = {home: Line(delay_ms=50, jitter_ms=20, rate_kbit_s=1000)}
    delays = Delays(lines, Random(2))
    dues = [
        delays.due_at(packet(home, other, 1250), is_down=False, now=100 + n / 1000)
        for n in range(100)
    ]
    taken = [due for due in dues if due is not None]
    assert taken == sorted(taken)
    assert taken[0] >= 100.01  # 10 ms to send 1250 octets at 1 Mbit/s
    assert taken[-1] >= 100.95
    assert delays.due_at(packet(other, other, 40), is_down=False, now=7.0) == 7.0
    waiting = [
        delays.due_at(packet(other, home, 1250), is_down=True, now=200.0) for _ in range(400)
    ]
    kept = [due for due in waiting if due is not None]
    assert len(kept) < 400
    assert max(kept) <= 200 + LONGEST_QUEUE_S + 1
