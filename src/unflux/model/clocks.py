"""Clocks that were wrong: moments that no response of these records can have."""

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.columns import MOMENT
from unflux.model.rollup import Rollup, merge, settle, tables_of

WRONG_CLOCK: Final = "dated 1970, or later than now, by a wrong clock: time taken as unknown"

SET_AT: Final = datetime(1971, 1, 1, tzinfo=UTC)
"""What is dated earlier comes from a machine that did not know the time and counts from 1970.
Chosen: 2026-11-29; no DNS is as old, and moments that count from a capture's start have a year."""
AHEAD: Final = timedelta(days=1)
"""What is dated later than this from now comes from a clock that is ahead. Chosen: 2026-11-29;
local time taken for UTC is off by 14 hours at most."""

_MOMENTS: Final = ("bucket_at", "first_at", "last_at")


def forget_wrong_moments(rollup: Rollup, now: datetime | None) -> tuple[Rollup, int]:
    """Return the rollup without moments from wrong clocks, and how many responses had one.

    Their rows stay, with no time. One such moment would stretch the time of a domain over decades,
    in which nothing was new but at the start. Where all moments are such, none is touched: they
    count from a start of their own, or it is the clock that said ``now`` that is wrong. Where
    ``now`` is null none is too late. Of sources that show records alone, rows are counted.
    """
    tables = tables_of(rollup)
    wrong = [_are_wrong(table, now) for table in tables]
    if not any(map(np.any, wrong)) or not any(map(_are_some_right, tables, wrong)):
        return rollup, 0
    sightings, lookups, answer_sets = map(_forget, tables, wrong)
    forgotten = Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets)
    of_sightings, of_lookups, _ = wrong
    responses = pc.sum(rollup.lookups["responses"].filter(pa.array(of_lookups))).as_py()
    return settle(merge([forgotten])), responses or int(np.count_nonzero(of_sightings))


def _are_wrong(table: pa.Table, now: datetime | None) -> np.ndarray:
    is_wrong = pc.less(table["first_at"], pa.scalar(SET_AT, MOMENT))
    if now is not None:
        is_late = pc.greater(table["last_at"], pa.scalar(now + AHEAD, MOMENT))
        is_wrong = pc.or_(is_wrong, is_late)
    return np.asarray(pc.fill_null(is_wrong, False)).astype(bool)


def _are_some_right(table: pa.Table, is_wrong: np.ndarray) -> bool:
    return bool(np.any(~is_wrong & np.asarray(pc.is_valid(table["first_at"])).astype(bool)))


def _forget(table: pa.Table, is_wrong: np.ndarray) -> pa.Table:
    for name in _MOMENTS:
        column = table.schema.get_field_index(name)
        known = pc.if_else(pa.array(is_wrong), None, table[name])
        table = table.set_column(column, table.schema.field(column), known)
    return table
