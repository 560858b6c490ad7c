"""Thinning: what a flood of names leaves of a batch, so that no input makes it grow beyond bounds.

A name that is asked once and never again says nothing by itself; what it says of its domain is
kept: the names of a domain that are too many are counted under the one that stands for them.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.rollup import Rollup, merge, tables_of
from unflux.model.stand_in import rows_of, stand_in
from unflux.watch.cropping import crop, crop_kept, share_of

ROLLED_UP: Final = "name of a domain with too many in a batch, counted under the domain"
NOWHERE: Final = "name that led nowhere, asked once, in a batch with too many"
SINGLE: Final = "name answered once, in a batch with too many rows"
RARE: Final = "name answered rarely, in a batch with too many rows"


ROWS: Final = 300_000
"""Of a batch. Chosen: 2026-11-28; 300,000 generated responses to 50,000 names have 262,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a batch may bring into the store."""

    names_per_domain: int = 1000
    """Chosen: 2026-11-28; in 300,000 generated responses to 50,000 names no domain has
    more than 2."""
    nowhere: int = 20_000
    """Names without any answer that were asked once. Chosen: 2026-11-28; less than a tenth
    of the rows that a batch of generated traffic has."""
    records_per_domain: int = 20_000
    """Chosen: 2026-11-28; pool.ntp.org, all of it, had 5,328 servers in June 2025 (Wikipedia, NTP
    pool)."""
    rows: int = ROWS


def thin(rollup: Rollup, limits: Limits, kept: Collection[str]) -> tuple[Rollup, Counter[str]]:
    """Return the rollup within its limits, and how many rows were let go, by reason.

    Of a domain that has too many names the least answered are counted under the domain. Addresses
    that such names led to are let go, since what many customers of a domain have would look like
    what one name has; those of the ``kept`` domains stay, under the domain too. Names without
    answer that were asked once, then names of single answers, then of few are let go whole, but
    not those of ``kept``. Of a domain that holds too many different records some are let go, and
    the sets of answers with them; of one that is ``kept`` what stands in another row, too, and then
    what was answered least, until all of ``kept`` have half of the rows. Which of equals is told by
    a hash, so by no order that a sender could choose.
    """
    shed = Counter[str]()
    domains = pa.array(list(kept), pa.string())
    rollup = crop(rollup, limits.records_per_domain, domains, shed)
    rollup = _crop_kept(rollup, limits, domains, shed)
    has_few_names = rollup.lookups.num_rows <= min(limits.names_per_domain, limits.nowhere)
    if has_few_names and rollup.row_count <= limits.rows:
        return rollup, shed
    names = _Names.of(rollup, domains)
    rollup = _roll_up(rollup, names, limits, shed)
    if names.is_nowhere.sum() > limits.nowhere or rollup.row_count > limits.rows:
        rollup = _let_go(rollup, _Names.of(rollup, domains), limits, shed)
    return rollup, shed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """The names of a batch, one entry each."""

    query: pa.Array
    domain: np.ndarray
    """Number of the domain."""
    responses: np.ndarray
    is_nowhere: np.ndarray
    """NXDOMAIN or a failure, once."""
    is_kept: np.ndarray
    chance: np.ndarray
    """A hash of the name that no sender can know."""

    @classmethod
    def of(cls, rollup: Rollup, kept: pa.Array) -> "_Names":
        lookups = rollup.lookups
        summed = ("responses", "noerror", "answered")
        counted = (
            lookups.select(["query", *summed])
            .group_by("query")
            .aggregate([(name, "sum") for name in summed])
        )
        first = pc.index_in(counted["query"], value_set=lookups["query"].combine_chunks())
        domains = lookups["domain"].take(first).combine_chunks()
        responses = counted["responses_sum"].to_numpy()
        query = counted["query"].combine_chunks()
        return cls(
            query=query,
            domain=domains.dictionary_encode().indices.to_numpy(),
            responses=responses,
            is_nowhere=(responses == 1)
            & (counted["noerror_sum"].to_numpy() == 0)
            & (counted["answered_sum"].to_numpy() == 0),
            is_kept=np.asarray(pc.is_in(domains, value_set=kept)).astype(bool),
            chance=np.array([hash(name) for name in query.to_pylist()]),
        )


def _crop_kept(rollup: Rollup, limits: Limits, kept: pa.Array, shed: Counter[str]) -> Rollup:
    """Leave the kept domains what they may have; names are counted together before rows go."""

    def share() -> int | None:
        return share_of(rollup, limits.records_per_domain, limits.rows // 2, kept)

    if not len(kept) or share() is None:
        return rollup
    rollup = _roll_up(rollup, _Names.of(rollup, kept), limits, shed)
    left = share()
    return rollup if left is None else crop_kept(rollup, left, kept, shed)


def _roll_up(rollup: Rollup, names: _Names, limits: Limits, shed: Counter[str]) -> Rollup:
    """Count the names of a domain beyond its limit under the domain."""
    order = np.lexsort((names.chance, -names.responses, names.domain))
    domain = names.domain[order]
    starts = np.flatnonzero(np.r_[True, domain[1:] != domain[:-1]])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    beyond = order[place >= limits.names_per_domain]
    if not len(beyond):
        return rollup
    is_kept = names.is_kept[beyond]
    parts = []
    for queries, with_addresses in (
        (names.query.take(pa.array(beyond[is_kept])), True),
        (names.query.take(pa.array(beyond[~is_kept])), False),
    ):
        theirs, rollup = rows_of(rollup, queries)
        before = theirs.row_count
        if not with_addresses:
            theirs = Rollup(
                sightings=theirs.sightings.slice(0, 0),
                lookups=theirs.lookups,
                answer_sets=theirs.answer_sets.slice(0, 0),
            )
        parts.append(stand_in(theirs))
        shed[ROLLED_UP] += before - parts[-1].row_count
    return merge([rollup, *parts])


def _let_go(rollup: Rollup, names: _Names, limits: Limits, shed: Counter[str]) -> Rollup:
    """Let go of names until both limits hold."""
    rows = np.zeros(len(names.query), np.int64)
    for table in tables_of(rollup):
        of_query = table.group_by("query").aggregate([([], "count_all")])
        place = pc.index_in(of_query["query"], value_set=names.query)
        known = np.asarray(pc.is_valid(place)).astype(bool)
        rows[place.drop_null().to_numpy()] += of_query["count_all"].to_numpy()[known]
    order = np.lexsort((names.chance, names.responses, ~names.is_nowhere, names.is_kept))
    order = order[: len(order) - int(names.is_kept.sum())]
    excess_rows = int(rows.sum()) - limits.rows
    excess_nowhere = int((names.is_nowhere & ~names.is_kept).sum()) - limits.nowhere
    before = np.cumsum(rows[order]) - rows[order]
    is_gone = (before < excess_rows) | (
        names.is_nowhere[order] & (np.arange(len(order)) < excess_nowhere)
    )
    gone = order[is_gone]
    for reason, of_reason in (
        (NOWHERE, names.is_nowhere[gone]),
        (SINGLE, ~names.is_nowhere[gone] & (names.responses[gone] == 1)),
        (RARE, names.responses[gone] > 1),
    ):
        if count := int(rows[gone[of_reason]].sum()):
            shed[reason] += count
    _, left = rows_of(rollup, names.query.take(pa.array(gone)))
    return left
