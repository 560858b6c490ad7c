"""Lines of text from a byte stream, whatever ends them, of bounded length."""

from collections.abc import Iterator
from typing import Final, Protocol

from unflux.read.source import Drops

CHUNK_BYTES: Final = 1 << 18
MAX_LINE_BYTES: Final = 1 << 20
"""Longest line that is read. Chosen: 2026-11-22; a DNS message of 64 KiB, every octet escaped
fourfold with its JSON around it, stays below half of it."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
LONG_LINE: Final = "line too long"


class Readable(Protocol):
    """What the line and JSON readers need of a stream."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` octets; none at the end."""
        ...


class Peeked:
    """A stream whose first octets can be looked at; offers ``read`` and nothing else."""

    def __init__(self, stream: Readable, size: int = 1 << 16) -> None:
        self._stream = stream
        self.head = _read_fully(stream, size)
        """The first octets, up to ``size`` of them."""
        self._unread = self.head

    def read(self, size: int) -> bytes:
        """Return up to ``size`` octets; none at the end."""
        if not self._unread:
            return self._stream.read(size)
        given, self._unread = self._unread[:size], self._unread[size:]
        return given


def _read_fully(stream: Readable, size: int) -> bytes:
    octets = b""
    while len(octets) < size and (more := stream.read(size - len(octets))):
        octets += more
    return octets


def read_lines(stream: Readable, drops: Drops) -> Iterator[str]:
    """Yield the lines of a stream without their ends: LF, CR LF or a lone CR.

    A leading UTF-8 byte order mark is skipped. Octets that are not UTF-8 appear as ``\\xHH``.
    Lines over :data:`MAX_LINE_BYTES` are dropped and counted. Empty lines may be doubled.
    """
    rest, skipping, is_start = b"", False, True
    while chunk := stream.read(CHUNK_BYTES):
        if is_start:
            chunk, is_start = chunk.removeprefix(BYTE_ORDER_MARK), False
        lines = (rest + chunk).splitlines(keepends=True)
        rest = lines.pop() if lines and not lines[-1].endswith((b"\n", b"\r")) else b""
        if skipping and lines:
            del lines[0]
            skipping = False
        for line in lines:
            if len(line) > MAX_LINE_BYTES:
                drops.drop(LONG_LINE)
            else:
                yield decode(line.rstrip(b"\r\n"))
        if skipping:
            rest = b""
        elif len(rest) > MAX_LINE_BYTES:
            drops.drop(LONG_LINE)
            rest, skipping = b"", True
    if rest and not skipping:
        yield decode(rest)


def decode(octets: bytes) -> str:
    """Return the text of some octets; those that are not UTF-8 appear as ``\\xHH``."""
    return octets.decode("utf-8", "backslashreplace")


def head_lines(head: bytes) -> list[str]:
    """Return the non-empty lines that the head of a source holds, the last perhaps cut short."""
    lines = head.removeprefix(BYTE_ORDER_MARK).splitlines()
    return [decode(line) for line in lines if line.strip()]
