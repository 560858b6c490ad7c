"""The history on disk: the version served last, and the differences that led to it.

An SQLite file, so that a version is kept whole or not at all, whatever ends the process. What is
read back must carry its seal and fit the zone; what does not is left out with a word, and the
secondaries that would have needed it take the whole zone.
"""

import hashlib
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import dns.exception
import dns.name

from unflux.model.telling import Tell
from unflux.serve.difference import Difference
from unflux.serve.edition import MAX_DIFFERENCES, Edition
from unflux.serve.errors import HistoryError
from unflux.serve.zone import Zone

FORMAT: Final = 1
"""``user_version`` of the file; another one is set aside."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS zone (
    one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT, serial INTEGER, soa BLOB, records BLOB,
    seal BLOB);
CREATE TABLE IF NOT EXISTS difference (
    number INTEGER PRIMARY KEY, serial_before INTEGER, serial_after INTEGER, soa_before BLOB,
    soa_after BLOB, deleted BLOB, added BLOB, digest_before BLOB, digest_after BLOB, seal BLOB);
"""
_NOT_DAMAGED: Final = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM,
}  # fmt: skip
"""What keeps a file from being opened that may be right; any other error says that it is not."""
_LENGTH: Final = struct.Struct("!H")
_BROKEN: Final = (TypeError, ValueError, struct.error, zlib.error, dns.exception.DNSException)
"""What a row raises whose octets are not those that were written."""


class History:
    """The file, held by one server at a time."""

    def __init__(self, path: Path, tell: Tell) -> None:
        """Open the file, or make it; raises HistoryError.

        One that is damaged, or no history at all, is set aside as ``PATH.damaged``.
        """
        self._path = path
        self._tell = tell
        try:
            self._db = _open(path)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & 0xFF in _NOT_DAMAGED:
                raise self._failure(error) from error
            self._db = self._start_anew(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._db.close()

    def restore(self) -> Edition | None:
        """Return what was served last; null where there is nothing, or nothing that is whole."""
        try:
            zone, rows = self._read_zone(), self._read_differences()
        except sqlite3.Error as error:
            self._db.close()
            self._db = self._start_anew(error)
            return None
        if zone is None:
            return None
        differences = list(self._fitting(zone, rows))
        return Edition.of(zone, differences[::-1])

    def keep(self, edition: Edition) -> None:
        """Write a version and the difference that led to it, at once; raises HistoryError."""
        zone = edition.zone
        row = (zone.origin.to_text(), zone.serial, zone.soa, _compose(zone.records))
        try:
            with self._db:
                self._db.execute(
                    "INSERT OR REPLACE INTO zone VALUES (1, ?, ?, ?, ?, ?)", (*row, _seal(row))
                )
                if edition.differences:
                    self._add(edition.differences[-1])
                self._db.execute(
                    "DELETE FROM difference WHERE number NOT IN "
                    "(SELECT number FROM difference ORDER BY number DESC LIMIT ?)",
                    (len(edition.differences),),
                )
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _add(self, new: Difference) -> None:
        row = (
            new.before, new.after, new.soa_before, new.soa_after, _compose(new.deleted),
            _compose(new.added), new.digest_before, new.digest_after,
        )  # fmt: skip
        self._db.execute(
            "INSERT INTO difference VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, _seal(row))
        )

    def _read_zone(self) -> Zone | None:
        """Return the version that was kept; null where there is none or its seal is broken."""
        for *row, seal in self._db.execute("SELECT origin, serial, soa, records, seal FROM zone"):
            try:
                origin, serial, soa, records = _unsealed(row, seal)
                return Zone(
                    origin=dns.name.from_text(origin),
                    serial=serial,
                    soa=soa,
                    records=tuple(_parse(records)),
                )
            except _BROKEN as error:
                self._tell("history-damaged", what="zone", because=str(error))
        return None

    def _read_differences(self) -> list[tuple[object, ...]]:
        """Return the rows, the newest first."""
        return self._db.execute(
            "SELECT serial_before, serial_after, soa_before, soa_after, deleted, added, "
            "digest_before, digest_after, seal FROM difference ORDER BY number DESC LIMIT ?",
            (MAX_DIFFERENCES,),
        ).fetchall()

    def _fitting(self, zone: Zone, rows: Iterable[tuple[object, ...]]) -> Iterator[Difference]:
        """Yield the differences that lead to the zone, the newest first, up to a gap or damage."""
        digest = zone.digest
        for *row, seal in rows:
            try:
                difference = _read_difference(row, seal)
                if difference.digest_after != digest:
                    message = "it does not end where the next one begins"
                    raise ValueError(message)
            except _BROKEN as error:
                self._tell("history-damaged", what="difference", because=str(error))
                return
            digest = difference.digest_before
            yield difference

    def _start_anew(self, error: sqlite3.Error) -> sqlite3.Connection:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        self._tell("history-damaged", what="file", because=str(error), kept=str(aside))
        try:
            self._path.replace(aside)
            # What was begun in the damaged file must not be finished in the new one.
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
            return _open(self._path)
        except (OSError, sqlite3.Error) as failure:
            raise self._failure(failure) from failure

    def _failure(self, error: sqlite3.Error | OSError) -> HistoryError:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return HistoryError(f"{self._path}: another server uses this history")
        return HistoryError(f"{self._path}: the history cannot be used ({error})")


def _open(path: Path) -> sqlite3.Connection:
    """Open a file for this process alone; raises sqlite3.Error."""
    # Versions come from a thread, one at a time.
    db = sqlite3.connect(path, timeout=1, check_same_thread=False)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA synchronous = FULL")
        with db:
            db.execute("BEGIN EXCLUSIVE")
            (found,) = db.execute("PRAGMA user_version").fetchone()
            if found not in {0, FORMAT}:
                raise _unknown_format(found)
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {FORMAT}")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _unknown_format(found: int) -> sqlite3.Error:
    error = sqlite3.DatabaseError(f"it is of format {found}, not {FORMAT}")
    error.sqlite_errorcode = sqlite3.SQLITE_NOTADB
    return error


def _read_difference(row: list[object], seal: object) -> Difference:
    before, after, soa_before, soa_after, deleted, added, *digests = _unsealed(row, seal)
    return Difference(
        before=before,
        after=after,
        soa_before=soa_before,
        soa_after=soa_after,
        deleted=tuple(_parse(deleted)),
        added=tuple(_parse(added)),
        digest_before=digests[0],
        digest_after=digests[1],
    )


def _compose(records: Iterable[bytes]) -> bytes:
    """Return records as octets, each after its length, compressed."""
    return zlib.compress(b"".join(_LENGTH.pack(len(r)) + r for r in records), level=1)


def _parse(octets: bytes) -> Iterator[bytes]:
    """Yield what :func:`_compose` was given."""
    data = zlib.decompress(octets)
    at = 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size + length
        yield data[at - length : at]


def _seal(row: Iterable[object]) -> bytes:
    """Return a digest of all the columns of a row."""
    digest = hashlib.sha256()
    for value in row:
        octets = value if isinstance(value, bytes) else repr(value).encode()
        digest.update(b"%d:" % len(octets) + octets)
    return digest.digest()


def _unsealed(row: list[Any], seal: object) -> list[Any]:
    """Return a row that is as it was written; raises ValueError where it is not."""
    if _seal(row) != seal:
        message = "it is not what was written"
        raise ValueError(message)
    return row
