"""Views: what each vantage saw of a network, and whether they are shown the same."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from unflux.model.rollup import ADDRESS_TYPES
from unflux.model.tracks import VantageView

HOUR_S: Final = 3600
LEAST_ADDRESSES: Final = 5
"""In each half of a vantage's hours, below which it is not compared. Chosen: 2026-11-28."""
APART: Final = 0.5
"""Vantages are shown other addresses where they have less than half in common of what the hours of
one of them have in common. Chosen: 2026-11-28; two halves of one pool lie near 1."""

Row = Mapping[str, Any]


def find_views(
    looks: Iterable[Row], answers: Iterable[Row], turns: Iterable[Row], names: Collection[str]
) -> tuple[VantageView, ...]:
    """Return what each vantage saw of some names; rows of :mod:`unflux.model.vantages`."""
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in looks:
        if row["query"] not in names:
            continue
        counts = counted[row["vantage"]]
        counts[0] += row["looks"]
        counts[1] += row["answered"]
    turned: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in turns:
        if row["query"] in names and row["qtype"] in ADDRESS_TYPES:
            turned[row["vantage"]][0] += row["watched_ms"]
            turned[row["vantage"]][1] += row["changes"]
    seen: dict[str, set[str]] = defaultdict(set)
    for row in answers:
        if row["query"] in names:
            seen[row["vantage"]].add(row["address"])
    views = []
    for vantage in sorted(counted):
        others = set[str]().union(*(seen[other] for other in counted if other != vantage))
        looks_made, answered = counted[vantage]
        watched_ms, changes = turned[vantage]
        views.append(
            VantageView(
                vantage=vantage,
                looks=looks_made,
                answered=answered,
                addresses=len(seen[vantage]),
                own=len(seen[vantage] - others),
                rotation_s=watched_ms / 1000 / changes if changes else None,
            )
        )
    return tuple(views)


def is_per_client(answers: Iterable[Row], names: Collection[str]) -> bool | None:
    """Tell whether vantages are shown other addresses; null where none can be compared.

    What two vantages have in common is held against what the even hours of each have in common
    with its odd ones, so that a large pool, of which nobody sees much, is not taken for it.
    """
    halves: dict[str, Sequence[set[str]]] = {}
    for row in answers:
        if row["query"] in names:
            half = int(row["bucket_at"].timestamp()) // HOUR_S % 2
            halves.setdefault(row["vantage"], (set(), set()))[half].add(row["address"])
    halves = {
        vantage: parts
        for vantage, parts in halves.items()
        if min(map(len, parts)) >= LEAST_ADDRESSES
    }
    if len(halves) < 2:
        return None
    for one, other in combinations(sorted(halves), 2):
        within = min(_common(*halves[one]), _common(*halves[other]))
        between = max(
            _common(halves[one][0], halves[other][1]), _common(halves[one][1], halves[other][0])
        )
        if within > 0 and between < APART * within:
            return True
    return False


def _common(one: set[str], other: set[str]) -> float:
    return len(one & other) / min(len(one), len(other))
