"""Watching the zone file: each new version is read once, whether it can be served or not."""

import asyncio
from pathlib import Path

from unflux.model.telling import Tell
from unflux.serve.errors import UnreadableError, ZoneError
from unflux.serve.primary import Primary
from unflux.serve.zone_file import read_zone

_Mark = tuple[int, int, int]


class Watch:
    """Looks at a file and offers what it finds to the primary."""

    def __init__(self, path: Path, primary: Primary, tell: Tell) -> None:
        self._path = path
        self._primary = primary
        self._tell = tell
        self._seen: _Mark | None = None
        self._is_missing_told = False
        self._unreadable_told: str | None = None

    async def look(self, *, again: bool = False) -> bool:
        """Read the file if it is another one than before; return whether it is served now.

        ``again`` reads it in any case. What cannot be served is told, and the zone stays; what
        cannot be read is told once, and tried again at each look.
        """
        mark = self._mark()
        if mark is None or (mark == self._seen and not again):
            return False
        try:
            # Seconds of work for a large zone: others are answered meanwhile.
            is_new = await asyncio.to_thread(self._offer)
        except UnreadableError as error:
            if str(error) != self._unreadable_told or again:
                self._tell_refused(error)
            self._unreadable_told = str(error)
            return False
        except ZoneError as error:
            self._tell_refused(error)
            is_new = False
        self._seen, self._unreadable_told = mark, None
        return is_new

    def _tell_refused(self, error: ZoneError) -> None:
        edition = self._primary.edition
        serial = None if edition is None else edition.zone.serial
        self._tell("zone-refused", because=str(error), served=serial)

    def _offer(self) -> bool:
        zone = read_zone(self._path)
        try:
            return self._primary.offer(zone)
        except ZoneError as error:
            message = f"{self._path}: {error}"
            raise ZoneError(message) from error

    def _mark(self) -> _Mark | None:
        """Return what changes with the file: a rename gives another inode."""
        try:
            found = self._path.stat()
        except OSError as error:
            if not self._is_missing_told:
                self._tell("zone-missing", path=str(self._path), because=error.strerror)
                self._is_missing_told = True
            return None
        self._is_missing_told = False
        return found.st_ino, found.st_mtime_ns, found.st_size
