"""Durability: how long agents stay, and how fast a list of their addresses goes stale."""

from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.model.tracks import Durability, Estimate
from unflux.track.hours import Hours
from unflux.track.spells import Spells
from unflux.track.staleness import measure_staleness

Floats = NDArray[np.float64]

HOUR_S: Final = 3600.0
LEAST_AGENTS: Final = 10
MOST_POINTS: Final = 200
_Z: Final = 1.96


def measure_durability(hours: Hours, spells: Spells, seed: int = 0) -> Durability | None:
    """Measure both; null where agents are too few."""
    came = spells.is_newcomer
    # Those who were there at the beginning have lived for longer than was seen.
    kept = came if came.sum() >= LEAST_AGENTS else np.ones(len(came), dtype=bool)
    if kept.sum() < LEAST_AGENTS:
        return None
    spans_h = (spells.last_s - spells.first_s)[kept] / HOUR_S
    left = spells.has_left[kept]
    times, survival, error = kaplan_meier(spans_h, left)
    staleness = measure_staleness(hours, seed)
    return Durability(
        lifetime_h=_median(times, survival, error),
        agents=int(kept.sum()),
        censored=int((~left).sum()),
        survival=_thinned(times, survival),
        half_life_h=None if staleness is None else staleness.half_life_h,
        coverage=() if staleness is None else _thinned(*staleness.coverage),
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
    return Estimate(
        value=value, low=value if low is None else low, high=inf if high is None else high
    )


def _crossing(times: Floats, survival: Floats) -> float | None:
    below = np.flatnonzero(survival <= 0.5)
    return float(times[below[0]]) if len(below) else None


def _thinned(x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
    picked = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
    return tuple((float(x[at]), float(y[at])) for at in picked) if len(x) else ()
