"""Staleness: how fast a list of a day's addresses covers less of the answers than when it was new.

A list is made at the end of an hour of what was seen in the 24 hours before, and scored on answers
of later hours alone. Where only a part of the agents is seen in a day, it covers only a part from
the beginning. That is no staleness, so what it covers later is taken over what it covered in its
second hour: in the first, answers from before it was made go on where sets are held that long.
"""

from dataclasses import dataclass
from math import gcd, inf
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from unflux.model.tracks import LEAST_COVERED, Estimate
from unflux.track.hours import Hours

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY_H: Final = 24
"""A list holds what was seen so long before it was made. Chosen: 2026-11-28; lists come daily."""
FRESH_H: Final = 1
"""Hours that pass before a list is held against. Chosen: 2026-11-29; of pools that never change and
hold each set for an hour, lists of which 4 % are seen again went stale in 0.5 h without."""
LEAST_MADE_H: Final = 6
"""Hours over which lists are made that an age is scored on. Chosen: 2026-11-29; sets that are held
for an hour are no more than six draws then."""
LEAST_ANSWERS: Final = 100
"""That an age is scored on, of all lists together. Chosen: 2026-11-29; what covers half of so many
is not found to cover a quarter by chance."""
MOST_LISTS: Final = 200
MOST_AGE_H: Final = 2_160
"""Lists that are made, and for how long each is scored. Chosen: 2026-11-29; a hundred thousand
agents in a million rows of a hundred days take a second or two, and 140 MB."""
GROUPS: Final = 20
"""Of agents, each left out once for the interval (delete-a-group jackknife)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staleness:
    """What a list of a day's addresses covers, by its age."""

    coverage: tuple[Floats, Floats]
    """Hours since it was made, to the middle of an hour, and the share of the answers."""
    half_life_h: Estimate | None
    """How long after its second hour it covers half as much as then; null where it never does in
    the records, or covers less than ``LEAST_COVERED`` then."""


def measure_staleness(hours: Hours, seed: int = 0) -> Staleness | None:
    """Measure; null where the records hold no more than a day and some hours."""
    if hours.hour_count < DAY_H + FRESH_H + LEAST_MADE_H:
        return None
    covered, asked = _count(hours, seed)
    whole, all_asked = covered.sum(axis=0), asked.sum(axis=0)
    is_told = all_asked.sum(axis=0) >= LEAST_ANSWERS
    if not is_told[FRESH_H]:
        return None
    fresh = float(whole[:, FRESH_H].sum() / all_asked[:, FRESH_H].sum())
    kept = _keep(whole, all_asked)
    is_told &= ~np.isnan(kept)
    half_life_h = None
    if fresh >= LEAST_COVERED:
        width = float(student.ppf(0.975, len(covered) - 1)) * _find_error(covered, asked, kept)
        is_later = is_told & (np.arange(len(kept)) >= FRESH_H)
        since_h = np.flatnonzero(is_later) - FRESH_H
        half_life_h = _halved(since_h, kept[is_later], width[is_later])
    middle_h = np.flatnonzero(is_told) + np.float64(0.5)
    return Staleness(coverage=(middle_h, fresh * kept[is_told]), half_life_h=half_life_h)


def _count(hours: Hours, seed: int) -> tuple[Floats, Floats]:
    """Return [group of agents, list, age]: answers that a list covers, and all there were."""
    size, agents = hours.hour_count, hours.agent_count
    step = -(-(size - DAY_H) // MOST_LISTS)
    while gcd(step, DAY_H) > 1:  # so that lists are made at all hours of the day
        step += 1
    made = np.arange(DAY_H, size, step)
    ages = min(size - DAY_H - LEAST_MADE_H, MOST_AGE_H)
    groups = min(GROUPS, agents)
    group = np.random.default_rng(seed).permutation(np.arange(agents) % groups)[hours.agent]
    starts = np.searchsorted(hours.hour, np.arange(size + 1))
    covered, asked = np.zeros((2, groups, len(made), ages))
    for place, hour in enumerate(made):
        is_listed = np.zeros(agents, dtype=bool)
        is_listed[hours.agent[starts[hour - DAY_H] : starts[hour]]] = True
        later = slice(starts[hour], starts[hour : hour + ages + 1][-1])
        cell = group[later] * ages + hours.hour[later] - hour
        for table, weights in (
            (covered, hours.count[later] * is_listed[hours.agent[later]]),
            (asked, hours.count[later]),
        ):
            table[:, place] = np.bincount(cell, weights, groups * ages).reshape(groups, ages)
    return covered, asked


def _keep(covered: Floats, asked: Floats) -> Floats:
    """Return by age what lists cover over what the same lists covered when they were fresh.

    Lists are the strata of a common ratio (Mantel and Haenszel 1959; of rates as in Rothman), so
    that one made when nobody had looked for a while counts no more in one than in the other.
    """
    fresh, once_asked = (table[:, FRESH_H, None] for table in (covered, asked))
    together = asked + once_asked
    weight = np.divide(1.0, together, out=np.zeros_like(together), where=together > 0)
    later, before = (
        (covered * once_asked * weight).sum(axis=0),
        (fresh * asked * weight).sum(axis=0),
    )
    kept: Floats = np.divide(later, before, out=np.full_like(later, np.nan), where=before > 0)
    return kept


def _find_error(covered: Floats, asked: Floats, kept: Floats) -> Floats:
    groups = len(covered)
    whole, all_asked = covered.sum(axis=0), asked.sum(axis=0)
    squares = np.zeros_like(kept)
    for some, some_asked in zip(covered, asked, strict=True):
        squares += (_keep(whole - some, all_asked - some_asked) - kept) ** 2
    error: Floats = np.sqrt(squares * (groups - 1) / groups)
    return error


def _halved(since_h: Integers, kept: Floats, width: Floats) -> Estimate | None:
    """Return when it is a half; the interval is where its band, so wide to each side, is."""
    value = _crossing(since_h, kept)
    if value is None:
        return None
    low, high = _crossing(since_h, kept - width), _crossing(since_h, kept + width)
    return Estimate(
        value=value,
        low=value if low is None else min(low, value),
        high=inf if high is None else max(high, value),
    )


def _crossing(since_h: Integers, kept: Floats) -> float | None:
    below = np.flatnonzero(kept < 0.5)
    if not len(below):
        return None
    at = int(below[0])
    if at == 0:
        return float(since_h[0])
    part = (kept[at - 1] - 0.5) / (kept[at - 1] - kept[at])
    return float(since_h[at - 1] + part * (since_h[at] - since_h[at - 1]))
