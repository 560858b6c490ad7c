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

    A file that is not there announces nothing. One that is not understood changes nothing: what
    was read before goes on to stand until it ends.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        self._mark: tuple[int, ...] | None = None
        self.routes: Mapping[str, datetime] = {}

    def refresh(self) -> None:
        """Read the file where it changed; raises UnfluxError, once, where it is not understood."""
        mark = self._look()
        if mark == self._mark:
            return
        self._mark = mark
        self.routes = {} if mark is None else self._read()

    def _look(self) -> tuple[int, ...] | None:
        try:
            held = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return (-(error.errno or 0),)  # reading says what is wrong, once
        return (held.st_ino, held.st_mtime_ns, held.st_size)

    def _read(self) -> Mapping[str, datetime]:
        bound = (self._most + 1) * MOST_OCTETS_A_ROUTE
        try:
            with self._path.open("rb") as source:
                octets = source.read(bound + 1)
            if len(octets) > bound:
                message = f"it is longer than {self._most:,} routes can be"
                raise UnfluxError(message)
            return parse_announcements(octets.decode("ascii"), self._most)
        except OSError as error:
            message = f"{self._path}: cannot be read ({error.strerror})"
            raise UnfluxError(message) from error
        except (UnicodeDecodeError, UnfluxError) as error:
            message = f"{self._path}: {error}; what stood before goes on until it ends"
            raise UnfluxError(message) from error
