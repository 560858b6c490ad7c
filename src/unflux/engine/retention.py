"""Retention: what a store deletes to stay within its bounds, and what it never does."""

# ruff: noqa: S608  nothing but declared names is written into a statement

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa

from unflux.engine.crowding import KEPT, count_kept, make_room
from unflux.engine.store import Store
from unflux.model.columns import STORED
from unflux.model.errors import StoreError
from unflux.model.vantages import VANTAGE_TABLES

AGED: Final = "older than --keep"
SINGLE: Final = "name answered once, at the ceiling of rows"
RARE: Final = "name answered rarely, at the ceiling of rows"
OLDEST: Final = "oldest, at the ceiling of the file"

ROOM: Final = 0.9
"""Of a ceiling of rows, what stays where it was reached."""
RESERVE: Final = 0.2
RESERVE_OCTETS: Final = 128 << 20
"""What a file leaves free of its ceiling: so much of it, or so many octets where that is more.
DuckDB writes anew what changed before it frees what was there, a small store all of it. Chosen:
2026-11-28; a store of 105 MiB grew by 8 MiB when half of its rows were deleted."""
DELETED: Final = 0.2
"""Of the ceiling, deleted at once where it is reached. Chosen: 2026-11-28."""
BULK: Final = 20_000
"""Rows of a name that has very many. Chosen: 2026-11-28; whoever answers each time with other
addresses would else push out all others."""
KEPT_PART: Final = 0.5
"""Of a ceiling of rows, what the kept domains may have where others want the rest."""

COUNT_SINCE: Final = " + ".join(
    f"(SELECT count(*) FROM {shape.name} WHERE last_at >= ?)" for shape in STORED
).join(("SELECT ", ""))
MARK_SHED: Final = """
CREATE OR REPLACE TEMP TABLE to_shed AS
WITH rows_of AS (
    SELECT query, count(*) AS rows FROM (
        SELECT query FROM sightings WHERE last_at >= ? UNION ALL BY NAME
        SELECT query FROM answer_sets WHERE last_at >= ?
    ) GROUP BY query
), names AS (
    SELECT query, any_value(domain) AS domain, count(*) AS rows, sum(responses) AS responses,
        max(last_at) AS last_at
    FROM lookups WHERE last_at >= ? GROUP BY query
), ranked AS (
    SELECT query, responses, sum(rows) OVER (
        ORDER BY responses = 1 DESC, rows > ? DESC, responses, last_at, query
        ROWS UNBOUNDED PRECEDING
    ) - rows AS rows_before
    FROM (
        SELECT names.* REPLACE (names.rows + coalesce(rows_of.rows, 0) AS rows)
        FROM names LEFT JOIN rows_of USING (query)
    )
    WHERE coalesce(domain, query) NOT IN (SELECT domain FROM kept)
)
SELECT query, responses = 1 AS is_single FROM ranked WHERE rows_before < ?
"""
"""The names whose rows make up so many, the least answered first."""
COUNT_SHED: Final = (
    "SELECT is_single, count(*) FROM {0} JOIN to_shed USING (query) WHERE last_at >= ?"
    " GROUP BY is_single"
)
DELETE_SHED: Final = (
    "DELETE FROM {0} USING to_shed WHERE {0}.query = to_shed.query AND last_at >= ?"
)


SIZE: Final = "SELECT used_blocks * block_size FROM pragma_database_size()"
BUCKETS: Final = " UNION ALL ".join(
    f"SELECT epoch_us(bucket_at) AS bucket_us FROM {shape.name} WHERE domain NOT IN ({KEPT})"
    for shape in STORED
).join(
    (
        "SELECT coalesce(bucket_us, 0) AS bucket_us, count(*) FROM (",
        ") GROUP BY ALL ORDER BY bucket_us",
    )
)
"""Rows without a time are the oldest."""
DELETE_OLDEST: Final = (
    f"DELETE FROM {{0}} WHERE coalesce(epoch_us(bucket_at), 0) <= ? AND domain NOT IN ({KEPT})"
)
NOTHING_ELSE: Final = nullcontext()
"""Where nobody else reads in this process."""
EVER: Final = datetime(1, 1, 1, tzinfo=UTC)
"""Before all records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a store may grow to."""

    window: timedelta = timedelta(days=1)
    """The age up to which ``max_rows`` counts."""
    keep: Mapping[str, timedelta] = field(default_factory=dict)
    """By table, the age from which rows are deleted; a table that is not named keeps all."""
    max_rows: int = 2_000_000
    """Of all tables within the window."""
    max_octets: int | None = None
    """Of the file; null: as many as there is room for."""

    @property
    def oldest(self) -> timedelta | None:
        """The age from which rows of every table are deleted; null where one keeps all."""
        return max(self.keep.values()) if len(self.keep) == len(STORED) else None


