"""What the user names (files, folders, globs, ``-``) becomes open, plain streams of octets."""

import errno
import glob
import hashlib
import io
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from unflux.model.errors import UnreadableSourceError
from unflux.read.decompression import DamagedError, decompress
from unflux.read.source import Drops

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STANDARD_INPUT: Final = "-"
HEAD_BYTES: Final = 1 << 16
CHUNK_BYTES: Final = 1 << 18
DIGEST_BYTES: Final = 32
MAGIC_BYTES: Final = 6
"""Octets that tell a compression; a pipe may give fewer at first."""
DAMAGED: Final = "compressed data damaged"

Advance = Callable[[int], None]
"""Told how many octets of a source, as stored, were read since it was last told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place to read from, not yet opened; may turn out not to be readable."""

    name: str
    """As shown to the user; also the path, but for standard input."""

    @property
    def is_standard_input(self) -> bool:
        """Whether this is standard input."""
        return self.name == STANDARD_INPUT

    @property
    def size_bytes(self) -> int | None:
        """Octets of a regular file as stored; null for anything else."""
        try:
            status = os.stat(self.name)  # noqa: PTH116
        except (OSError, ValueError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    @property
    def is_shareable(self) -> bool:
        """Whether another process finds the same octets here: regular files, but for /dev/fd."""
        is_descriptor = self.name.startswith(("/dev/", "/proc/"))
        return not self.is_standard_input and not is_descriptor and self.size_bytes is not None


def find_locations(arguments: Iterable[str]) -> Iterator[Location]:
    """Yield what the arguments name: each place once, folders and globs in sorted order.

    A folder stands for the regular files in it and below, hidden ones left out, links to folders
    not followed. A pattern stands for what matches, unless something has that very name. What
    cannot be read (nothing there, an empty folder, a pattern without matches) is a location all
    the same, and opening it says why not.
    """
    seen: set[str] = set()
    for argument in arguments:
        for name in _expand(argument):
            identity = name if name == STANDARD_INPUT else os.path.realpath(name)
            if identity not in seen:
                seen.add(identity)
                yield Location(name=name)


def _expand(argument: str) -> Iterator[str]:
    if argument == STANDARD_INPUT or "\0" in argument:
        yield argument
        return
    names = [argument]
    if glob.has_magic(argument) and not os.path.lexists(argument):
        names = sorted(glob.glob(argument, recursive=True)) or [argument]  # noqa: PTH207
    for name in names:
        if Path(name).is_dir():
            yield from _files_below(name)
        else:
            yield name


def _files_below(folder: str) -> Iterator[str]:
    refused: list[str] = []
    is_empty = True
    walk = os.walk(folder, onerror=lambda error: refused.append(str(error.filename)))
    for parent, folders, files in walk:
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            if not name.startswith(".") and path.is_file():
                is_empty = False
                yield str(path)
    yield from refused
    if is_empty and not refused:
        yield folder


class Opened:
    """An open source: its plain octets, and what was read of the stored ones.

    A context manager; leaving it closes the file, standard input excepted.
    """

    def __init__(
        self, location: Location, file: BinaryIO, drops: Drops, advance: Advance | None = None
    ) -> None:
        self.name = location.name
        self._file = file
        self._owns_file = not location.is_standard_input
        self._stored = _stored_chunks(file, self._saw, advance)
        self._digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        first = _at_least(MAGIC_BYTES, self._stored)
        chunks = _chain(first, self._stored)
        plain = decompress(chunks, first)
        raw = _ChunkStream(chunks if plain is None else _until_damaged(plain, drops))
        self.head = raw.peek_head()
        """The first plain octets, up to 64 KiB."""
        self.stream: BinaryIO = io.BufferedReader(raw, CHUNK_BYTES)
        """All the plain octets; ``read(n)`` gives fewer than n only at the end."""

    def digest(self) -> str:
        """Return the BLAKE2b digest (256 bit, hex) of the octets as stored, reading the rest."""
        for _ in self._stored:
            pass
        return self._digest.hexdigest()

    def _saw(self, chunk: bytes) -> None:
        self._digest.update(chunk)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stream.close()
        if self._owns_file:
            self._file.close()


def open_source(
    location: Location,
    drops: Drops,
    *,
    advance: Advance | None = None,
    standard_input: BinaryIO | None = None,
) -> Opened:
    """Open a location and read its head.

    Compression is recognised by content; where the compressed octets turn out damaged, the
    stream ends there and ``drops`` says so. Raises UnreadableSourceError where there is nothing
    to read: no such file, no permission, an empty folder, a device or socket, an empty file.
    """
    try:
        file = _open_file(location, standard_input)
        opened = Opened(location, file, drops, advance)
    except OSError as error:
        raise UnreadableSourceError(f"{location.name}: {_why(error)}") from error
    if not opened.head:
        with opened:
            why = "damaged from its first octet" if drops.reasons[DAMAGED] else "empty"
            raise UnreadableSourceError(f"{location.name}: {why}")
    return opened


def _open_file(location: Location, standard_input: BinaryIO | None) -> BinaryIO:
    if location.is_standard_input:
        return standard_input if standard_input is not None else sys.stdin.buffer
    name = location.name
    if "\0" in name:
        raise UnreadableSourceError(f"{name!a}: not a file name")
    mode = os.stat(name).st_mode  # noqa: PTH116
    if stat.S_ISDIR(mode):
        os.scandir(name).close()  # tells "no permission" from "no files"
        raise UnreadableSourceError(f"{name}: a folder without files to read")
    if stat.S_ISSOCK(mode):
        raise UnreadableSourceError(f"{name}: a socket")
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise UnreadableSourceError(f"{name}: a device")
    return open(name, "rb", buffering=0)  # noqa: PTH123


def _why(error: OSError) -> str:
    known = {errno.ENOENT: "no such file", errno.EACCES: "permission denied"}
    return known.get(error.errno or 0) or error.strerror or "cannot be read"


def _stored_chunks(
    file: BinaryIO, saw: Callable[[bytes], None], advance: Advance | None
) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        saw(chunk)
        if advance is not None:
            advance(len(chunk))
        yield chunk


def _at_least(size: int, chunks: Iterator[bytes]) -> bytes:
    octets = b""
    while len(octets) < size and (chunk := next(chunks, b"")):
        octets += chunk
    return octets


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _until_damaged(plain: Iterator[bytes], drops: Drops) -> Iterator[bytes]:
    try:
        yield from plain
    except DamagedError:
        drops.drop(DAMAGED)


class _ChunkStream(io.RawIOBase):
    """Chunks of octets as a raw stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._pending = b""

    def peek_head(self) -> bytes:
        """Return the first octets, up to :data:`HEAD_BYTES`, and keep them to be read."""
        parts: list[bytes] = []
        size = 0
        while size < HEAD_BYTES and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            size += len(chunk)
        self._pending = b"".join(parts)
        return self._pending[:HEAD_BYTES]

    def readable(self) -> bool:
        """Say that the stream can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill some of the buffer; 0 at the end."""
        if not self._pending:
            self._pending = next(self._chunks, b"")
        room = memoryview(buffer).cast("B")
        given = self._pending[: len(room)]
        self._pending = self._pending[len(given) :]
        room[: len(given)] = given
        return len(given)
