"""Compaction: where a store's buckets of five minutes end and those of an hour begin, in time.

Rows whose bucket begins before a moment, an hour's start, are hourly; all others are fine.
"""

# ruff: noqa: S608  nothing but declared names and numbers is written into a statement

from datetime import datetime
from typing import Final

import pyarrow.compute as pc

from unflux.engine.store_sql import coarsen_statements
from unflux.engine.waiting import Execute
from unflux.model.columns import STORED
from unflux.model.rollup import (
    BUCKET_COARSE_S,
    FINE_SPAN_S,
    Rollup,
    coarsen,
    merge,
    split_at,
    tables_of,
)
from unflux.model.times import MICROSECONDS_PER_S, microseconds_of

HOUR_US: Final = BUCKET_COARSE_S * MICROSECONDS_PER_S
FINE_SPAN_US: Final = FINE_SPAN_S * MICROSECONDS_PER_S

EVER_US: Final = -(1 << 62)
"""Before all buckets."""

_FIRST_FINE: Final = "SELECT epoch_us(min(bucket_at)) FROM ({})".format(
    " UNION ALL ".join(
        f"SELECT min(bucket_at) AS bucket_at FROM {shape.name}"
        " WHERE epoch_us(bucket_at) >= $1 AND epoch_us(bucket_at) < $2"
        for shape in STORED
    )
)
_LAST: Final = "SELECT epoch_us(max(last_at)) FROM ({})".format(
    " UNION ALL ".join(f"SELECT max(last_at) AS last_at FROM {shape.name}" for shape in STORED)
)
_LAST_BUCKET: Final = "SELECT epoch_us(max(bucket_at)) FROM ({})".format(
    " UNION ALL ".join(f"SELECT max(bucket_at) AS bucket_at FROM {shape.name}" for shape in STORED)
)
_SPAN: Final = (
    "SELECT epoch_us(min(first_at)), epoch_us(max(last_at)), epoch_us(min(bucket_at)) FROM ({})"
).format(
    " UNION ALL ".join(
        f"SELECT min(first_at) AS first_at, max(last_at) AS last_at, min(bucket_at) AS bucket_at"
        f" FROM {shape.name} WHERE coalesce(last_at >= $1, $1 IS NULL)"
        " AND coalesce(first_at < $2, $2 IS NULL)"
        for shape in STORED
    )
)


def hour_of(moment_us: int) -> int:
    """Return the start of the hour of a moment, in microseconds."""
    return moment_us // HOUR_US * HOUR_US


def next_hour(execute: Execute, since_us: int, until_us: int) -> int | None:
    """Return the first hour that holds fine buckets between these; null where none does."""
    (first_us,) = execute(_FIRST_FINE, [since_us, until_us]).fetchone()
    return None if first_us is None else hour_of(first_us)


def compact_hour(execute: Execute, hour_us: int) -> None:
    """Sum the fine buckets of an hour, within a transaction."""
    within = f"epoch_us(bucket_at) >= {hour_us} AND epoch_us(bucket_at) < {hour_us + HOUR_US}"
    for shape in STORED:
        for statement in coarsen_statements(shape, BUCKET_COARSE_S, where=within):
            execute(statement)


def settled_until(execute: Execute) -> int:
    """Return up to when buckets are to be hourly: a day before the last record."""
    (last_us,) = execute(_LAST).fetchone()
    return EVER_US if last_us is None else hour_of(last_us - FINE_SPAN_US)


def is_read_hourly(
    execute: Execute, since: datetime | None, until: datetime | None, fine_since_us: int
) -> bool:
    """Tell whether rows within the bounds are all to be had by the hour: where some are, or where
    more than a day is asked for and there.
    """
    first_us, last_us, bucket_us = execute(_SPAN, [since, until]).fetchone()
    if first_us is None:
        return False
    if since is not None:
        first_us = max(first_us, microseconds_of(since))
    if until is not None:
        last_us = min(last_us, microseconds_of(until))
    is_mixed = bucket_us is not None and bucket_us < fine_since_us
    return bool(is_mixed or last_us - first_us > FINE_SPAN_US)


def end_of_last_hour(execute: Execute) -> int:
    """Return where the last hour of a store ends."""
    (last_us,) = execute(_LAST_BUCKET).fetchone()
    return EVER_US if last_us is None else hour_of(last_us) + HOUR_US


def end_of(rollup: Rollup) -> int:
    """Return where the last hour of a rollup ends."""
    lasts = [pc.max(table["bucket_at"]).as_py() for table in tables_of(rollup)]
    known = [microseconds_of(last) for last in lasts if last is not None]
    return hour_of(max(known)) + HOUR_US if known else EVER_US


def coarsen_before(rollup: Rollup, moment_us: int) -> Rollup:
    """Give a rollup hourly buckets before an hour's start."""
    before, after = split_at(rollup, moment_us)
    if not before.row_count:
        return rollup
    return merge([coarsen(before, BUCKET_COARSE_S), after])
