"""Send the frames of a capture at an interface, at a rate; say how many and in what time.

Usage: packet_sender.py INTERFACE PCAP RATE_PER_S SECONDS

Run it in a network namespace of its own: it sends what the capture holds, whatever that is.
"""

import ctypes
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, Final

AT_ONCE: Final = 64
"""Frames of one system call."""
_SOL_PACKET, _QDISC_BYPASS = 263, 20


class _Piece(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """``struct mmsghdr``."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("pieces", ctypes.c_void_p),
        ("piece_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("sent", ctypes.c_uint),
    )


def frames_of(octets: bytes) -> list[tuple[int, int]]:
    """Return where the frames of a capture (little endian) begin and how long they are."""
    found, at = [], 24
    while at + 16 <= len(octets):
        (size,) = struct.unpack_from("<I", octets, at + 8)
        found.append((at + 16, size))
        at += 16 + size
    return found


def messages_of(octets: Any, frames: list[tuple[int, int]]) -> Any:
    """Return the structures for the system, which live as long as the octets do."""
    base = ctypes.addressof(octets)
    pieces = (_Piece * len(frames))(*[(base + at, size) for at, size in frames])
    first, step = ctypes.addressof(pieces), ctypes.sizeof(_Piece)
    messages = (_Message * len(frames))(
        *[(None, 0, first + n * step, 1, None, 0, 0, 0) for n in range(len(frames))]
    )
    messages.kept = pieces
    return messages


def main(arguments: list[str]) -> None:
    """Send for so long and print frames and seconds."""
    interface, path, rate, seconds = arguments
    content = Path(path).read_bytes()
    octets = ctypes.create_string_buffer(content, len(content))
    frames = frames_of(content)
    messages = messages_of(octets, frames)
    first, step = ctypes.addressof(messages), ctypes.sizeof(_Message)
    send = ctypes.CDLL(None, use_errno=True).sendmmsg
    send.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
    wanted, sent, at = int(float(rate) * float(seconds)), 0, 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.bind((interface, 0))
        sender.setsockopt(_SOL_PACKET, _QDISC_BYPASS, 1)
        began_at_s = time.monotonic()
        while sent < wanted:
            due = min(wanted, int((time.monotonic() - began_at_s) * float(rate)))
            while sent < due:
                count = send(
                    sender.fileno(),
                    first + at * step,
                    min(AT_ONCE, due - sent, len(frames) - at),
                    0,
                )
                if count > 0:
                    sent += count
                    at = (at + count) % len(frames)
            time.sleep(0.0005)
        took_s = time.monotonic() - began_at_s
    print(sent, took_s)


if __name__ == "__main__":
    main(sys.argv[1:])
