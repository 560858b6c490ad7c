"""Crowding: what stays of convicted domains where they alone have too many rows.

Their domains are in a view ``kept`` of one column, within a transaction.
"""

# ruff: noqa: S608  nothing but declared names is written into a statement

from collections import Counter
from datetime import datetime
from typing import Final

import pyarrow as pa

from unflux.engine.store import Store
from unflux.engine.store_sql import coarsen_statements
from unflux.model.columns import STORED, TableShape
from unflux.model.fair_share import fair_share
from unflux.model.rollup import Rollup, merge_rows, tables_of, under
from unflux.model.stand_in import stand_in

ROLLED_UP: Final = "name of a convicted domain, counted under the domain at the ceiling of rows"
SUMMED: Final = "row of a convicted domain, counted in that of its day at the ceiling of rows"
DOUBLED: Final = "record of a convicted domain, counted in another row at the ceiling of rows"
BEYOND: Final = (
    "record of a convicted domain with very many, answered least, at the ceiling of rows"
)

NAMES: Final = 1000
"""Of a convicted domain that stay apart whatever the ceiling. Chosen: 2026-11-28."""
DAY_S: Final = 86_400

KEPT: Final = "SELECT domain FROM kept"
COUNT: Final = " UNION ALL ".join(
    f"SELECT domain, count(*) AS rows FROM {shape.name}"
    f" WHERE domain IN ({KEPT}) AND last_at >= $1 GROUP BY domain"
    for shape in STORED
)
COUNT_ALL: Final = " + ".join(f"(SELECT count(*) FROM {shape.name})" for shape in STORED).join(
    ("SELECT ", "")
)
MARK_NAMES: Final = f"""
CREATE OR REPLACE TEMP TABLE to_roll_up AS
WITH names AS (
    SELECT query, any_value(domain) AS domain, sum(responses) AS responses
    FROM lookups WHERE domain IN ({KEPT}) AND NOT starts_with(query, '*.') GROUP BY query
)
SELECT query FROM names
QUALIFY row_number() OVER (PARTITION BY domain ORDER BY responses DESC, query) > {NAMES}
"""
CROWDED: Final = "domain IN (SELECT domain FROM crowded)"

RANK_SIGHTINGS: Final = f"""
WITH records AS (
    SELECT rowid AS row, domain, rdata, last_at, rrtype = 'NS' OR section = 'add' AS serves,
        sum("count") OVER record AS answered,
        first_value(rowid) OVER (record ORDER BY "count" DESC, bucket_at DESC, query) AS first,
        first = row AS is_first
    FROM sightings WHERE {CROWDED} AND last_at >= ?
    WINDOW record AS (PARTITION BY domain, owner_domain, section, rrtype, rdata)
), placed AS (
    SELECT *, row_number() OVER (
        PARTITION BY domain, serves ORDER BY is_first DESC, answered DESC, last_at DESC, rdata
    ) AS place
    FROM records
)
SELECT row, first, row_number() OVER (
    PARTITION BY domain ORDER BY is_first DESC, place, serves
) AS rank
FROM placed
"""
"""Each record once before any again; those of name service and all others in turn, so that neither
pushes out the other."""
RANK_OTHERS: Final = f"""
SELECT rowid AS row, rowid AS first, row_number() OVER (
    PARTITION BY domain ORDER BY responses DESC, last_at DESC, query
) AS rank
FROM {{0}} WHERE {CROWDED} AND last_at >= ?
"""
MARK_BEYOND: Final = """
CREATE OR REPLACE TEMP TABLE to_let_go AS SELECT row, first FROM ({0}) WHERE rank > ?
"""
COUNT_BEYOND: Final = "SELECT count(*) FROM to_let_go"
DOUBLED_ROWS: Final = """
SELECT {0}.* FROM {0} JOIN to_let_go ON {0}.rowid = to_let_go.{1}
WHERE first NOT IN (SELECT row FROM to_let_go) ORDER BY row
"""
"""Rows whose record stands in a row that stays; or these, one for each."""


