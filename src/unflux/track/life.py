"""Life: one network's records become what is said of how it lives."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from unflux.model.tracks import (
    Apart,
    Neighbour,
    NetworkOverlap,
    NetworkTrack,
    VantageView,
)
from unflux.track.day_rhythm import find_day_rhythm
from unflux.track.durability import measure_durability
from unflux.track.hours import HOUR_S, find_hours
from unflux.track.moves import Asked, find_moves
from unflux.track.presence import Presence, find_presence
from unflux.track.renumbering import find_renumbering
from unflux.track.spells import Spells, find_spells
from unflux.track.stretch import find_stretch
from unflux.track.totals import count_agents

DAY_S: Final = 86_400.0
MOST_SPANS: Final = 0.1
"""Of the rows, that may reach beyond their bucket; with more, records are spans of time. Chosen:
2026-11-29; looks and packets have none, and passive DNS that is summed by record has nearly all."""

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def describe_life(
    network: str,
    domains: Sequence[str],
    served: pa.Table,
    *,
    bucket_s: int,
    views: tuple[VantageView, ...],
    is_per_client: bool | None,
    neighbours: Sequence[Mapping[str, Any]],
    overlaps: tuple[NetworkOverlap, ...],
    rotation_s: float | None,
    asked: Mapping[str, Asked],
) -> NetworkTrack:
    """Measure a network by its rows of :func:`unflux.track.served.served_buckets`, one or more.

    ``neighbours``: domain, network, shared, first_at, last_at.
    """
    served, apart = _cut(served)
    addresses = pc.unique(served["address"].combine_chunks()).sort()
    served = served.sort_by([("address", "ascending"), ("bucket", "ascending")])
    agent: Integers = (
        pc.index_in(served["address"], value_set=addresses).to_numpy().astype(np.int64)
    )
    bucket: Integers = served["bucket"].to_numpy()
    count: Integers = served["count"].to_numpy()
    first_s, last_s = _seconds(served["first_at"]), _seconds(served["last_at"])
    size = len(addresses)
    came_s, left_s = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(came_s, agent, first_s)
    np.maximum.at(left_s, agent, last_s)
    is_span = last_s >= bucket + bucket_s
    are_spans = bool(is_span.mean() > MOST_SPANS)
    # How many answers of a span fell into its first bucket is not known.
    sights = np.where(is_span, 1, count)
    if are_spans:
        presence = _find_ends(agent, bucket, last_s, bucket_s)
        spells = Spells.of_spans(came_s, left_s, presence.width_s)
        seen = np.cumsum(_by_occasion(presence.first, presence))
        seen[1:] -= np.cumsum(_by_occasion(presence.last, presence))[:-1]
    else:
        presence = find_presence(agent, bucket, sights, bucket_s)
        spells = find_spells(presence, came_s, left_s, int(sights.sum()))
        seen = _by_occasion(presence.occasion, presence)
    hours = None if are_spans else find_hours(agent, bucket, sights)
    renumbering = (
        None if are_spans else find_renumbering(presence, spells, _providers(served, agent, size))
    )
    return NetworkTrack(
        network=network,
        domains=tuple(domains),
        first_seen=_moment(spells.start_s),
        last_seen=_moment(spells.end_s),
        answers=int(count.sum()),
        addresses=size,
        apart=apart,
        are_spans=are_spans,
        start=_moment(presence.start_s),
        occasion_s=presence.width_s,
        seen=tuple(seen.tolist()),
        newcomers=tuple(_by_occasion(presence.first, presence).tolist()),
        new_per_hour=_new_per_hour(spells),
        rotation_s=None if are_spans else rotation_s,
        population=None if are_spans else count_agents(presence, spells, renumbering),
        renumbering=renumbering,
        durability=measure_durability(hours, spells),
        day_rhythm=None if hours is None else find_day_rhythm(hours),
        vantages=views,
        is_per_client=is_per_client,
        moves=find_moves(_uses(served, first_s, last_s), spells.end_s, asked),
        overlaps=overlaps,
        neighbours=tuple(
            Neighbour(
                domain=row["domain"],
                network=row["network"],
                shared=row["shared"],
                first_seen=row["first_at"],
                last_seen=row["last_at"],
            )
            for row in sorted(neighbours, key=lambda row: (-row["shared"], row["domain"]))
        ),
    )


def _cut(served: pa.Table) -> tuple[pa.Table, Apart | None]:
    """Leave out the rows that lie far from all others, and tell of them."""
    is_kept = pa.array(find_stretch(served["bucket"].to_numpy()))
    left_out = served.filter(pc.invert(is_kept))
    if not left_out.num_rows:
        return served, None
    apart = Apart(
        answers=pc.sum(left_out["count"]).as_py(),
        first_seen=_moment(float(_seconds(left_out["first_at"]).min())),
        last_seen=_moment(float(_seconds(left_out["last_at"]).max())),
    )
    return served.filter(is_kept), apart


def _find_ends(agent: Integers, bucket: Integers, last_s: Floats, bucket_s: int) -> Presence:
    """Return a presence of the buckets in which spans begin and end."""
    ends = np.maximum((last_s // bucket_s * bucket_s).astype(np.int64), bucket)
    both = np.concatenate([bucket, ends])
    return find_presence(np.tile(agent, 2), both, np.ones(len(both), np.int64), bucket_s)


def _by_occasion(occasions: Integers, presence: Presence) -> Integers:
    counted: Integers = np.bincount(occasions, minlength=presence.occasion_count)
    return counted


def _providers(served: pa.Table, agent: Integers, size: int) -> Integers:
    """Number the ASN of each agent; the /16, or /32 of IPv6, where there is none."""
    names = [""] * size
    columns = served["asn"].to_pylist(), served["slash16"].to_pylist()
    for number, asn, slash16 in zip(agent.tolist(), *columns, strict=True):
        names[number] = str(slash16) if asn is None else f"AS{asn}"
    _, numbers = np.unique(names, return_inverse=True)
    return numbers.astype(np.int64)


def _uses(served: pa.Table, first_s: Floats, last_s: Floats) -> list[tuple[str, str, float, float]]:
    """Collapse rows to one per domain and address."""
    found: dict[tuple[str, str], tuple[float, float]] = {}
    columns = served["domain"].to_pylist(), served["address"].to_pylist()
    for domain, address, came_s, left_s in zip(
        *columns, first_s.tolist(), last_s.tolist(), strict=True
    ):
        before = found.get((domain, address), (came_s, left_s))
        found[domain, address] = min(before[0], came_s), max(before[1], left_s)
    return [(*key, *span) for key, span in found.items()]


def _new_per_hour(spells: Spells) -> float | None:
    """Return how many addresses an hour came once those that were there had been seen."""
    span_s = spells.end_s - spells.start_s
    settled_s = spells.start_s + min(DAY_S, span_s / 2)
    hours = (spells.end_s - settled_s) / HOUR_S
    return float((spells.first_s > settled_s).sum() / hours) if hours > 0 else None


def _seconds(moments: pa.ChunkedArray) -> Floats:
    microseconds = pc.cast(pc.cast(moments, pa.timestamp("us")), pa.int64())
    found: Floats = microseconds.to_numpy() / 1e6
    return found


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
