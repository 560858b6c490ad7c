"""Where events go: a file that grows by whole lines and may be rotated, or a stream."""

import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Protocol

from unflux.model.errors import UnfluxError


class EventSink(Protocol):
    """Takes events as lines."""

    def write(self, lines: Iterable[str], /) -> None:
        """Add the lines; raises UnfluxError where they cannot be."""
        ...

    def reopen(self) -> None:
        """Begin anew where what is written to was moved away; raises UnfluxError."""
        ...


class EventStream:
    """A stream that was open already, as standard output."""

    def __init__(self, stream: BinaryIO) -> None:
        self._descriptor = stream.fileno()
        self._rest = b""
        """Of a line that was begun; it comes first when there is room again."""

    def write(self, lines: Iterable[str]) -> None:
        """Write the lines; raises BrokenPipeError where nobody reads any more, UnfluxError where
        there is no room: some lines may have been written then.
        """
        octets = self._rest + "".join(lines).encode()
        is_begun = bool(self._rest)
        try:
            while octets:
                count = os.write(self._descriptor, octets)
                is_begun = octets[count - 1 : count] != b"\n"
                octets = octets[count:]
        except BrokenPipeError:
            raise
        except OSError as error:
            self._rest = octets[: octets.index(b"\n") + 1] if is_begun else b""
            message = f"the stream of events cannot be written ({error.strerror})"
            raise UnfluxError(message) from error
        self._rest = b""

    def reopen(self) -> None:
        """Do nothing: a stream is not rotated."""


class EventFile:
    """A file to whose end lines are added, also where the disk was full."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = Lock()
        """Held while it is written to, or another file takes its place."""
        self._descriptor = self._open()

    def write(self, lines: Iterable[str]) -> None:
        """Add all lines or none, and have them on disk; raises UnfluxError where that fails."""
        octets = "".join(lines).encode()
        with self._turn:
            before = os.fstat(self._descriptor).st_size
            try:
                while octets:
                    octets = octets[os.write(self._descriptor, octets) :]
                os.fsync(self._descriptor)
            except OSError as error:
                os.ftruncate(self._descriptor, before)
                raise self._refusal(error) from error

    def reopen(self) -> None:
        """Open the file of that name, which may be another by now; the former stays where not."""
        descriptor = self._open()
        with self._turn:
            os.close(self._descriptor)
            self._descriptor = descriptor

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: OSError) -> UnfluxError:
        return UnfluxError(f"{self._path}: cannot be written ({error.strerror})")
