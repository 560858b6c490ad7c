"""Cropping: which records stay of a domain that has too many of them in a batch."""

from collections import Counter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.columns import STORED
from unflux.model.fair_share import fair_share
from unflux.model.rollup import Rollup, merge_rows, tables_of, under

CROWDED: Final = "record of a domain with too many in a batch"
DOUBLED: Final = "record of a convicted domain with too many in a batch, counted in another row"
BEYOND: Final = "record of a convicted domain with too many in a batch, answered least"

_OWNERS: Final = ("owner_domain", "domain", "domain")
"""By table: the domain that a row is held against."""


def crop(rollup: Rollup, most: int, kept: pa.Array, shed: Counter[str]) -> Rollup:
    """Leave each domain but the ``kept`` so many records, and so many sets of answers.

    Which go is told by a hash that no sender can know.
    """
    tables = []
    for table, owner, value in (
        (rollup.sightings, "owner_domain", "rdata"),
        (rollup.answer_sets, "domain", "answer_set"),
    ):
        counted = _count(table, owner)
        crowded = counted.filter(
            pc.and_(
                pc.greater(counted["count_all"], most),
                pc.invert(pc.is_in(counted[owner], value_set=kept)),
            )
        )
        is_gone = np.zeros(table.num_rows, dtype=bool)
        for domain in crowded[owner]:
            rows = _rows_of(table, owner, domain)
            is_gone[rows[np.argsort(_chances(table[value].take(pa.array(rows))))[most:]]] = True
        tables.append(_without(table, is_gone))
        if gone := int(is_gone.sum()):
            shed[CROWDED] += gone
    sightings, answer_sets = tables
    return Rollup(sightings=sightings, lookups=rollup.lookups, answer_sets=answer_sets)


def share_of(rollup: Rollup, most: int, total: int, kept: pa.Array) -> int | None:
    """Return how many rows of each table one ``kept`` domain may have, ``most`` at most, for all
    of them to have ``total``; null where none has more.
    """
    counts = []
    for table, owner in zip(tables_of(rollup), _OWNERS, strict=True):
        counted = _count(table, owner)
        counts.append(
            counted.filter(pc.is_in(counted[owner], value_set=kept))["count_all"].to_numpy()
        )
    rows = np.concatenate(counts)
    if not len(rows):
        return None
    share = min(most, fair_share(rows, total))
    return share if rows.max() > share else None


def crop_kept(rollup: Rollup, share: int, kept: pa.Array, shed: Counter[str]) -> Rollup:
    """Leave each of the ``kept`` domains its share of rows, in each table.

    Rows whose record stands in another row, too, go first and are counted there; then those
    answered least, of the records of name service and of all others in turn, so that neither
    pushes out the other.
    """
    tables = []
    for shape, table, owner in zip(STORED, tables_of(rollup), _OWNERS, strict=True):
        counted = _count(table, owner)
        crowded = counted.filter(
            pc.and_(
                pc.greater(counted["count_all"], share), pc.is_in(counted[owner], value_set=kept)
            )
        )
        is_gone = np.zeros(table.num_rows, dtype=bool)
        first = np.arange(table.num_rows)
        for domain in crowded[owner]:
            rows = _rows_of(table, owner, domain)
            theirs = table.take(pa.array(rows))
            if "rdata" in theirs.column_names:
                order, first_of_theirs = _order_records(theirs)
                first[rows] = rows[first_of_theirs]
            else:
                chances = _chances(theirs["query"])
                order = np.lexsort((chances, -theirs["responses"].to_numpy()))
            is_gone[rows[order[share:]]] = True
        is_doubled = is_gone & ~is_gone[first]
        for reason, is_of_reason in ((DOUBLED, is_doubled), (BEYOND, is_gone & ~is_doubled)):
            if count := int(is_of_reason.sum()):
                shed[reason] += count
        left = _without(table, is_gone)
        if is_doubled.any():
            doubled = table.filter(pa.array(is_doubled))
            rows = under(shape, doubled, table.take(pa.array(first[is_doubled])))
            left = merge_rows(shape, pa.concat_tables([left, rows]))
        tables.append(left)
    sightings, lookups, answer_sets = tables
    return Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets)


def _order_records(sightings: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows, those to keep first in front, and for each its record's first."""
    told = pc.binary_join_element_wise(
        *(sightings[name] for name in ("section", "rrtype", "rdata")), " "
    ).combine_chunks()
    records = told.dictionary_encode()
    record = records.indices.to_numpy()
    chance = _chances(records.dictionary)[record]
    count = sightings["count"].to_numpy()
    answered = np.bincount(record, weights=count)[record]
    by_record = np.lexsort((-count, record))
    first = by_record[np.r_[True, np.diff(record[by_record]) != 0]][record]
    is_first = first == np.arange(len(record))
    serves = np.asarray(
        pc.or_(pc.equal(sightings["rrtype"], "NS"), pc.equal(sightings["section"], "add"))
    ).astype(bool)
    place = np.empty(len(record), np.int64)
    for is_kind in (serves, ~serves):
        rows = np.flatnonzero(is_kind)
        order = np.lexsort((chance[rows], -answered[rows], ~is_first[rows]))
        place[rows[order]] = np.arange(len(rows))
    return np.lexsort((serves, place, ~is_first)), first


def _count(table: pa.Table, owner: str) -> pa.Table:
    return table.group_by(owner).aggregate([([], "count_all")])


def _rows_of(table: pa.Table, owner: str, domain: pa.Scalar) -> np.ndarray:
    return np.flatnonzero(np.asarray(pc.equal(table[owner], domain)).astype(bool))


def _chances(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    return np.array([hash(value) for value in values.to_pylist()], np.int64)


def _without(table: pa.Table, is_gone: np.ndarray) -> pa.Table:
    return table.filter(pa.array(~is_gone)) if is_gone.any() else table
