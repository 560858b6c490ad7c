"""A sender of dnstap, as name servers are, for tests."""

import socket
import struct
from pathlib import Path

from unflux.read.dnstap import CONTENT_TYPE
from unflux.read.frame_streams import FINISH, READY, START, STOP, compose_control_frame

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
