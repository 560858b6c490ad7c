"""The statements of the store, made from the declarations of the columns."""

# ruff: noqa: S608  nothing but declared names is written into a statement

from datetime import datetime
from typing import Final

import pyarrow as pa

from unflux.model.columns import FLAG, MOMENT, STORED, TEXT, Column, TableShape
from unflux.model.rollup import BUCKET_COARSE_S
from unflux.model.times import MICROSECONDS_PER_S

TABLE_NAMES: Final = "SELECT table_name FROM duckdb_tables() WHERE NOT internal"

META: Final = "CREATE TABLE unflux_meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL)"
SOURCES: Final = (
    "CREATE TABLE sources (digest VARCHAR PRIMARY KEY, name VARCHAR NOT NULL,"
    " format VARCHAR NOT NULL, responses BIGINT NOT NULL, drops VARCHAR NOT NULL)"
)

DEPLOYED: Final = (
    "CREATE TABLE IF NOT EXISTS deployed (deployment VARCHAR NOT NULL, part VARCHAR NOT NULL,"
    " content VARCHAR NOT NULL, PRIMARY KEY (deployment, part))"
)
"""Made when something is delivered first, so that a store of records alone stays one."""
HAS_TABLE: Final = "SELECT count(*) > 0 FROM duckdb_tables() WHERE table_name = ? AND NOT internal"
SELECT_DEPLOYED: Final = "SELECT content FROM deployed WHERE deployment = ? AND part = ?"
SELECT_COUNTS: Final = "SELECT responses, drops FROM sources WHERE digest = ?"
SELECT_META: Final = "SELECT value FROM unflux_meta WHERE key = ?"
REPLACE_DEPLOYED: Final = "INSERT OR REPLACE INTO deployed VALUES (?, ?, ?)"

_TYPES: Final[dict[pa.DataType, str]] = {
    MOMENT: "TIMESTAMP WITH TIME ZONE",
    TEXT: "VARCHAR",
    pa.int64(): "BIGINT",
    FLAG: "BOOLEAN",
}
_COMBINED: Final = {
    # Of two rows; least and greatest pass over null, as min and max do.
    "sum": "old.{0} + new.{0}",
    "min": "least(old.{0}, new.{0})",
    "max": "greatest(old.{0}, new.{0})",
    "derived": "new.{0}",
}
_AGGREGATED: Final = {
    # Of the rows of a group; sum would widen to 128 bits.
    "sum": "sum({0})::BIGINT",
    "min": "min({0})",
    "max": "max({0})",
    "derived": "any_value({0})",
}


def create_statements() -> list[str]:
    """Return what makes an empty store."""
    return [META, SOURCES, *(create_statement(shape) for shape in STORED)]


def create_statement(shape: TableShape) -> str:
    """Return what makes a table, where there is none yet."""
    columns = ", ".join(
        f"{_quoted(c.name)} {_TYPES[c.type]}{'' if c.nullable else ' NOT NULL'}"
        for c in shape.columns
    )
    return f"CREATE TABLE IF NOT EXISTS {shape.name} ({columns})"


def merge_statement(shape: TableShape, since_us: int | None) -> str:
    """Return what merges the view ``incoming``, one row per key, into the table.

    ``since_us``: the first bucket of what comes, so that older rows are not looked at; null where
    some of it has no time.
    """
    bound = "" if since_us is None else f"old.bucket_at >= make_timestamptz({since_us}) AND "
    same = bound + " AND ".join(
        f"old.{_quoted(name)} IS NOT DISTINCT FROM new.{_quoted(name)}" for name in shape.key
    )
    combined = ", ".join(
        f"{_quoted(c.name)} = {_COMBINED[c.merge].format(_quoted(c.name))}"
        for c in shape.columns
        if c.merge != "key"
    )
    columns = ", ".join(_quoted(c.name) for c in shape.columns)
    values = ", ".join(f"new.{_quoted(c.name)}" for c in shape.columns)
    return (
        f"MERGE INTO {shape.name} AS old USING incoming AS new ON {same}"
        f" WHEN MATCHED THEN UPDATE SET {combined}"
        f" WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})"
    )


def coarsen_statements(shape: TableShape, bucket_s: int, where: str = "true") -> list[str]:
    """Return what moves rows of the table into the bucket of ``bucket_s`` around their own.

    ``where``: which rows, by their key, so that all that become one row are moved or none.
    """
    return [
        f"CREATE OR REPLACE TEMP TABLE coarse AS {_coarse_rows(shape, bucket_s, where)}",
        f"DELETE FROM {shape.name} WHERE {where}",
        f"INSERT INTO {shape.name} BY NAME SELECT * FROM coarse",
        "DROP TABLE coarse",
    ]


def _coarse_rows(shape: TableShape, bucket_s: int, where: str) -> str:
    """Return what selects rows as they are in the bucket of ``bucket_s`` around their own."""
    width_us = bucket_s * MICROSECONDS_PER_S
    late_us = f"(epoch_us(bucket_at) % {width_us} + {width_us}) % {width_us}"
    start = f"make_timestamptz(epoch_us(bucket_at) - {late_us})"
    keys = [start if name == "bucket_at" else _quoted(name) for name in shape.key]

    def value(column: Column) -> str:
        if column.merge == "key":
            return start if column.name == "bucket_at" else _quoted(column.name)
        return _AGGREGATED[column.merge].format(_quoted(column.name))

    selected = ", ".join(f"{value(c)} AS {_quoted(c.name)}" for c in shape.columns)
    return f"SELECT {selected} FROM {shape.name} WHERE {where} GROUP BY {', '.join(keys)}"


def select_statement(
    shape: TableShape,
    since: datetime | None,
    until: datetime | None,
    *,
    is_sorted: bool,
    hourly_since_us: int | None = None,
    where: str = "true",
) -> tuple[str, list[datetime]]:
    """Return what fetches the rows seen within the bounds, sorted by key or in no order, and its
    parameters.

    ``hourly_since_us``: buckets that begin then or later are summed by hour; null: none are.
    ``where``: a further condition.
    """
    bounds = [("last_at >= ?", since), ("first_at < ?", until)]
    conditions = [condition for condition, moment in bounds if moment is not None]
    values = [moment for _, moment in bounds if moment is not None]
    columns = ", ".join(_quoted(c.name) for c in shape.columns)
    order = ", ".join(f"{_quoted(name)} ASC NULLS LAST" for name in shape.key if is_sorted)
    where = " AND ".join([*conditions, f"({where})"])
    rows = f"SELECT {columns} FROM {shape.name} WHERE {where}"
    if hourly_since_us is not None:
        is_fine = f"coalesce(epoch_us(bucket_at) >= {hourly_since_us}, false)"
        hourly = _coarse_rows(shape, BUCKET_COARSE_S, f"{where} AND {is_fine}")
        rows = f"SELECT {columns} FROM ({rows} AND NOT {is_fine} UNION ALL BY NAME {hourly})"
        values += values
    return f"{rows}{f' ORDER BY {order}' if order else ''}", values


def _quoted(name: str) -> str:
    return f'"{name}"'
