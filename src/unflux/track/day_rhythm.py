"""Day rhythm: whether agents are seen at the same hours day after day."""

from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import norm

from unflux.model.tracks import DayRhythm
from unflux.track.hours import HOUR_S, Hours

LEAST_AGENTS: Final = 10
LAGS_H: Final = (12, 24, 36)
_WEIGHTS: Final = np.array([-0.5, 1.0, -0.5])
LEAST_H: Final = 48
DAY_H: Final = 24


def find_day_rhythm(hours: Hours) -> DayRhythm | None:
    """Compare answers of 24 hours after an agent was seen with those of 12 and of 36 hours.

    Without a rhythm it is answered less and less, and that falls ever more slowly, so that the
    middle is below the mean of its neighbours. How much was looked may have a rhythm of its own:
    answers are taken over all that there were in those hours, and hours without a look count
    nowhere. Null where few agents were seen over a day and a half with looks at all three lags.
    """
    if hours.hour_count < LEAST_H:
        return None
    shape, pairs = (hours.agent_count, hours.hour_count), (hours.agent, hours.hour)
    seen = csr_matrix((np.ones(len(hours.agent)), pairs), shape)
    answers = csr_matrix((hours.count.astype(float), pairs), shape)
    asked = hours.asked.astype(float)
    held, could = np.zeros((2, len(LAGS_H), hours.agent_count))
    for place, lag in enumerate(LAGS_H):
        early = seen[:, :-lag]
        held[place] = np.asarray(early.multiply(answers[:, lag:]).sum(axis=1)).ravel()
        could[place] = early @ asked[lag:]
    first, last = hours.ends
    is_used = last - first >= LAGS_H[-1]
    is_used &= (could > 0).all(axis=0)
    if is_used.sum() < LEAST_AGENTS:
        return None
    held, could = held[:, is_used], could[:, is_used]
    shares = held.sum(axis=1) / could.sum(axis=1)
    # What each agent moves a share by; together nothing.
    moved = (held - shares[:, None] * could) / could.sum(axis=1, keepdims=True)
    # In an hour of which as much was seen as of the mean hour with a look.
    mean = float(_WEIGHTS @ shares * asked[asked > 0].mean())
    error = float(np.sqrt(((_WEIGHTS @ moved) ** 2).sum()) * asked[asked > 0].mean())
    p_value = float(norm.sf(mean / error)) if error > 0 else float(mean <= 0)
    return DayRhythm(excess=mean, p_value=p_value, seen_by_hour=_by_hour(hours))


def _by_hour(hours: Hours) -> tuple[float | None, ...]:
    """Return agents seen in an hour with a look, by the hour of the day."""
    of_day = (hours.start_s // HOUR_S + np.arange(hours.hour_count)) % DAY_H
    seen = np.bincount(of_day[hours.hour], minlength=DAY_H)
    looked = np.bincount(of_day[hours.asked > 0], minlength=DAY_H)
    return tuple(
        agents / times if times else None
        for agents, times in zip(seen.tolist(), looked.tolist(), strict=True)
    )
