"""The store: rollups of many runs in one DuckDB file, merged on the key of each table."""

import errno
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from unflux.engine import compaction
from unflux.engine import store_sql as sql
from unflux.engine.settings import QUIET, duckdb_settings
from unflux.engine.waiting import Execute, Letter, count_waiting, first, settle
from unflux.model.columns import STORED, TableShape
from unflux.model.errors import StoreBusyError, StoreError, StoreFullError
from unflux.model.names import SUFFIX_LIST_VERSION
from unflux.model.rollup import (
    BUCKET_COARSE_S,
    BUCKET_FINE_S,
    Rollup,
    derive,
    settled_bucket_s,
    tables_of,
)
from unflux.model.times import microseconds_of

SCHEMA_VERSION: Final = "1"
"""Raised whenever a column or its meaning changes."""


FINE_SINCE: Final = "fine_since_us"
"""Where the store keeps from when on its buckets are fine."""

MAGIC: Final = b"DUCK"

NO_SPACE: Final = os.strerror(errno.ENOSPC)
"""In DuckDB's message where a write, or the commit after it, found the disk full."""

MAGIC_OFFSET: Final = 8
"""Where a DuckDB file says that it is one (its main header, after a checksum)."""


WAIT_S: Final = 10.0
"""What a command waits for a store that is open elsewhere; a watch opens it for a moment at each
batch. Chosen: 2026-11-24; adding to a store of a million rows takes a second."""
LOOK_S: Final = 0.05
"""Between two looks whether another process has closed the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSource:
    """A source whose records are in the store."""

    name: str
    format: str
    digest: str
    """Of the source's bytes: what makes it the same source under another name."""
    responses: int
    drops: Mapping[str, int]
    """Skipped input by reason."""


