"""A rollup: the three tables that are kept of some responses, and how rollups combine."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.addresses import address_facts
from unflux.model.columns import ANSWER_SETS, LOOKUPS, MOMENT, SIGHTINGS, TableShape
from unflux.model.distinct import order_codes
from unflux.model.names import registrable_domains
from unflux.model.times import MICROSECONDS_PER_S

BUCKET_FINE_S: Final = 300
"""Width of a bucket where the records span a day or less, seconds."""

BUCKET_COARSE_S: Final = 3600
"""Width of a bucket where they span more, seconds."""

FINE_SPAN_S: Final = 86_400
"""Longest span of records, first to last, that keeps fine buckets, seconds."""

ADDRESS_TYPES: Final = ("A", "AAAA")
"""Record types whose data is an address (RFC 1035 section 3.4.1, RFC 3596 section 2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """The three mergeable tables of some responses; shapes in :mod:`unflux.model.columns`."""

    sightings: pa.Table
    lookups: pa.Table
    answer_sets: pa.Table

    @classmethod
    def empty(cls) -> "Rollup":
        """Return a rollup of nothing."""
        return cls(
            sightings=SIGHTINGS.empty(), lookups=LOOKUPS.empty(), answer_sets=ANSWER_SETS.empty()
        )

    @property
    def row_count(self) -> int:
        """Rows of all three tables."""
        return sum(table.num_rows for table in tables_of(self))


def merge(rollups: Iterable[Rollup]) -> Rollup:
    """Combine rollups, whose buckets may differ in width, row by row on the key of each table.

    Sums, minima and maxima only: any order and grouping of the same rollups gives the same
    result, sorted by key, nulls last.
    """
    parts = list(rollups)
    if not parts:
        return Rollup.empty()
    return Rollup(
        sightings=merge_rows(SIGHTINGS, pa.concat_tables([part.sightings for part in parts])),
        lookups=merge_rows(LOOKUPS, pa.concat_tables([part.lookups for part in parts])),
        answer_sets=merge_rows(ANSWER_SETS, pa.concat_tables([part.answer_sets for part in parts])),
    )


def coarsen(rollup: Rollup, bucket_s: int) -> Rollup:
    """Move every row into the bucket of ``bucket_s`` seconds that holds its own, and merge.

    Rows already in wider buckets stay where they are if ``bucket_s`` divides their width.
    """

    def coarse(shape: TableShape, table: pa.Table) -> pa.Table:
        buckets = bucket_start(table["bucket_at"], bucket_s)
        column = table.schema.get_field_index("bucket_at")
        return merge_rows(shape, table.set_column(column, shape.schema.field(column), buckets))

    return Rollup(
        sightings=coarse(SIGHTINGS, rollup.sightings),
        lookups=coarse(LOOKUPS, rollup.lookups),
        answer_sets=coarse(ANSWER_SETS, rollup.answer_sets),
    )


def split_at(rollup: Rollup, moment_us: int) -> tuple[Rollup, Rollup]:
    """Return the rows whose bucket begins before a moment, and all others."""
    parts: tuple[list[pa.Table], list[pa.Table]] = [], []
    for table in tables_of(rollup):
        is_before = pc.less(table["bucket_at"].cast(pa.int64()), moment_us)
        is_before = pc.fill_null(is_before, False)
        parts[0].append(table.filter(is_before))
        parts[1].append(table.filter(pc.invert(is_before)))
    before, after = (
        Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets)
        for sightings, lookups, answer_sets in parts
    )
    return before, after


def settle(rollup: Rollup) -> Rollup:
    """Give the rollup hour buckets where its records span more than a day.

    Idempotent. Parts may be settled before they are merged: what spans a day in a part spans a
    day in the whole.
    """
    return coarsen(rollup, settled_bucket_s(rollup))


def settled_bucket_s(rollup: Rollup) -> int:
    """Return the width of bucket, in seconds, that the span of the records asks for."""
    span_us = span_of(rollup)
    is_long = span_us is not None and span_us > FINE_SPAN_S * MICROSECONDS_PER_S
    return BUCKET_COARSE_S if is_long else BUCKET_FINE_S


def span_of(rollup: Rollup) -> int | None:
    """Return the microseconds from the first to the last record; null where none has a time."""
    firsts = [pc.min(t["first_at"].cast(pa.int64())).as_py() for t in tables_of(rollup)]
    lasts = [pc.max(t["last_at"].cast(pa.int64())).as_py() for t in tables_of(rollup)]
    known = [first for first in firsts if first is not None]
    if not known:
        return None
    return int(max(last for last in lasts if last is not None) - min(known))


