"""Life: one network's records become what is said of how it lives."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from unflux.model.tracks import (
    Neighbour,
    NetworkOverlap,
    NetworkTrack,
    VantageView,
)
from unflux.track.day_rhythm import find_day_rhythm
from unflux.track.durability import measure_durability
from unflux.track.hours import find_hours
from unflux.track.moves import Asked, find_moves
from unflux.track.presence import find_presence
from unflux.track.renumbering import find_renumbering
from unflux.track.spells import Spells, find_spells
from unflux.track.totals import count_agents

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0

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
    presence = find_presence(agent, bucket, count, bucket_s)
    hours = find_hours(agent, bucket, count)
    spells = find_spells(presence, came_s, left_s, int(count.sum()))
    renumbering = find_renumbering(presence, spells, _providers(served, agent, size))
    newcomers = np.bincount(presence.first, minlength=presence.occasion_count)
    seen = np.bincount(presence.occasion, minlength=presence.occasion_count)
    return NetworkTrack(
        network=network,
        domains=tuple(domains),
        first_seen=_moment(spells.start_s),
        last_seen=_moment(spells.end_s),
        answers=int(count.sum()),
        addresses=size,
        start=_moment(presence.start_s),
        occasion_s=presence.width_s,
        seen=tuple(seen.tolist()),
        newcomers=tuple(newcomers.tolist()),
        new_per_hour=_new_per_hour(spells),
        rotation_s=rotation_s,
        population=count_agents(presence, spells, renumbering),
        renumbering=renumbering,
        durability=measure_durability(hours, spells),
        day_rhythm=find_day_rhythm(hours),
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