def hold(
    store: Store,
    bounds: Bounds,
    now: datetime,
    kept: Collection[str],
    alone: AbstractContextManager[object] = NOTHING_ELSE,
) -> Iterator[Counter[str]]:
    """Bring a store within its bounds; yield after each step how many rows it let go, by reason.

    Before any is let go at the ceiling of rows, those of hours that are over are summed by hour.
    ``alone``: within it nobody else has a transaction, see :func:`shrink`. Raises StoreError; what
    was yielded until then is gone.
    """
    if bounds.keep:
        oldest = dict.fromkeys((shape.name for shape in VANTAGE_TABLES), max(bounds.keep.values()))
        before = {name: now - age for name, age in {**oldest, **bounds.keep}.items()}
        yield Counter({AGED: forget(store, before)})
    since = now - bounds.window
    with store.transaction():
        rows = _count_since(store, since)
    if rows > bounds.max_rows:
        store.compact(now)
        yield shed(store, since, bounds.max_rows, kept)
    if bounds.max_octets is not None:
        yield shrink(store, bounds.max_octets, kept, alone)


def forget(store: Store, before: Mapping[str, datetime]) -> int:
    """Delete the rows of each table that were seen last before its moment; return how many.

    A table that was not made yet has none.
    """
    with store.transaction():
        return sum(
            int(store.execute(f"DELETE FROM {name} WHERE last_at < ?", [moment]).fetchone()[0])
            for name, moment in before.items()
            if store.has(name)
        )


def shed(store: Store, since: datetime, ceiling: int, kept: Collection[str]) -> Counter[str]:
    """Delete rows until those seen at or after ``since`` are below nine tenths of a ceiling,
    where they are above it; return how many, by reason.

    The names that were answered once go first, then those with very many rows, then those that
    were answered least, of these the ones seen longest ago. Names of the ``kept`` domains stay;
    where these have more than half of the ceiling and all that others leave of it, see
    :func:`unflux.engine.crowding.make_room`.
    """
    gone = Counter[str]()
    with _kept(store, kept), store.transaction():
        rows = _count_since(store, since)
        if rows <= ceiling:
            return gone
        mine = count_kept(store, since)
        share = max(int(ceiling * KEPT_PART), ceiling - (rows - mine))
        if mine > share:
            gone += make_room(store, since, int(share * ROOM))
            rows = _count_since(store, since)
        if rows <= ceiling:
            return gone
        store.execute(MARK_SHED, [since, since, since, BULK, rows - int(ceiling * ROOM)])
        for shape in STORED:
            found = store.execute(COUNT_SHED.format(shape.name), [since]).fetchall()
            for is_single, count in found:
                gone[SINGLE if is_single else RARE] += count
            store.execute(DELETE_SHED.format(shape.name), [since])
        store.execute("DROP TABLE to_shed")
    return gone


def shrink(
    store: Store,
    ceiling: int,
    kept: Collection[str],
    alone: AbstractContextManager[object] = NOTHING_ELSE,
) -> Counter[str]:
    """Delete rows where a store leaves too little free of a ceiling of its file, octets; return
    how many, by reason.

    The oldest buckets go first, but for rows of the ``kept`` domains; where there is one bucket
    only of others, what :func:`shed` lets go. The file keeps its length, and what is free in it is
    written to again. It is done ``alone``: beside a transaction nothing is freed, so that the next
    batch would have as much deleted once more.
    """
    with store.transaction():
        (used,) = store.execute(SIZE).fetchone()
    full = ceiling - max(ceiling * RESERVE, RESERVE_OCTETS)
    if used <= full:
        return Counter()
    left = max(full - ceiling * DELETED, 0.0) / used
    with alone:
        gone = _delete_oldest(store, left, kept)
        with suppress(StoreError):
            store.checkpoint()
    return gone


def _delete_oldest(store: Store, left: float, kept: Collection[str]) -> Counter[str]:
    """Delete rows until such a part of them is left."""
    with _kept(store, kept), store.transaction():
        buckets = store.execute(BUCKETS).fetchall()
        rows = _count_since(store, EVER)
        excess = rows * (1 - left)
        gone, last = 0, None
        for bucket_us, count in buckets[:-1]:
            if gone >= excess:
                break
            gone, last = gone + count, bucket_us
        if last is not None:
            for shape in STORED:
                store.execute(DELETE_OLDEST.format(shape.name), [last])
    return shed(store, EVER, int(rows * left), kept) if last is None else Counter({OLDEST: gone})


def _count_since(store: Store, since: datetime) -> int:
    return int(store.execute(COUNT_SINCE, [since] * len(STORED)).fetchone()[0])


def _kept(store: Store, kept: Collection[str]) -> AbstractContextManager[None]:
    return store.registered("kept", pa.table({"domain": pa.array(sorted(kept), pa.string())}))
