"""A stand-in: the name that many names of a domain are counted under where they are too many."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.columns import ANSWER_SETS, LOOKUPS, SIGHTINGS
from unflux.model.rollup import Rollup, merge_rows, tables_of

ANY: Final = "*."
"""Before the domain: as in a wildcard (RFC 4592), which is how such names are answered mostly."""


def rows_of(rollup: Rollup, queries: pa.Array) -> tuple[Rollup, Rollup]:
    """Return the rows of these queries, and all others."""
    theirs, others = [], []
    for table in tables_of(rollup):
        is_theirs = pc.is_in(table["query"], value_set=queries)
        theirs.append(table.filter(is_theirs))
        others.append(table.filter(pc.invert(is_theirs)))
    return _rollup(*theirs), _rollup(*others)


def stand_in(rollup: Rollup) -> Rollup:
    """Give all rows to the names that stand for their queries, and merge.

    Domains stay what they are, and so does the owner of a record that is not asked here: what a
    domain was seen to hold, when and how often is the same, under one name. ``answers_max`` and
    the sets of answers are as they were.
    """
    queries = pc.unique(rollup.lookups["query"].combine_chunks())

    def renamed(table: pa.Table, column: str, domain: str) -> pa.Table:
        is_asked = pc.is_in(table[column], value_set=queries)
        anyone = pc.binary_join_element_wise(ANY, table[domain].cast(pa.string()), "")
        return _with(table, column, pc.if_else(is_asked, anyone, table[column]))

    sightings = renamed(rollup.sightings, "qname", "owner_domain")
    return _rollup(
        merge_rows(SIGHTINGS, _asked(sightings)),
        merge_rows(LOOKUPS, _asked(rollup.lookups)),
        merge_rows(ANSWER_SETS, _asked(rollup.answer_sets)),
    )


def _asked(table: pa.Table) -> pa.Table:
    return _with(table, "query", pc.binary_join_element_wise(ANY, table["domain"], ""))


def _with(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), column)


def _rollup(sightings: pa.Table, lookups: pa.Table, answer_sets: pa.Table) -> Rollup:
    return Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets)
