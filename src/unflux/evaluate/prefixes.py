"""Shorter runs of records: what had been seen of each domain when it was so old."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.columns import MOMENT, TEXT
from unflux.model.rollup import ADDRESS_TYPES, Rollup, tables_of
from unflux.model.times import MICROSECONDS_PER_S

YOUNGEST_S: Final = 10.0
"""Age of the second checkpoint, seconds; the first is the moment of the first record. Chosen:
2026-11-24; a resolver's retry is over and the next answer of a TTL of 0 was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What records hold of some domains, in the order in which these were given."""

    has_answer: npt.NDArray[np.bool_]
    addresses: npt.NDArray[np.int64]
    """Distinct addresses in answers to names of the domain."""
    lookups: npt.NDArray[np.int64]
    """Responses to names of the domain; 0 also where records do not tell how many there were."""
    ttl_s: npt.NDArray[np.float64]
    """Longest TTL of these addresses; NaN: unknown."""
    first_us: npt.NDArray[np.float64]
    last_us: npt.NDArray[np.float64]
    """First and last moment of a response, microseconds since the epoch; NaN: none has a time."""


def domains_of(rollup: Rollup) -> pa.Array:
    """Return the domains that anything was asked of; passive records may have answers alone."""
    tables = rollup.lookups, rollup.sightings
    chunks = [chunk for table in tables for chunk in table["domain"].chunks]
    return pc.unique(pa.chunked_array(chunks, TEXT))


def look_at(rollup: Rollup, domains: pa.Array) -> Seen:
    """Return what the records hold of domains, by the domain of the query."""
    lookups, answers = rollup.lookups, rollup.sightings
    answers = answers.filter(pc.equal(answers["section"], "ans"))
    addresses = answers.filter(pc.is_in(answers["rrtype"], value_set=pa.array(ADDRESS_TYPES)))
    distinct = addresses.group_by(["domain", "rdata"]).aggregate([("ttl_max_s", "max")])
    held = distinct.group_by("domain").aggregate([("rdata", "count"), ("ttl_max_s_max", "max")])
    moments = [("first_at", "min"), ("last_at", "max")]
    asked = lookups.group_by("domain").aggregate([("responses", "sum"), *moments])
    shown = answers.group_by("domain").aggregate(moments)
    firsts = [_aligned(table, domains, "first_at_min") for table in (asked, shown)]
    lasts = [_aligned(table, domains, "last_at_max") for table in (asked, shown)]
    return Seen(
        has_answer=_place_in(shown["domain"], domains) >= 0,
        addresses=_counts(held, domains, "rdata_count"),
        lookups=_counts(asked, domains, "responses_sum"),
        ttl_s=_aligned(held, domains, "ttl_max_s_max_max"),
        first_us=np.fmin(*firsts),
        last_us=np.fmax(*lasts),
    )


def checkpoint_ages(spans_s: npt.NDArray[np.float64], count: int) -> list[float]:
    """Return at most ``count`` ages, seconds, at which records are cut: 0, then a geometric row.

    ``spans_s``: how long the records of each domain run, NaN where they carry no time. The whole
    records, which follow, are no age.
    """
    known = spans_s[~np.isnan(spans_s)]
    longest = float(known.max()) if len(known) else 0.0
    if count <= 0 or not len(known):
        return []
    if longest <= YOUNGEST_S or count == 1:
        return [0.0]
    steps = np.arange(count - 1) / (count - 1)
    return [0.0, *(YOUNGEST_S * (longest / YOUNGEST_S) ** steps).tolist()]


def cut(rollup: Rollup, age_s: float, birth_us: pa.Table) -> Rollup:
    """Keep what was seen of each domain until it was ``age_s`` old.

    ``birth_us``: domain, first_us (int64), one row per domain of the query; domains without are
    kept whole, as are rows without time. Each row is kept where it was first seen by then, and the
    responses of one that was seen longer are taken to be spread evenly over its time.
    """
    age_us = round(age_s * MICROSECONDS_PER_S)
    sightings, lookups, answer_sets = (_cut(table, age_us, birth_us) for table in tables_of(rollup))
    return Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets)


_SPREAD: Final = (
    "count", "responses", "noerror", "nxdomain", "servfail", "other_rcode", "answered",
    "answers_sum",
)  # fmt: skip
"""Columns that count responses or what was in them."""


def _cut(table: pa.Table, age_us: int, birth_us: pa.Table) -> pa.Table:
    place = _place_in(birth_us["domain"], table["domain"])
    births = np.append(birth_us["first_us"].to_numpy(), np.iinfo(np.int64).max - age_us)
    limit = births[place] + age_us
    first, last = (_int64(table[name], fallback=0) for name in ("first_at", "last_at"))
    is_timed = np.asarray(pc.is_valid(table["first_at"])).astype(bool)
    kept = ~is_timed | (first <= limit)
    is_cut = (is_timed & (last > limit))[kept]
    part = table.filter(pa.array(kept))
    first, last, limit = first[kept], last[kept], limit[kept]
    share = np.where(is_cut, (limit - first) / np.maximum(last - first, 1), 1.0)
    for name in part.column_names:
        index = part.schema.get_field_index(name)
        field = part.schema.field(index)
        if name in _SPREAD:
            whole = part[name].to_numpy()
            spread = np.where(whole > 0, 1 + np.floor((whole - 1) * share), 0).astype(np.int64)
            part = part.set_column(index, field, pa.array(spread))
        elif name == "last_at":
            ends = pa.array(np.minimum(last, limit), pa.int64(), mask=~is_timed[kept])
            part = part.set_column(index, field, ends.cast(MOMENT))
    return part


def births(seen: Seen, domains: pa.Array) -> pa.Table:
    """Return domain and first_us of the domains whose records carry a time."""
    is_known = ~np.isnan(seen.first_us)
    return pa.table(
        {
            "domain": domains.filter(pa.array(is_known)),
            "first_us": pa.array(seen.first_us[is_known].astype(np.int64)),
        }
    )


def _int64(column: pa.ChunkedArray, fallback: int) -> npt.NDArray[np.int64]:
    return pc.fill_null(column.cast(pa.int64()), fallback).to_numpy()  # type: ignore[no-any-return]


def _place_in(
    values: pa.ChunkedArray | pa.Array, wanted: pa.ChunkedArray | pa.Array
) -> npt.NDArray[np.int64]:
    """Return where each wanted value stands among the values, -1 where it does not."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    places = pc.fill_null(pc.index_in(wanted, value_set=values), -1)
    return np.asarray(places).astype(np.int64)


def _aligned(table: pa.Table, domains: pa.Array, column: str) -> npt.NDArray[np.float64]:
    """Return a column in the order of the domains, NaN where there is none."""
    values = table[column]
    values = values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values
    numbers = pc.cast(values, pa.float64()).to_numpy()
    # np.append keeps nulls, which Arrow gives as NaN.
    return np.append(numbers, np.nan)[_place_in(table["domain"], domains)]


def _counts(table: pa.Table, domains: pa.Array, column: str) -> npt.NDArray[np.int64]:
    return np.nan_to_num(_aligned(table, domains, column)).astype(np.int64)


def spans_of(seen: Seen) -> npt.NDArray[np.float64]:
    """Return how long the records of each domain run, seconds; NaN where they carry no time."""
    return (seen.last_us - seen.first_us) / MICROSECONDS_PER_S


def elapsed_s(part: Seen, whole: Seen) -> npt.NDArray[np.float64]:
    """Return the seconds from the first record of each domain to the last of a shorter run."""
    return (part.last_us - whole.first_us) / MICROSECONDS_PER_S
