"""A captured packet, and how much of a stream may be read at once."""

from typing import Final, NamedTuple, Protocol

from unflux.model.errors import UnfluxError

MAX_PACKET_SIZE_BYTES: Final = 256 << 10
"""Octets of the longest packet believed in; libpcap's own greatest snapshot length."""

TRUNCATED: Final = "truncated packet"

_SKIP_CHUNK_BYTES: Final = 64 << 10


class Packet(NamedTuple):
    """One packet as captured, cut to the snapshot length where it was longer."""

    ts_us: int | None
    """Microseconds since the epoch; null where the capture has no time for it."""
    link_type: int
    """LINKTYPE value (the registry of the tcpdump project)."""
    data: bytes


class UnusablePacketError(UnfluxError):
    """A packet cannot be followed to its payload; the message is the fixed reason to count."""


class Readable(Protocol):
    """What is asked of a stream of octets."""

    def read(self, size_bytes: int, /) -> bytes:
        """Return up to ``size_bytes``, nothing at the end only."""
        ...


class PrefixedStream:
    """A stream whose first octets were read already and come first again."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = head
        self._rest = rest

    def read(self, size_bytes: int, /) -> bytes:
        """Return up to ``size_bytes``, nothing at the end only."""
        if not self._head:
            return self._rest.read(size_bytes)
        data, self._head = self._head[:size_bytes], self._head[size_bytes:]
        return data


def read_exactly(stream: Readable, size_bytes: int) -> bytes:
    """Read ``size_bytes``, or less at the end only, from a stream that may give short reads."""
    data = stream.read(size_bytes)
    if len(data) == size_bytes or not data:
        return data
    parts = [data]
    missing = size_bytes - len(data)
    while missing and (data := stream.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def skip_bytes(stream: Readable, size_bytes: int) -> bool:
    """Pass over ``size_bytes`` without holding them; tell whether the stream had as many."""
    while size_bytes > 0:
        data = stream.read(min(size_bytes, _SKIP_CHUNK_BYTES))
        if not data:
            return False
        size_bytes -= len(data)
    return True