def within(rollup: Rollup, since: datetime | None, until: datetime | None) -> Rollup:
    """Keep the rows that were seen at or after ``since`` and before ``until``, as a store does.

    A row that straddles a bound is in; a row without a time is not, once a bound is given.
    """

    def bounded(table: pa.Table) -> pa.Table:
        if since is not None:
            table = table.filter(pc.greater_equal(table["last_at"], pa.scalar(since, MOMENT)))
        if until is not None:
            table = table.filter(pc.less(table["first_at"], pa.scalar(until, MOMENT)))
        return table

    sightings, lookups, answer_sets = map(bounded, tables_of(rollup))
    return Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets)


def tables_of(rollup: Rollup) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return the tables in the order of :data:`unflux.model.columns.STORED`."""
    return rollup.sightings, rollup.lookups, rollup.answer_sets


def bucket_start(moments: pa.Array | pa.ChunkedArray, bucket_s: int) -> pa.Array | pa.ChunkedArray:
    """Return the start of the bucket that holds each moment; null stays null.

    Integer division of the seconds since the epoch, so that every engine gets the same.
    """
    width_us = bucket_s * MICROSECONDS_PER_S
    moments_us = moments.cast(pa.int64())
    return pc.multiply(_floor_divide(moments_us, width_us), width_us).cast(MOMENT)


def _floor_divide(values: pa.ChunkedArray, divisor: int) -> pa.ChunkedArray:
    # Arrow divides towards zero; moments before 1970 must still go down.
    quotient = pc.divide(values, divisor)
    remainder = pc.subtract(values, pc.multiply(quotient, divisor))
    return pc.subtract(quotient, pc.less(remainder, 0).cast(pa.int64()))


def merge_rows(shape: TableShape, table: pa.Table) -> pa.Table:
    """Combine rows of equal key as the columns of ``shape`` declare; sort by key, nulls last.

    ``table`` has the columns of ``shape``. Derived columns are taken over from one of the rows.
    What is merged and sorted already comes back as it is.
    """
    if table.schema.equals(shape.schema) and _rises(table, shape.key):
        return table
    merged = [c for c in shape.columns if c.merge in {"sum", "min", "max"}]
    codes = {name: order_codes(table[name]) for name in shape.key}
    coded = pa.table(
        {name: code.codes for name, code in codes.items()}
        | {c.name: table[c.name] for c in merged}
        | {"row": pa.array(np.arange(table.num_rows))}
    )
    groups = coded.group_by(list(shape.key), use_threads=False)
    result = groups.aggregate([*((c.name, c.merge) for c in merged), ("row", "min")])
    result = result.sort_by([(name, "ascending") for name in shape.key])
    columns = {name: code.decode(result[name]) for name, code in codes.items()}
    columns |= {c.name: result[f"{c.name}_{c.merge}"] for c in merged}
    derived = table.select([c.name for c in shape.columns if c.merge == "derived"])
    columns |= dict(zip(derived.column_names, derived.take(result["row_min"]), strict=True))
    return pa.table([columns[name] for name in shape.schema.names], schema=shape.schema)


def under(shape: TableShape, table: pa.Table, others: pa.Table) -> pa.Table:
    """Return what the rows of a table hold under the keys of other rows, one for each; unmerged."""
    columns = {
        c.name: (table if c.merge in {"sum", "min", "max"} else others)[c.name]
        for c in shape.columns
    }
    return pa.table(columns, schema=shape.schema)


def _rises(table: pa.Table, key: tuple[str, ...]) -> bool:
    """Tell whether each row's key is greater than that of the row before, nulls last."""
    before, after = table.slice(0, max(0, table.num_rows - 1)), table.slice(1)
    is_tied = np.ones(before.num_rows, dtype=bool)
    for name in key:
        one, other = before[name], after[name]
        both_null = _flags(pc.and_(pc.is_null(one), pc.is_null(other)))
        is_equal = both_null | _flags(pc.equal(one, other))
        is_less = _flags(pc.less(one, other)) | _flags(pc.and_(pc.is_valid(one), pc.is_null(other)))
        if np.any(is_tied & ~is_less & ~is_equal):
            return False
        is_tied &= is_equal
        if not is_tied.any():
            return True
    return not is_tied.any()


def _flags(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(column, False)).astype(bool)


def derive(shape: TableShape, table: pa.Table) -> pa.Table:
    """Add the derived columns to a table that has the others; order the columns as declared."""
    columns = {name: table[name] for name in table.column_names}
    columns["domain"] = registrable_domains(table["query"])
    if shape is SIGHTINGS:
        columns["owner_domain"] = registrable_domains(table["qname"])
        is_address = pc.is_in(table["rrtype"], pa.array(ADDRESS_TYPES))
        facts = address_facts(pc.if_else(is_address, table["rdata"], None))
        columns["slash24"] = facts.slash24
        columns["slash16"] = facts.slash16
        columns["is_special_use"] = facts.is_special_use
    return pa.table([columns[name] for name in shape.schema.names], schema=shape.schema)
