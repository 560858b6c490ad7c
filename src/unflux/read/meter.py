"""How far reading came: octets added up over sources and processes."""

from collections.abc import Callable

from unflux.read.opening import Location

Progress = Callable[[int, int | None], None]
"""Told the octets read so far, as stored, and of how many; null where that is not known."""


class Meter:
    """Adds up the octets read here and in other processes, and tells whoever asked."""

    def __init__(self, locations: list[Location], progress: Progress | None) -> None:
        sizes = [location.size_bytes for location in locations] if progress else []
        self._total = None if None in sizes else sum(size for size in sizes if size)
        self._progress = progress
        self._here = 0
        self._elsewhere = 0

    def advance(self, count: int) -> None:
        """Add octets read by this process."""
        self._here += count
        self._tell()

    def set_elsewhere(self, count: int) -> None:
        """Set how many octets all other processes have read."""
        if count != self._elsewhere:
            self._elsewhere = count
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._here + self._elsewhere, self._total)
