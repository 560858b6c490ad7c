"""Lifetime: how long agents stay, from when they come to when they leave.

What is seen of an agent begins with its first answer and ends with its last, so at either end a
wait for an answer is missing, and who comes and goes within one is not seen at all. Let waits be
exponential at a rate r, and agents leave at a rate h: then r h / (r + h)² are seen once, (r / (r +
h))² oftener, and h / (r + h) never. So those never seen are to all seen as those seen once to those
seen oftener, h / r, and the two waits that are missing, less what is missed with the unseen, are
2 ln(1 + h / r) / h. Where waits are not short beside lifetimes, there is no estimate.
"""

from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.model.tracks import Estimate
from unflux.track.hours import HOUR_S, Hours
from unflux.track.spells import Spells

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]

LEAST_AGENTS: Final = 10
BRIEF_S: Final = 600.0
"""Sights within it count as one, as with the unseen (:mod:`unflux.track.unseen`)."""
MOST_ONCE: Final = 0.25
"""Agents seen once, for each seen oftener, beyond which there is no estimate."""
MOST_WAITED: Final = 1 / 3
"""Of an estimate, that may be waits which nobody saw. Chosen: 2026-11-29, both, on development
pools of benchmarks/track_population.py; beyond, lifetimes of many short and a few long ones were
found half too long."""
LEAST_STEADY: Final = 0.2
"""Of the hours in which an agent would be seen if it were always on, between its first and its
last, those in which it is; below it, answers are held and repeated, and waits are not exponential.
Chosen: 2026-11-29; hosts that are on for a third of the day have more, and sets that are held for
an hour a tenth in a pool of a hundred."""
MODEL_ERROR: Final = 0.08
ONCE_ERROR: Final = 1.0
"""What the model itself is wrong by, deviation of the logarithm: anyway, and for each one seen once
beside one seen oftener. Chosen: 2026-11-29; of 74 development pools 59 were covered without them
and all with them."""
_Z: Final = 1.96
_SMALL: Final = 1e-6
_RATES: Final = np.geomspace(1e-3, 1e3, 1000)
_MEANS: Final = _RATES / -np.expm1(-_RATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long agents stay; hours."""

    median_h: Estimate | None
    """Null where fewer than half were seen to leave, or the records do not tell."""
    survival: tuple[Floats, Floats]
    """Hours, and the share of agents that stays longer; empty where the records do not tell."""
    agents: int
    """Behind it."""
    censored: int
    """Of them still there at the end."""


def measure_lifetime(hours: Hours | None, spells: Spells) -> Lifetime | None:
    """Measure; null where agents are too few. Without hours, spells are taken to be whole."""
    # Who was answered after this was there at it; who was not had left.
    close_s = spells.end_s - spells.silence_s
    has_come = spells.is_newcomer & (spells.first_s < close_s)
    is_enough = has_come.sum() >= LEAST_AGENTS
    # Those who were there at the beginning have lived for longer than was seen.
    kept = has_come if is_enough else spells.first_s < close_s
    if kept.sum() < LEAST_AGENTS:
        return None
    has_left = (spells.last_s < close_s)[kept]
    spans_h = (np.minimum(spells.last_s, close_s) - spells.first_s)[kept] / HOUR_S
    times, survival, error = kaplan_meier(spans_h, has_left)
    wait_h, once = (0.0, 0.0) if hours is None else _find_missed(hours, spells, kept)
    is_told = once <= MOST_ONCE and (hours is None or _is_steady(hours))
    missed_h = 2 * wait_h * (float(np.log1p(once)) / once if once else 1.0)
    found = None
    if is_told and is_enough:
        found = _median(times + missed_h, survival, error, once)
        if found is not None and missed_h > MOST_WAITED * found.value:
            found = None
    # All are there when they come, the unseen too.
    curve = np.append(0.0, times + missed_h), np.append(1.0, survival / (1 + once))
    return Lifetime(
        median_h=found,
        survival=curve if is_told else (times[:0], survival[:0]),
        agents=int(kept.sum()),
        censored=int((~has_left).sum()),
    )


def kaplan_meier(spans: Floats, has_ended: Booleans) -> tuple[Floats, Floats, Floats]:
    """Return times, the share that lasts longer, and its standard error by Greenwood.

    Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958); those that have not ended are censored.
    """
    times, place = np.unique(spans, return_inverse=True)
    ends = np.bincount(place, weights=has_ended.astype(float), minlength=len(times))
    at_risk = len(spans) - np.concatenate([[0], np.cumsum(np.bincount(place))[:-1]])
    survival: Floats = np.cumprod(1 - ends / at_risk)
    spread = np.cumsum(ends / np.maximum(at_risk * (at_risk - ends), 1))
    return times, survival, survival * np.sqrt(spread)


def _find_missed(hours: Hours, spells: Spells, kept: Booleans) -> tuple[float, float]:
    """Return the mean wait for an answer, hours, and how many were seen once for each seen oftener.

    The wait is that of an agent that is on, by how often one that is seen again is so in the very
    next hour: of exponential waits and lives, at the rate of both together.
    """
    brief = int((spells.last_s - spells.first_s <= BRIEF_S)[kept].sum())
    once = brief / max(int(kept.sum()) - brief, 1)
    order = np.lexsort((hours.hour, hours.agent))
    agent, hour = hours.agent[order], hours.hour[order]
    gaps = np.diff(hour)[np.diff(agent) == 0]
    later = (int((gaps > 1).sum()) + 0.5) / (len(gaps) + 1)
    return (1 + once) / -float(np.log(later)), once


def _is_steady(hours: Hours) -> bool:
    """Tell whether agents that go unseen for a while are seen as often as in the hours they are.

    In an hour in which an agent is answered at all, it is by Poisson's number without its zero.
    """
    rate = float(np.interp(hours.count.mean(), _MEANS, _RATES))
    first, last = hours.ends
    stay, seen = last - first + 1, np.bincount(hours.agent, minlength=hours.agent_count)
    is_broken = seen < stay
    expected = -np.expm1(-rate) * stay[is_broken].sum()
    return bool(seen[is_broken].sum() >= LEAST_STEADY * expected)


def _median(times: Floats, survival: Floats, error: Floats, once: float) -> Estimate | None:
    """Return when half have left, of the unseen too.

    The interval is where its band crosses half (Brookmeyer 1982), and what the model is wrong by.
    """
    half = (1 + once) / 2
    value = _crossing(times, survival, half)
    if value is None:
        return None
    low = _crossing(times, survival - _Z * error, half)
    high = _crossing(times, survival + _Z * error, half)
    model = _Z * np.hypot(MODEL_ERROR, ONCE_ERROR * once)

    def away(end: float) -> float:
        return float(np.exp(np.hypot(np.log(max(end, _SMALL) / max(value, _SMALL)), model)))

    return Estimate(
        value=value,
        low=value / away(value if low is None else low),
        high=inf if high is None else value * away(high),
    )


def _crossing(times: Floats, survival: Floats, half: float) -> float | None:
    below = np.flatnonzero(survival <= half)
    return float(times[below[0]]) if len(below) else None