class Store:
    """An open store; use it as a context manager. See docs/decisions/0003."""

    def __init__(self, path: Path, connection: Any) -> None:
        self._path = path
        self._connection = connection
        self._is_changing = False

    @classmethod
    def open(
        cls,
        path: Path | str,
        read_only: bool = False,
        *,
        wait_s: float = 0.0,
        workers: int | None = None,
        memory_bytes: int | None = None,
    ) -> Self:
        """Open the store at ``path``; where there is none, make one unless ``read_only``.

        ``workers`` and ``memory_bytes`` limit DuckDB (null: all cores, four fifths of the memory);
        what it needs beyond goes to a folder beside the store.

        Raises StoreError where the file is something else, of a newer version, damaged or missing;
        StoreBusyError where another process has it open and still has after ``wait_s``.
        """
        ends_at_s = time.monotonic() + wait_s
        while True:
            try:
                store = cls._open(path, read_only)
                break
            except StoreBusyError:
                if time.monotonic() >= ends_at_s:
                    raise
                time.sleep(LOOK_S)
        store._limit(workers, memory_bytes)
        return store

    @classmethod
    def _open(cls, path: Path | str, read_only: bool) -> Self:
        path = Path(path)
        if read_only and not path.exists():
            message = f"there is no store at {path}"
            raise StoreError(message)
        _check_magic(path)
        with _named(path):
            # An absolute path is never taken for the address of a remote database.
            connection = duckdb.connect(
                path.absolute(), read_only=read_only, config=duckdb_settings()
            )
            connection.execute(QUIET)
        store = cls(path, connection)
        try:
            with _named(path):
                store._prepare(read_only)
        except BaseException:
            connection.close()
            raise
        return store

    def checkpoint(self) -> None:
        """Free in the file what was deleted, or nothing where others have a transaction meanwhile;
        raises StoreError.

        What was not freed then is when the store is closed alone after rows were changed.
        """
        with _named(self._path):
            self.execute("CHECKPOINT")

    def _limit(self, workers: int | None, memory_bytes: int | None) -> None:
        """Set limits on the open file; as settings of opening they would make it busy for whoever
        has it open in this process with others.
        """
        with _named(self._path):
            if workers is not None:
                self.execute(f"SET threads = {workers}")
            if memory_bytes is not None:
                self.execute(f"SET memory_limit = '{memory_bytes}B'")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(  # noqa: PLR0917  the six facts of a source, none of them optional
        self,
        rollup: Rollup,
        source_name: str,
        format: str,  # noqa: A002
        digest: str,
        responses: int,
        drops: Mapping[str, int],
    ) -> bool:
        """Add a source's rollup, whole or not at all.

        Returns false, and adds nothing, where a source of the same ``digest`` is already in.
        """
        with self.transaction():
            known = self.execute("SELECT 1 FROM sources WHERE digest = ?", [digest]).fetchone()
            if known:
                return False
            self.execute(
                "INSERT INTO sources VALUES (?, ?, ?, ?, ?)",
                [digest, source_name, format, responses, json.dumps(drops, sort_keys=True)],
            )
            self._take_in(rollup)
        return True

    def extend(
        self,
        rollup: Rollup,
        source_name: str,
        format: str,  # noqa: A002
        responses: int,
        drops: Mapping[str, int],
        *,
        deployed: Mapping[tuple[str, str], str] = MappingProxyType({}),
    ) -> None:
        """Add a batch of a source that grows, whole or not at all; its counts add up.

        The name is what makes it the same source, for there is no end whose bytes could.
        ``deployed``: what is kept with it, as by :meth:`keep_deployed`.
        """
        digest = f"growing:{source_name}"
        with self.transaction():
            known = self.execute(sql.SELECT_COUNTS, [digest]).fetchone() or (0, "{}")
            counted = Counter(json.loads(known[1]))
            counted.update(drops)
            self.execute(
                "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?)",
                [
                    digest, source_name, format, known[0] + responses,
                    json.dumps(counted, sort_keys=True),
                ],
            )  # fmt: skip
            self._take_in(rollup)
            for (deployment, part), content in deployed.items():
                self._replace_deployed(deployment, part, content)

    def add_looks(self, tables: Mapping[TableShape, pa.Table]) -> None:
        """Merge rows into the tables of :mod:`unflux.model.vantages`."""
        with self.transaction():
            for shape, table in tables.items():
                self.execute(sql.create_statement(shape))
                self.merge(shape, table)

    def looks(self, shape: TableShape) -> pa.Table:
        """Return one of the tables of :mod:`unflux.model.vantages`, empty where none was made."""
        with _named(self._path):
            if not self.has(shape.name):
                return shape.empty()
            statement, values = sql.select_statement(shape, None, None, is_sorted=True)
            return self.execute(statement, values).to_arrow_table().cast(shape.schema)

    @property
    def fine_since_us(self) -> int:
        """From when on buckets are fine, microseconds since the epoch; all before are hourly."""
        if self._meta("bucket_s") == str(BUCKET_COARSE_S):  # as stores were once
            return compaction.end_of_last_hour(self.execute)
        row = self.execute(sql.SELECT_META, [FINE_SINCE]).fetchone()
        return compaction.EVER_US if row is None else int(row[0])

    def is_read_hourly(self, since: datetime | None, until: datetime | None) -> bool:
        """Tell whether :meth:`rollup` returns hours."""
        return compaction.is_read_hourly(self.execute, since, until, self.fine_since_us)

    def compact(self, before: datetime) -> None:
        """Sum the fine buckets of whole hours before a moment to hourly ones; idempotent.

        Each hour is a transaction, so that memory and file need room for one, and a kill leaves
        whole hours of either kind.
        """
        with _named(self._path):
            self._compact(compaction.hour_of(microseconds_of(before)))

    def rollup(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        is_sorted: bool = True,
        where: Mapping[TableShape, str] = MappingProxyType({}),
    ) -> Rollup:
        """Return what the store holds, sorted by key, or in no order.

        With bounds, only rows that were seen at or after ``since`` and before ``until``; a row
        that straddles a bound is in, a row without a time is not. Buckets are of one width: hours
        where more than a day is asked for and there, or where some are compacted. ``where``: a
        further condition on rows of a table.
        """
        with self.transaction():
            hourly_since_us = self.fine_since_us if self.is_read_hourly(since, until) else None
            tables = [
                self._rows(
                    shape, since, until, is_sorted=is_sorted, hourly_since_us=hourly_since_us,
                    where=where.get(shape, "true"),
                )
                for shape in STORED
            ]  # fmt: skip
        sightings, lookups, answer_sets = tables
        return Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets)

    def sources(self) -> list[StoredSource]:
        """List the sources in the store, by name."""
        with _named(self._path):
            rows = self.execute(
                "SELECT name, format, digest, responses, drops FROM sources ORDER BY name, digest"
            ).fetchall()
        return [
            StoredSource(
                name=name,
                format=format_,
                digest=digest,
                responses=responses,
                drops=json.loads(drops),
            )
            for name, format_, digest, responses, drops in rows
        ]

    def deployed(self, deployment: str, part: str) -> str | None:
        """Return a part of what a deployment says of itself; null where it never did."""
        with _named(self._path):
            if not self.has("deployed"):
                return None
            row = self.execute(sql.SELECT_DEPLOYED, [deployment, part]).fetchone()
        return None if row is None else str(row[0])

    def keep_deployed(
        self,
        deployment: str,
        part: str,
        content: str,
        beside: Callable[[Execute], None] = lambda _: None,
    ) -> None:
        """Replace a part of what a deployment says of itself, whole or not at all.

        ``beside``: what else is done in the same transaction.
        """
        with self.transaction():
            self._replace_deployed(deployment, part, content)
            beside(self.execute)

    def waiting(self, receiver: str, count: int) -> tuple[Letter, ...]:
        """Return what has waited longest for a receiver."""
        with _named(self._path):
            return first(self.execute, receiver, count) if self.has("waiting") else ()

    def waiting_counts(self) -> dict[str, int]:
        """Return how much waits, by receiver."""
        with _named(self._path):
            return count_waiting(self.execute) if self.has("waiting") else {}

    def settle(self, receiver: str, ids: Sequence[str] | None) -> None:
        """Delete what was sent to a receiver, or was given up; null: all that waits for it."""
        with self.transaction():
            settle(self.execute, receiver, ids)

    def _replace_deployed(self, deployment: str, part: str, content: str) -> None:
        self.execute(sql.DEPLOYED)
        self.execute(sql.REPLACE_DEPLOYED, [deployment, part, content])

    def _prepare(self, read_only: bool) -> None:
        """Make the tables in a new file, or check those of an old one."""
        names = {row[0] for row in self.execute(sql.TABLE_NAMES).fetchall()}
        if not names and not read_only:
            with self.transaction():
                for statement in sql.create_statements():
                    self.execute(statement)
                for key, value in (
                    ("schema", SCHEMA_VERSION),
                    ("bucket_s", str(BUCKET_FINE_S)),
                    ("suffix_list", SUFFIX_LIST_VERSION),
                ):
                    self.execute("INSERT INTO unflux_meta VALUES (?, ?)", [key, value])
            return
        if "unflux_meta" not in names:
            message = f"{self._path} is a DuckDB file, but not a store of unflux"
            raise StoreError(message)
        version = self._meta("schema")
        if version != SCHEMA_VERSION:
            message = (
                f"store {self._path} has schema {version}, this unflux reads {SCHEMA_VERSION}: "
                "use the version of unflux that wrote it"
            )
            raise StoreError(message)
        if not read_only and self._meta("suffix_list") != SUFFIX_LIST_VERSION:
            with self.transaction():
                self._derive_again()

    def has(self, table: str) -> bool:
        """Tell whether there is a table, where it is made only once it is needed."""
        return bool(self.execute(sql.HAS_TABLE, [table]).fetchone()[0])

    def _take_in(self, rollup: Rollup) -> None:
        """Merge a rollup into the tables, within a transaction."""
        self._keep_fine_since(self.fine_since_us)
        if settled_bucket_s(rollup) == BUCKET_COARSE_S:
            self._compact(compaction.end_of(rollup))
        rollup = compaction.coarsen_before(rollup, self.fine_since_us)
        for shape, table in zip(STORED, tables_of(rollup), strict=True):
            self.merge(shape, table)
        self._settle()

    def merge(self, shape: TableShape, table: pa.Table) -> None:
        """Merge rows, one of each key, into a table, within a transaction."""
        buckets = table["bucket_at"]
        since_us = None if buckets.null_count else pc.min(buckets.cast(pa.int64())).as_py()
        with self.registered("incoming", table):
            self.execute(sql.merge_statement(shape, since_us))

    @contextmanager
    def registered(self, name: str, table: pa.Table) -> Iterator[None]:
        """Let statements read an Arrow table under a name."""
        self._connection.register(name, table)
        try:
            yield
        finally:
            self._connection.unregister(name)

    def _settle(self) -> None:
        """Give hour buckets to what is more than a day older than the last record."""
        self._compact(compaction.settled_until(self.execute))

    def _compact(self, until_us: int) -> None:
        """Make buckets before an hour's start hourly."""
        fine_since_us = self.fine_since_us
        while fine_since_us < until_us:
            hour_us = compaction.next_hour(self.execute, fine_since_us, until_us)
            with self.transaction():
                if hour_us is not None:
                    compaction.compact_hour(self.execute, hour_us)
                fine_since_us = until_us if hour_us is None else hour_us + compaction.HOUR_US
                self._keep_fine_since(fine_since_us)

    def _keep_fine_since(self, moment_us: int) -> None:
        self._set_meta("bucket_s", str(BUCKET_FINE_S))
        self._set_meta(FINE_SINCE, str(moment_us))

    def _derive_again(self) -> None:
        """Bring the derived columns up to the public suffix list of this installation."""
        for shape in STORED:
            table = self._derived(shape, self._rows(shape, None, None))
            self.execute(f"DELETE FROM {shape.name}")  # noqa: S608
            self.merge(shape, table)
        self._set_meta("suffix_list", SUFFIX_LIST_VERSION)

    def _rows(
        self,
        shape: TableShape,
        since: datetime | None,
        until: datetime | None,
        *,
        is_sorted: bool = True,
        hourly_since_us: int | None = None,
        where: str = "true",
    ) -> pa.Table:
        statement, values = sql.select_statement(
            shape, since, until, is_sorted=is_sorted, hourly_since_us=hourly_since_us, where=where
        )
        table = self.execute(statement, values).to_arrow_table().cast(shape.schema)
        if self._meta("suffix_list") != SUFFIX_LIST_VERSION:
            return self._derived(shape, table)
        return table

    @staticmethod
    def _derived(shape: TableShape, table: pa.Table) -> pa.Table:
        return derive(shape, table.select([c.name for c in shape.columns if c.merge != "derived"]))

    def _meta(self, key: str) -> str:
        row = self.execute(sql.SELECT_META, [key]).fetchone()
        if row is None:
            message = f"store {self._path} is damaged: it does not say its {key}"
            raise StoreError(message)
        return str(row[0])

    def _set_meta(self, key: str, value: str) -> None:
        known = self.execute(sql.SELECT_META, [key]).fetchone()
        if known is None:
            self.execute("INSERT INTO unflux_meta VALUES (?, ?)", [key, value])
        elif known[0] != value:
            self.execute("UPDATE unflux_meta SET value = ? WHERE key = ?", [value, key])

    def execute(self, statement: str, values: list[Any] | None = None) -> Any:
        """Run a statement on the open file, as the other modules of the store do."""
        return self._connection.execute(statement, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Have the block's statements done whole or not at all; one within another is one."""
        if self._is_changing:
            yield
            return
        with _named(self._path):
            self.execute("BEGIN TRANSACTION")
            self._is_changing = True
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                # DuckDB has already rolled back where the commit itself failed.
                with suppress(duckdb.TransactionException):
                    self.execute("ROLLBACK")
                raise
            finally:
                self._is_changing = False


def _check_magic(path: Path) -> None:
    """Refuse a file that is not DuckDB's; it would open tables and other databases as its own."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC) + MAGIC_OFFSET)
    except OSError as error:
        message = f"store {path}: {error.strerror}"
        raise StoreError(message) from error
    if head[MAGIC_OFFSET:] != MAGIC:
        message = f"{path} is not a store of unflux"
        raise StoreError(message)


_BUSY: Final = (
    "Could not set lock",
    "different configuration",
    "Unique file handle conflict",  # another thread is just opening or closing it
)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors into one line that names the store."""
    try:
        yield
    except duckdb.Error as error:
        text = str(error)
        if any(sign in text for sign in _BUSY):
            message = f"store {path} is in use by another process: one may write, or many read"
            raise StoreBusyError(message) from error
        if NO_SPACE in text:
            message = f"store {path}: no space left on the disk; nothing was added"
            raise StoreFullError(message) from error
        if isinstance(error, duckdb.TransactionException):
            message = f"store {path}: another writer was faster; nothing was added, try again"
        elif "not a valid DuckDB database file" in text:
            message = f"{path} is not a store of unflux"
        else:
            message = f"store {path}: {text.splitlines()[0]}"
        raise StoreError(message) from error
