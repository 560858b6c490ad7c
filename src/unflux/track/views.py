"""Views: what each vantage saw of a network, and whether they are shown the same."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.addresses import address_facts
from unflux.model.rollup import ADDRESS_TYPES
from unflux.model.tracks import VantageView
from unflux.track.hours import HOUR_S
from unflux.track.vantage import names_subnet

LEAST_ADDRESSES: Final = 5
"""In each half of a vantage's hours, below which it is not compared. Chosen: 2026-11-28."""
APART: Final = 0.5
"""Vantages are shown other addresses where they have less than half in common of what the hours of
one of them have in common. Chosen: 2026-11-28; two halves of one pool lie near 1."""

Row = Mapping[str, Any]


def leave_planted(answers: pa.Table) -> pa.Table:
    """Return rows of ``vantage_answers`` without addresses that are not globally reachable.

    Operators plant those, other ones for each client where they like; no agent is there.
    """
    return answers.filter(pc.invert(address_facts(answers["address"]).is_special_use))


def find_views(
    looks: Iterable[Row], answers: Iterable[Row], turns: Iterable[Row], names: Collection[str]
) -> tuple[VantageView, ...]:
    """Return what each vantage saw of some names; rows of :mod:`unflux.model.vantages`.

    ``answers``: those that :func:`leave_planted` left.
    """
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


def is_per_client(
    answers: Iterable[Row], told: Iterable[Row], names: Collection[str]
) -> bool | None:
    """Tell whether vantages are shown other addresses; null where none can be compared.

    Two vantages are compared by the hours in which both were answered for a name alone, since a
    pool moves. What they have in common then is held against what the even hours of each have in
    common with its odd ones, so that a large pool, of which nobody sees much, is not taken for it.
    Where no answer was for the subnet that was ``told`` (rows of ``vantage_subnets``), a vantage is
    another's copy and stands aside.
    """
    heeded = {(row["vantage"], row["query"]) for row in told if row["heeded"]}
    shown: dict[str, dict[tuple[str, int], set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in answers:
        seen = row["vantage"], row["query"]
        if row["query"] in names and (seen in heeded or not names_subnet(row["vantage"])):
            hour = int(row["bucket_at"].timestamp()) // HOUR_S
            shown[row["vantage"]][row["query"], hour].add(row["address"])
    is_compared = False
    for one, other in combinations(sorted(shown), 2):
        both = shown[one].keys() & shown[other].keys()
        ones, others = _halves(shown[one], both), _halves(shown[other], both)
        if min(map(len, (*ones, *others))) < LEAST_ADDRESSES:
            continue
        is_compared = True
        within = min(_common(*ones), _common(*others))
        between = max(_common(ones[0], others[1]), _common(ones[1], others[0]))
        if within > 0 and between < APART * within:
            return True
    return False if is_compared else None


def _halves(
    shown: Mapping[tuple[str, int], set[str]], when: Collection[tuple[str, int]]
) -> tuple[set[str], set[str]]:
    """Return what was shown in even hours, and in odd ones, of names and hours."""
    even, odd = (
        set[str]().union(*(shown[at] for at in when if at[1] % 2 == half)) for half in (0, 1)
    )
    return even, odd


def _common(one: set[str], other: set[str]) -> float:
    return len(one & other) / min(len(one), len(other))