def count_kept(store: Store, since: datetime) -> int:
    """Return how many rows of the kept domains were seen at or after ``since``."""
    return int(_counts(store, since)["rows"].to_numpy().sum())


def make_room(store: Store, since: datetime, total: int) -> Counter[str]:
    """Bring the rows of the kept domains below a total, as far as each has a row of each table;
    return how many went, by reason.

    Names beyond the most answered are counted under their domain, with all addresses. Where that
    is not enough, rows of the domains that have most are summed by day. Then what stands in another
    row, too, is counted there, and at last the records that were answered least are let go. Who has
    few rows loses none (:func:`unflux.model.fair_share.fair_share`).
    """
    gone = Counter({ROLLED_UP: _roll_up(store)})
    for step in (_sum_by_day, _let_go):
        counts = _counts(store, since)
        rows = counts["rows"].to_numpy()
        if rows.sum() <= total:
            break
        share = fair_share(rows, total)
        crowded = counts.filter(pa.array(rows > share)).select(["domain"])
        with store.registered("crowded", crowded):
            gone += step(store, since, share)
    return +gone


def _counts(store: Store, since: datetime) -> pa.Table:
    """Return (domain, rows), a row for each table of each kept domain."""
    return store.execute(COUNT, [since]).to_arrow_table()


def _roll_up(store: Store) -> int:
    """Count the names of the kept domains beyond the most answered under their domains; return
    how many rows fewer there are.
    """
    before = _count_all(store)
    store.execute(MARK_NAMES)
    tables = []
    for shape in STORED:
        theirs = f"FROM {shape.name} WHERE query IN (FROM to_roll_up)"
        tables.append(_rows(store, shape, f"SELECT * {theirs}"))
        store.execute(f"DELETE {theirs}")
    store.execute("DROP TABLE to_roll_up")
    sightings, lookups, answer_sets = tables
    after = stand_in(Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets))
    for shape, table in zip(STORED, tables_of(after), strict=True):
        store.merge(shape, table)
    return before - _count_all(store)


def _sum_by_day(store: Store, since: datetime, _share: int) -> Counter[str]:
    """Give the crowded domains buckets of a day: what was seen, how often, first and last stays."""
    before = _counts(store, since)["rows"].to_numpy().sum()
    for shape in STORED:
        for statement in coarsen_statements(shape, DAY_S, where=CROWDED):
            store.execute(statement)
    return Counter({SUMMED: int(before - _counts(store, since)["rows"].to_numpy().sum())})


def _let_go(store: Store, since: datetime, share: int) -> Counter[str]:
    """Leave the crowded domains their share of each table."""
    gone = Counter[str]()
    for shape in STORED:
        ranks = RANK_SIGHTINGS if shape.name == "sightings" else RANK_OTHERS.format(shape.name)
        store.execute(MARK_BEYOND.format(ranks), [since, share])
        doubled, counting = (
            _rows(store, shape, DOUBLED_ROWS.format(shape.name, row)) for row in ("row", "first")
        )
        (count,) = store.execute(COUNT_BEYOND).fetchone()
        gone += Counter({DOUBLED: doubled.num_rows, BEYOND: count - doubled.num_rows})
        store.execute(f"DELETE FROM {shape.name} WHERE rowid IN (SELECT row FROM to_let_go)")
        if doubled.num_rows:
            store.merge(shape, merge_rows(shape, under(shape, doubled, counting)))
    store.execute("DROP TABLE to_let_go")
    return gone


def _count_all(store: Store) -> int:
    return int(store.execute(COUNT_ALL).fetchone()[0])


def _rows(store: Store, shape: TableShape, statement: str) -> pa.Table:
    rows = store.execute(statement).to_arrow_table()
    return rows.select(shape.schema.names).cast(shape.schema)
