"""A log that is followed: whole lines, across rename, truncation, replacement and restarts."""

import os
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from unflux.watch.log_place import HEAD_BYTES, Place, digest_of
from unflux.watch.plain_log import Decompress, PlainLog
from unflux.watch.rotation import COMPRESSED_SUFFIXES, rotated_files

READ_BYTES: Final = 1 << 20
"""Octets read at once; a longer line is passed over, as readers of files do."""

TRIES: Final = 5
"""Looks at a folder whose files go while they are opened."""

LONG_LINE: Final = "line too long"
DAMAGED: Final = "compressed log damaged, or cut short"
GONE: Final = "it is gone, and nothing has come in its place"
LOST: Final = "log that was read in part not found again after a restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How a log is followed."""

    poll_s: float = 0.5
    """Between two looks at a log without news."""
    settle_s: float = 5.0
    """A log that was renamed is read on until it has not grown for so long: its writer may open
    the new one later. Chosen: 2026-11-28, by hand: as long as a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Some whole lines."""

    octets: bytes
    count: int
    header: bytes
    """The ``#`` lines before them."""
    place: Place
    """Behind them."""


class LogReader:
    """Reads what a log grows by, from a place on or from its start; no tasks, no waiting.

    A log is known again by its inode and by what it begins with, so that it is also found under
    the name it was rotated to, compressed or not, and what came after it is read in order.
    """

    def __init__(
        self, path: Path, place: Place | None, decompress: Decompress, limits: Limits
    ) -> None:
        self._path = path
        self._place = place
        self._decompress = decompress
        self._limits = limits
        self._log: PlainLog | None = None
        self._next: deque[PlainLog] = deque()
        self._quiet_since_s: float | None = None
        self._is_over = self._is_gone = self._is_skipping = False
        self.drops = Counter[str]()
        self.failure: str | None = None
        """Why there is nothing to read; null while there is a log."""

    def close(self) -> None:
        """Close what is open."""
        for log in (self._log, *self._next):
            if log is not None:
                log.close()
        self._log = None
        self._next.clear()

    def read(self) -> Lines | None:
        """Return the next lines; null where there are none now."""
        try:
            if self._log is None:
                self._open()
            lines = self._read_open()
            while lines is None and self._go_on():
                lines = self._read_open()
        except OSError as error:
            self.failure = error.strerror or type(error).__name__
            return None
        self.failure = GONE if self._is_gone else None
        return lines

    # --- which file -------------------------------------------------------------------------

    def _open(self) -> None:
        """Open the log where it was read to before, or as it is now."""
        place = self._place
        if place is not None and place.offset:
            former = self._find(place)
            if former is not None:
                self._log = former
                self._place = replace(place, inode=former.inode)
                if former.path != self._path:
                    self._next.extend(self._newer_than(former))
                return
        log = PlainLog(self._path, self._decompress)
        if place is not None and place.offset:
            self.drops[LOST] += 1
        self._begin(log, Place(inode=log.inode, finished=place.finished if place else ()))

    def _begin(self, log: PlainLog, place: Place) -> None:
        """Read a file from its start."""
        self._log = log
        self._place = place
        self._quiet_since_s = None
        self._is_over = self._is_gone = self._is_skipping = False

    def _find(self, place: Place) -> PlainLog | None:
        """Open the file that a place is in, whatever its name is by now."""
        found = None
        logs = list(reversed(self._open_rotated()))
        with suppress(OSError):
            logs.insert(0, PlainLog(self._path, self._decompress))
        logs.sort(key=lambda log: log.inode != place.inode)
        for log in logs:
            if found is None and place.is_of(log.head(HEAD_BYTES)):
                found = log
            else:
                log.close()
        return found

    def _newer_than(self, log: PlainLog) -> Iterator[PlainLog]:
        """Open the rotated files that were written after a log, each once, the oldest first."""
        known = {digest_of(log.head(HEAD_BYTES))}
        if self._place is not None:
            known.update(self._place.finished)
        for other in self._open_rotated():
            # While gzip is at work there are two of a file, and the copy is dated now. A copy whose
            # head is not there yet has the original beside it.
            head = other.head(HEAD_BYTES)
            digest = digest_of(head)
            is_whole = bool(head) and not other.is_damaged and _has_named_kind(other)
            if is_whole and digest not in known and other.modified_ns > log.modified_ns:
                known.add(digest)
                yield other
            else:
                other.close()

    def _open_rotated(self) -> list[PlainLog]:
        """Open all rotated files, in the order they were written in; none where that fails."""
        for _ in range(TRIES):
            logs: list[PlainLog] = []
            try:
                for path in rotated_files(self._path):
                    with suppress(PermissionError):
                        logs.append(PlainLog(path, self._decompress))
            except OSError:
                # Compressed since it was listed, most likely: there is another by now.
                for log in logs:
                    log.close()
            else:
                return logs
        return []

    def _go_on(self) -> bool:
        """At the end of what is open, go on to the file that followed it, if there is one."""
        log = self._log
        if log is None or not (self._next or self._has_ended(log)):
            return False
        if not self._is_over:
            self._is_over = True  # a last line without its end is one now
            return True
        if not self._next:
            self._next.extend(self._newer_than(log))
        following = self._next.popleft() if self._next else PlainLog(self._path, self._decompress)
        if log.is_damaged:
            self.drops[DAMAGED] += 1
        place = self._place or Place(inode=log.inode)
        self._begin(following, place.in_next(following.inode, log.head(HEAD_BYTES)))
        log.close()
        return True

    def _has_ended(self, log: PlainLog) -> bool:
        """Tell whether the log was replaced by another, and nothing more is written to it."""
        if _is_at(self._path, log):
            self._quiet_since_s = None
            self._is_gone = False
            return False
        now_s = time.monotonic()
        if self._quiet_since_s is None:
            self._quiet_since_s = now_s
        if now_s - self._quiet_since_s < self._limits.settle_s:
            return False
        self._is_gone = not self._path.exists()
        return not self._is_gone

    # --- lines of it ------------------------------------------------------------------------

    def _read_open(self) -> Lines | None:
        log, place = self._log, self._place
        if log is None or place is None:
            return None
        head = log.head(HEAD_BYTES)
        octets = log.read(place.offset, READ_BYTES) if place.is_of(head) else None
        if octets is None:  # truncated, and perhaps written anew
            self._is_skipping = False
            place = self._place = Place(inode=log.inode, finished=place.finished)
            octets = log.read(0, READ_BYTES) or b""
            head = log.head(HEAD_BYTES)
        if self._is_skipping or (len(octets) == READ_BYTES and b"\n" not in octets):
            return self._skip(place, octets, head)
        end = octets.rfind(b"\n") + 1
        if end == 0 and self._is_over:
            end = len(octets)
        if end == 0:
            return None
        self._quiet_since_s = None
        octets = octets[:end]
        self._place = place.after(octets, head)
        if not octets.endswith(b"\n"):
            octets += b"\n"
        return Lines(
            octets=octets,
            count=octets.count(b"\n"),
            header=place.header.encode("latin-1"),
            place=self._place,
        )

    def _skip(self, place: Place, octets: bytes, head: bytes) -> Lines | None:
        """Pass over a line that is too long, or the rest of it."""
        if not octets:
            return None
        if not self._is_skipping:
            self.drops[LONG_LINE] += 1
        end = octets.find(b"\n") + 1
        self._is_skipping = not end
        passed = octets[:end] if end else octets
        self._place = replace(place.after(passed, head), header=place.header)
        # Its octets are no lines: only the place is told.
        return Lines(octets=b"", count=0, header=b"", place=self._place)


def _has_named_kind(log: PlainLog) -> bool:
    """Tell whether a file that is compressed by its name has begun to be so."""
    return log.path.suffix not in COMPRESSED_SUFFIXES or log.is_compressed


def _is_at(path: Path, log: PlainLog) -> bool:
    """Tell whether a path still names the file that is open."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return False
    return (status.st_ino, status.st_dev) == (log.inode, log.device)
