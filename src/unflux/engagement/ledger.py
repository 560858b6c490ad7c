"""Ledger: every request that was sent, with its purpose; what was spent is what stands in it."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Self

from unflux.model.errors import UnfluxError
from unflux.model.lock import locked
from unflux.model.times import format_moment

SCHEMA: Final = "unflux/request/1"
Protocol = Literal["udp", "tcp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A datagram, or a connection with what is said on it."""

    purpose: str
    """In a few words of ours: why it is sent."""
    address: str
    port: int
    protocol: Protocol
    name: str | None = None
    """Which is asked for."""


class Ledger:
    """A file of lines; a line stands before its request is sent, so a kill overstates by one."""

    def __init__(self, path: Path, opened: int, spent: int) -> None:
        self._path = path
        self._opened = opened
        self.spent = spent
        """Requests that were written down, by earlier runs too."""

    @classmethod
    @contextmanager
    def kept(cls, path: Path) -> Iterator[Self]:
        """Keep the ledger at ``path`` while the block runs; nobody else may write it then.

        Raises UnfluxError where that cannot be.
        """
        with locked(path.with_name(f"{path.name}.lock")):
            try:
                flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
                opened = os.open(path, flags, 0o600)
            except OSError as error:
                message = f"{path}: cannot be written ({error.strerror})"
                raise UnfluxError(message) from error
            try:
                yield cls(path, opened, _count_requests(path, opened))
            finally:
                os.close(opened)

    def write(self, request: Request, at: datetime) -> None:
        """Write a request down; raises UnfluxError where it cannot be, and then it is not sent."""
        value = {
            "schema": SCHEMA,
            "at": format_moment(at),
            "purpose": request.purpose,
            "protocol": request.protocol,
            "address": request.address,
            "port": request.port,
            "name": request.name,
        }
        line = (json.dumps(value, separators=(",", ":")) + "\n").encode("ascii")
        try:
            written = os.write(self._opened, line)
        except OSError as error:
            message = f"{self._path}: cannot be written ({error.strerror})"
            raise UnfluxError(message) from error
        self.spent += 1
        if written != len(line):
            message = f"{self._path}: cannot be written (disk full)"
            raise UnfluxError(message)


def _count_requests(path: Path, opened: int) -> int:
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        message = f"{path}: is no file that keeps what is written to it"
        raise UnfluxError(message)
    try:
        return _count_lines(opened)
    except OSError as error:
        message = f"{path}: cannot be read or written ({error.strerror})"
        raise UnfluxError(message) from error


def _count_lines(opened: int) -> int:
    """Count lines from the start; one that was cut off counts too."""
    count, last = 0, b"\n"
    os.lseek(opened, 0, os.SEEK_SET)
    while block := os.read(opened, 1 << 20):
        count += block.count(b"\n")
        last = block[-1:]
    if last != b"\n":
        os.write(opened, b"\n")
        count += 1
    return count
