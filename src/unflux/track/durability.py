"""Durability: how long agents stay, and how fast a list of their addresses goes stale."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.model.tracks import Durability, Estimate
from unflux.track.presence import Integers, Presence
from unflux.track.spells import Spells

Floats = NDArray[np.float64]

HOUR_S: Final = 3600.0
LIST_S: Final = 86_400
"""A list holds what was seen so long before it was made. Chosen: 2026-11-28; lists come daily."""
LEAST_AGENTS: Final = 10
DRAWS: Final = 100
MOST_POINTS: Final = 200
MOST_CELLS: Final = 20_000_000
"""Of agents times occasions that an interval is drawn for; above it there is the estimate alone."""
_Z: Final = 1.96


def measure_durability(
    presence: Presence, counts: Integers, spells: Spells, seed: int = 0
) -> Durability | None:
    """Measure both; null where agents are too few. ``counts``: answers, by row of the presence."""
    came = spells.is_newcomer
    # Those who were there at the beginning have lived for longer than was seen.
    kept = came if came.sum() >= LEAST_AGENTS else np.ones(len(came), dtype=bool)
    if kept.sum() < LEAST_AGENTS:
        return None
    spans_h = (spells.last_s - spells.first_s)[kept] / HOUR_S
    left = spells.has_left[kept]
    times, survival, error = kaplan_meier(spans_h, left)
    coverage = _coverage(presence, counts, seed)
    return Durability(
        lifetime_h=_median(times, survival, error),
        agents=int(kept.sum()),
        censored=int((~left).sum()),
        survival=_thinned(times, survival),
        half_life_h=coverage[1],
        coverage=coverage[0],
    )


def kaplan_meier(spans: Floats, has_ended: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return times, the share that lasts longer, and its standard error by Greenwood.

    Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958); those that have not ended are censored.
    """
    times, place = np.unique(spans, return_inverse=True)
    ends = np.bincount(place, weights=has_ended.astype(float), minlength=len(times))
    at_risk = len(spans) - np.concatenate([[0], np.cumsum(np.bincount(place))[:-1]])
    survival: Floats = np.cumprod(1 - ends / at_risk)
    spread = np.cumsum(ends / np.maximum(at_risk * (at_risk - ends), 1))
    return times, survival, survival * np.sqrt(spread)


def _median(times: Floats, survival: Floats, error: Floats) -> Estimate | None:
    """Return when half have left; the interval is where its band crosses half (Brookmeyer 1982)."""
    value = _crossing(times, survival)
    if value is None:
        return None
    low = _crossing(times, survival - _Z * error)
    high = _crossing(times, survival + _Z * error)
    last = float(times[-1])
    return Estimate(
        value=value, low=value if low is None else low, high=last if high is None else high
    )


def _crossing(times: Floats, survival: Floats) -> float | None:
    below = np.flatnonzero(survival <= 0.5)
    return float(times[below[0]]) if len(below) else None


def _coverage(
    presence: Presence, counts: Integers, seed: int
) -> tuple[tuple[tuple[float, float], ...], Estimate | None]:
    """Return what a list covers by its age, and when that is half of the answers."""
    agents, size = presence.agent_count, presence.occasion_count
    listed_for = max(LIST_S // presence.width_s, 1)
    if size <= listed_for + 2:
        return (), None
    answers = np.zeros((agents, size))
    np.add.at(answers, (presence.agent, presence.occasion), counts)
    ever = np.cumsum(answers > 0, axis=1, dtype=np.int64)
    listed = ever.copy()
    listed[:, listed_for:] -= ever[:, :-listed_for]
    is_listed = (listed > 0).astype(float)
    hours = np.arange(size - listed_for) * presence.width_s / HOUR_S

    def curve(weight: Floats | None) -> Floats:
        weighted = answers if weight is None else answers * weight[:, None]
        covered, total = is_listed.T @ weighted, weighted.sum(axis=0)
        shares = []
        for age in range(size - listed_for):
            made = np.arange(listed_for - 1, size - age)
            asked = total[made + age].sum()
            shares.append(covered[made, made + age].sum() / asked if asked else np.nan)
        return np.array(shares)

    shares = curve(None)
    half = _half(hours, shares)
    known = ~np.isnan(shares)
    points = _thinned(hours[known], shares[known])
    if half is None:
        return points, None
    drawn = [half]
    if answers.size <= MOST_CELLS:
        chance = np.random.default_rng(seed)
        for _ in range(DRAWS):
            found = _half(hours, curve(chance.poisson(1.0, agents).astype(float)))
            drawn.append(float(hours[-1]) if found is None else found)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return points, Estimate(value=half, low=min(float(low), half), high=max(float(high), half))


def _half(hours: Floats, shares: Floats) -> float | None:
    below = np.flatnonzero(shares < 0.5)
    if not len(below):
        return None
    at = int(below[0])
    if at == 0:
        return float(hours[0])
    before, after = shares[at - 1], shares[at]
    part = (before - 0.5) / (before - after)
    return float(hours[at - 1] + part * (hours[at] - hours[at - 1]))


def _thinned(x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
    picked = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
    return tuple((float(x[at]), float(y[at])) for at in picked) if len(x) else ()
