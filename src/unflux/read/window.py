"""Octets of a stream side by side in memory, for decoders that look at many at a time."""

import io
from typing import Final, Protocol

import numpy as np

BUFFER_BYTES: Final = 2 << 20
"""Octets read at once. Chosen: 2026-11-24; a core's own cache holds some of it, and the record
cut by its end is copied once in thousands."""


class Fillable(Protocol):
    """What is asked of a stream of octets."""

    def read(self, size_bytes: int, /) -> bytes:
        """Return up to ``size_bytes``, nothing at the end only."""
        ...


class Window:
    """The part of a stream that is in memory: octets ``at`` to ``end`` of ``octets``."""

    def __init__(self, stream: Fillable) -> None:
        self._stream = stream
        self.octets = np.empty(0, np.uint8)
        self.at = 0
        self.end = 0

    def __len__(self) -> int:
        return self.end - self.at

    def refill(self) -> bool:
        """Keep what is left and read on; false at the end of the stream.

        The octets lie in other memory then; what was given out of the former stays as it is.
        """
        left = len(self)
        octets = np.empty(max(BUFFER_BYTES, 2 * left), np.uint8)
        octets[:left] = self.octets[self.at : self.end]
        count = _read_into(self._stream, memoryview(octets.data)[left:])
        self.octets, self.at, self.end = octets, 0, left + count
        return count > 0

    def has(self, size_bytes: int) -> bool:
        """Tell whether so many octets are there, reading on as need be."""
        while len(self) < size_bytes:
            if not self.refill():
                return False
        return True

    def peek(self, size_bytes: int) -> bytes:
        """Return the next octets, at the end of the stream fewer, without passing them."""
        self.has(size_bytes)
        return self.octets[self.at : min(self.at + size_bytes, self.end)].tobytes()

    def take(self, size_bytes: int) -> bytes:
        """Return the next octets, at the end of the stream fewer, and pass them."""
        taken = self.peek(size_bytes)
        self.at += len(taken)
        return taken

    def skip(self, size_bytes: int) -> bool:
        """Pass over octets without keeping them; tell whether there were as many."""
        while len(self) < size_bytes:
            size_bytes -= len(self)
            self.at = self.end
            if not self.refill():
                return False
        self.at += size_bytes
        return True


def _read_into(stream: Fillable, room: memoryview) -> int:
    """Fill the room as far as the stream goes; return how many octets came, 0 at its end."""
    count = 0
    while count < len(room):
        if isinstance(stream, io.BufferedIOBase):
            got = stream.readinto(room[count:])
        else:
            octets = stream.read(len(room) - count)
            got = len(octets)
            room[count : count + got] = octets
        if not got:
            break
        count += got
    return count
