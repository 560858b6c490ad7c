"""A name server's end of a socket: sends at a rate, and drops what its queue has no room for."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from storms.frames import Frames
from unflux.model.control_frames import (
    ACCEPT,
    CONTENT_TYPE,
    FINISH,
    READY,
    START,
    STOP,
    compose_control_frame,
)

AT_ONCE: Final = 2000
"""Frames sent with one call."""
QUEUE_S: Final = 1.0
"""Seconds of its rate that wait in the sender at most; what comes then is lost, and counted."""
PATIENCE_S: Final = 120.0


@dataclass(slots=True, kw_only=True)
class Sent:
    """What became of the frames that were due."""

    frames: int = 0
    octets: int = 0
    lost: int = 0


@contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    """Open a stream, and at the end of the block hear that all was taken."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(path))
        connection.sendall(compose_control_frame(READY, CONTENT_TYPE))
        _expect(connection, compose_control_frame(ACCEPT, CONTENT_TYPE))
        connection.sendall(compose_control_frame(START, CONTENT_TYPE))
        yield connection
        connection.sendall(compose_control_frame(STOP))
        _expect(connection, compose_control_frame(FINISH))


def send(
    connection: socket.socket,
    frames: Frames,
    *,
    rate_per_s: float,
    seconds: float,
    sent: Sent,
    on_second: Callable[[], None] = lambda: None,
) -> None:
    """Send frames at a rate for a while; ``sent`` grows by what was sent and what was lost."""
    began = time.monotonic()
    done = 0
    next_look = began
    while (now := time.monotonic()) < began + seconds:
        if now >= next_look:
            on_second()
            next_look += 1.0
        due = int((now - began) * rate_per_s) - done
        overflow = due - int(QUEUE_S * rate_per_s)
        if overflow > 0:
            sent.lost += overflow
            done += overflow
        if due < AT_ONCE:
            time.sleep(AT_ONCE / rate_per_s / 2)
            continue
        octets = frames.take(AT_ONCE, time.time_ns() // 1000)
        connection.sendall(octets)
        done += AT_ONCE
        sent.frames += AT_ONCE
        sent.octets += len(octets)


def _expect(connection: socket.socket, wanted: bytes) -> None:
    got = b""
    while len(got) < len(wanted):
        more = connection.recv(len(wanted) - len(got))
        if not more:
            break
        got += more
    if got != wanted:
        raise ConnectionError(f"{got!r} instead of {wanted!r}")
