"""Continuity: a network keeps its id while its members come and go."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from unflux.link.components import network_id


def continue_ids(members: pa.Table, held: pa.Table) -> dict[str, str]:
    """Return, by the id that the records give each network of ``members``, the one it goes on with.

    Both of shape ``MEMBERS``; ``held``: in which network domains were before. An id goes on with
    the network that has most of its domains, and a network that could have several takes the one
    that most of its domains had. Where no domain brings any it is as the records say, or another
    where somebody had that.
    """
    ids = _held_on(members, held)
    taken = set(held["network"].to_pylist())
    for found in sorted(set(members["network"].to_pylist()) - ids.keys()):
        fresh = found
        while fresh in taken:
            fresh = network_id(fresh)
        ids[found] = fresh
        taken.add(fresh)
    return ids


def _held_on(members: pa.Table, held: pa.Table) -> dict[str, str]:
    """Return the ids that go on, none of them with two networks."""
    before = held.rename_columns(["domain", "before"])
    shares = members.join(before, "domain", join_type="inner")
    shares = shares.group_by(["network", "before"]).aggregate([("domain", "count")])
    shares = shares.sort_by(
        [("domain_count", "descending"), ("before", "ascending"), ("network", "ascending")]
    )
    ids: dict[str, str] = {}
    given = set[str]()
    for found, id_ in zip(*shares.select(["network", "before"]).to_pydict().values(), strict=True):
        if found not in ids and id_ not in given:
            ids[found] = id_
            given.add(id_)
    return ids


def rename(rows: pa.Table, column: str, ids: Mapping[str, str]) -> pa.Table:
    """Return the rows of the networks in ``ids``, under the id that each goes on with."""
    at = pc.index_in(rows[column], value_set=pa.array(ids.keys(), pa.string()))
    going_on = pa.array(ids.values(), pa.string()).take(at.combine_chunks())
    renamed = rows.set_column(rows.column_names.index(column), rows.field(column), going_on)
    return renamed.filter(pc.is_valid(going_on))
