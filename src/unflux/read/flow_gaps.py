"""Gaps of flows, filled with what other rows know of them."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def fill_gaps(
    flows: pa.Table, donors: pa.Table, rows: np.ndarray, owner: np.ndarray, names: Iterable[str]
) -> pa.Table:
    """Return flows whose nulls in these columns are filled: of their donors the first that knows.

    ``rows``: of the donors, in order; ``owner``: the row of ``flows`` that each of them gives to.
    """
    for name in names:
        is_gap = np.asarray(flows[name].is_null())
        if not is_gap.any() or donors[name].null_count == len(donors):
            continue
        giving = np.flatnonzero(np.asarray(donors[name].is_valid())[rows] & is_gap[owner])
        owners, firsts = np.unique(owner[giving], return_index=True)
        if not len(owners):
            continue
        place = np.full(len(flows), -1)
        place[owners] = rows[giving[firsts]]
        given = donors[name].take(pa.array(place, mask=place < 0))
        index = flows.schema.get_field_index(name)
        flows = flows.set_column(index, flows.schema.field(name), pc.coalesce(flows[name], given))
    return flows
