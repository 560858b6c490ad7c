"""An announced file: the routes that stand now, read again whenever the file is another one."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from unflux.act.announcements import parse_announcements
from unflux.model.errors import UnfluxError

MOST_OCTETS_A_ROUTE: Final = 1_000
"""A route takes two lines of some 300 octets."""


class AnnouncedFile:
    """Follows the file that ``unflux block`` writes for ExaBGP.

    A file that is not there announces nothing. One that cannot be read or is not understood changes
    nothing: what was read before goes on to stand until it ends.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        self._bound = (most + 1) * MOST_OCTETS_A_ROUTE
        self._mark: tuple[int, ...] | None = None
        self.routes: Mapping[str, datetime] = {}

    def refresh(self) -> None:
        """Read the file where it changed.

        Raises UnfluxError: at each look where it cannot be read, for the next one may; once where
        it is not understood.
        """
        mark = self._look()
        if mark == self._mark:
            return
        octets = b"" if mark is None else self._read()
        self._mark = mark
        self.routes = self._parse(octets)

    def _look(self) -> tuple[int, ...] | None:
        try:
            held = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(error) from error
        return (held.st_ino, held.st_mtime_ns, held.st_size)

    def _read(self) -> bytes:
        try:
            with self._path.open("rb") as source:
                return source.read(self._bound + 1)
        except OSError as error:
            raise self._unreadable(error) from error

    def _parse(self, octets: bytes) -> Mapping[str, datetime]:
        try:
            if len(octets) > self._bound:
                message = f"it is longer than {self._most:,} routes can be"
                raise UnfluxError(message)
            return parse_announcements(octets.decode("ascii"), self._most)
        except (UnicodeDecodeError, UnfluxError) as error:
            message = f"{self._path}: {error}; what stood before goes on until it ends"
            raise UnfluxError(message) from error

    def _unreadable(self, error: OSError) -> UnfluxError:
        return UnfluxError(f"{self._path}: cannot be read ({error.strerror})")
