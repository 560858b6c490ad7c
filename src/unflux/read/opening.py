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
from unflux.read.read_ahead import ReadAhead
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
        self,
        location: Location,
        file: BinaryIO,
        drops: Drops,
        advance: Advance | None = None,
        *,
        with_digest: bool = True,
    ) -> None:
        self.name = location.name
        self._file = file
        self._owns_file = not location.is_standard_input
        self._stored = _Stored(file, advance, with_digest=with_digest)
        first = _at_least(MAGIC_BYTES, self._stored)
        self._ahead: ReadAhead | None = None
        plain = decompress(_chunks(first, self._stored), first)
        if plain is None:
            self._stored.put_back(first)
            raw: _Raw = self._stored
        else:
            self._ahead = ReadAhead(plain)
            raw = _ChunkStream(_until_damaged(self._ahead.chunks(), drops))
        head = _at_least(HEAD_BYTES, raw)
        raw.put_back(head)
        self.head = head[:HEAD_BYTES]
        """The first plain octets, up to 64 KiB."""
        self.stream: BinaryIO = io.BufferedReader(raw, CHUNK_BYTES)
        """All the plain octets; ``read(n)`` gives fewer than n only at the end."""

    def digest(self) -> str | None:
        """Return the BLAKE2b digest (256 bit, hex) of the octets as stored, reading the rest.

        Null where it was not asked for.
        """
        if self._ahead is not None:
            self._ahead.close()
        return self._stored.digest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ahead is not None:
            self._ahead.close()
        self.stream.close()
        if self._owns_file:
            self._file.close()


def open_source(
    location: Location,
    drops: Drops,
    *,
    advance: Advance | None = None,
    standard_input: BinaryIO | None = None,
    with_digest: bool = True,
) -> Opened:
    """Open a location and read its head.

    Compression is recognised by content; where the compressed octets turn out damaged, the
    stream ends there and ``drops`` says so. Raises UnreadableSourceError where there is nothing
    to read: no such file, no permission, an empty folder, a device or socket, an empty file.
    """
    try:
        file = _open_file(location, standard_input)
        opened = Opened(location, file, drops, advance, with_digest=with_digest)
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


def _at_least(size: int, raw: "_Raw") -> bytes:
    """Read until there are so many octets, or all."""
    parts: list[bytes] = []
    missing = size
    while missing > 0 and (chunk := raw.read(CHUNK_BYTES)):
        parts.append(chunk)
        missing -= len(chunk)
    return b"".join(parts)


def _chunks(first: bytes, stored: "_Stored") -> Iterator[bytes]:
    if first:
        yield first
    while chunk := stored.read(CHUNK_BYTES):
        yield chunk


def _until_damaged(plain: Iterator[bytes], drops: Drops) -> Iterator[bytes]:
    try:
        yield from plain
    except DamagedError:
        drops.drop(DAMAGED)


class _Raw(io.RawIOBase):
    """A raw stream to which octets that were read can be put back."""

    _returned = memoryview(b"")

    def readable(self) -> bool:
        """Say that the stream can be read."""
        return True

    def put_back(self, octets: bytes) -> None:
        """Let octets that were read come once more, first."""
        self._returned = memoryview(octets + self._returned)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill some of the buffer; 0 at the end."""
        room = memoryview(buffer).cast("B")
        if not self._returned:
            return self._fill(room)
        given = self._returned[: len(room)]
        self._returned = self._returned[len(given) :]
        room[: len(given)] = given
        return len(given)

    def _fill(self, room: memoryview) -> int:
        raise NotImplementedError


class _Stored(_Raw):
    """The octets of a source as stored: tells how many were read, and digests them if asked."""

    def __init__(self, file: BinaryIO, advance: Advance | None, *, with_digest: bool) -> None:
        self._read_into = getattr(file, "readinto1", None) or getattr(file, "readinto", None)
        self._file = file
        self._advance = advance
        self._hash = hashlib.blake2b(digest_size=DIGEST_BYTES) if with_digest else None

    def _fill(self, room: memoryview) -> int:
        if self._read_into is not None:
            count = int(self._read_into(room) or 0)
        else:
            octets = self._file.read(len(room))
            count = len(octets)
            room[:count] = octets
        if count:
            if self._hash is not None:
                self._hash.update(room[:count])
            if self._advance is not None:
                self._advance(count)
        return count

    def digest(self) -> str | None:
        """Read the rest and return the digest of all; where none is asked for, null.

        Without a digest the rest of a file is not read, only counted as passed over.
        """
        if self._hash is None:
            self._pass_rest()
            return None
        room = memoryview(bytearray(CHUNK_BYTES))
        while self._fill(room):
            pass
        return self._hash.hexdigest()

    def _pass_rest(self) -> None:
        if self._advance is None or not self._file.seekable():
            return
        at = self._file.tell()
        left_bytes = self._file.seek(0, io.SEEK_END) - at
        if left_bytes > 0:
            self._advance(left_bytes)


class _ChunkStream(_Raw):
    """Chunks of octets as a raw stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def _fill(self, room: memoryview) -> int:
        chunk = next(self._chunks, b"")
        self.put_back(chunk)
        return self.readinto(room) if chunk else 0
