"""A log that is open: its octets from a place on, decompressed where it is compressed."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

CHUNK_BYTES: Final = 1 << 18
MAGIC_BYTES: Final = 6

Decompress = Callable[[Iterator[bytes], bytes], Iterator[bytes] | None]
"""Returns the plain octets of chunks by what they begin with, null where they are plain already;
raises EOFError after the last octet where they are damaged, or not all there yet."""


class PlainLog:
    """An open file, read on as it grows; raises OSError where it cannot be, or is no file."""

    def __init__(self, path: Path, decompress: Decompress) -> None:
        # A pipe in its place must not make us wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._file: BinaryIO = os.fdopen(descriptor, "rb", buffering=0)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            self._decompress = decompress
            self._descriptor = descriptor
            self.path = path
            self.inode = status.st_ino
            self.device = status.st_dev
            self.is_damaged = False
            self._plain: Iterator[bytes] = iter(())
            self._plain_at = 0
            self._held = b""
            self._seen: tuple[int, int] | None = None
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close it."""
        self._file.close()

    @property
    def is_compressed(self) -> bool:
        """Whether what is stored is not what is read."""
        magic = os.pread(self._descriptor, MAGIC_BYTES, 0)
        return self._decompress(iter(()), magic) is not None

    @property
    def modified_ns(self) -> int:
        """When it was written to last."""
        return os.fstat(self._descriptor).st_mtime_ns

    def head(self, size: int) -> bytes:
        """Return the first octets, as far as they are there."""
        octets = os.pread(self._descriptor, max(size, MAGIC_BYTES), 0)
        if self._decompress(iter(()), octets[:MAGIC_BYTES]) is None:
            return octets[:size]
        head = b""
        try:
            for piece in self._open_plain():
                head += piece
                if len(head) >= size:
                    break
        except EOFError:
            self.is_damaged = True
        return head[:size]

    def read(self, offset: int, size: int) -> bytes | None:
        """Return up to so many octets from an offset on; null where the file ends before it."""
        if self.is_compressed:
            return self._read_compressed(offset, size)
        if os.fstat(self._descriptor).st_size < offset:
            return None
        return os.pread(self._descriptor, size, offset)

    def _read_compressed(self, offset: int, size: int) -> bytes | None:
        if offset < self._plain_at:
            self._begin()
        octets = self._take(offset, size)
        if (octets is None or len(octets) < size) and self._seen != self._state():
            self._begin()
            octets = self._take(offset, size)
        return octets

    def _begin(self) -> None:
        """Decompress from the first octet on."""
        self._seen = self._state()
        self._plain, self._plain_at, self._held = self._open_plain(), 0, b""
        self.is_damaged = False

    def _take(self, offset: int, size: int) -> bytes | None:
        """Decompress on; return what there is from the offset on, and hold it."""
        try:
            while self._plain_at + len(self._held) < offset + size:
                piece = next(self._plain, b"")
                if not piece:
                    break
                self._held += piece
                self._pass(offset)
        except EOFError:
            self.is_damaged = True
        self._pass(offset)
        return None if self._plain_at < offset else self._held[:size]

    def _pass(self, offset: int) -> None:
        passed = min(offset - self._plain_at, len(self._held))
        self._held = self._held[passed:]
        self._plain_at += passed

    def _state(self) -> tuple[int, int]:
        status = os.fstat(self._descriptor)
        return status.st_size, status.st_mtime_ns

    def _open_plain(self) -> Iterator[bytes]:
        plain = self._decompress(self._chunks(), os.pread(self._descriptor, MAGIC_BYTES, 0))
        return iter(()) if plain is None else plain

    def _chunks(self) -> Iterator[bytes]:
        at = 0
        while chunk := os.pread(self._descriptor, CHUNK_BYTES, at):
            at += len(chunk)
            yield chunk
