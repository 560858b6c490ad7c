"""A sender of dnstap, as name servers are, for tests."""

import socket
import struct
from pathlib import Path

from unflux.model.control_frames import (
    CONTENT_TYPE,
    FINISH,
    READY,
    START,
    STOP,
    compose_control_frame,
)

RESOLVER_RESPONSE, INET, UDP, MESSAGE = 4, 1, 1, 1
"""Of dnstap.proto."""
GOLDEN = Path(__file__).parents[1] / "golden" / "read" / "dnstap" / "input.fstrm"


def golden_frames() -> bytes:
    """Return the data frames of the golden file: seven, four of them responses."""
    octets = GOLDEN.read_bytes()
    (size_bytes,) = struct.unpack("!I", octets[4:8])
    frames = octets[8 + size_bytes :]
    return frames.removesuffix(compose_control_frame(STOP))


def exact(connection: socket.socket, size_bytes: int) -> bytes:
    octets = b""
    while len(octets) < size_bytes:
        octets += connection.recv(size_bytes - len(octets)) or b"?" * size_bytes
    return octets


def open_stream(connection: socket.socket) -> None:
    """Shake hands and start."""
    connection.settimeout(20)
    connection.sendall(compose_control_frame(READY, CONTENT_TYPE))
    assert exact(connection, 42) == compose_control_frame(1, CONTENT_TYPE)
    connection.sendall(compose_control_frame(START, CONTENT_TYPE))


def close_stream(connection: socket.socket) -> None:
    """Stop, and hear that all was taken."""
    connection.sendall(compose_control_frame(STOP))
    assert exact(connection, 12) == compose_control_frame(FINISH)


def connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(path))
    return connection


def response_frame(message: bytes, at_s: float) -> bytes:
    """Return the data frame of a response that a resolver was given at a moment."""
    seconds = int(at_s)
    told = (
        _number(1, RESOLVER_RESPONSE) + _number(2, INET) + _number(3, UDP)
        + _number(12, seconds) + _octets(14, message)
    )  # fmt: skip
    frame = _octets(14, told) + _number(15, MESSAGE)
    return struct.pack("!I", len(frame)) + frame


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _octets(field: int, octets: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(octets)) + octets


def _varint(value: int) -> bytes:
    octets = bytearray()
    while value >= 0x80:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*octets, value])
