"""Day rhythm: whether agents are seen at the same hours day after day."""

from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import norm

from unflux.model.tracks import DayRhythm
from unflux.track.presence import Presence

HOUR_S: Final = 3600
LEAST_AGENTS: Final = 10
HALF_DAY_S: Final = 43_200


def find_day_rhythm(presence: Presence) -> DayRhythm | None:
    """Compare the chance to be seen again after a day with that after a half and one and a half.

    Without a rhythm the chance only falls, and falls less and less, so that the middle is below
    the mean of its neighbours. Null where occasions do not divide half a day, or few agents were
    seen over a day and a half.
    """
    if HALF_DAY_S % presence.width_s or presence.occasion_count * presence.width_s < 2 * 86_400:
        return None
    step = HALF_DAY_S // presence.width_s
    shape = presence.agent_count, presence.occasion_count
    seen = csr_matrix((np.ones(len(presence.agent)), (presence.agent, presence.occasion)), shape)
    again, could = [], []
    for lag in (step, 2 * step, 3 * step):
        early, late = seen[:, :-lag], seen[:, lag:]
        again.append(np.asarray(early.multiply(late).sum(axis=1)).ravel())
        could.append(np.asarray(early.sum(axis=1)).ravel())
    is_used = (presence.last - presence.first >= 3 * step) & (could[2] > 0)
    if is_used.sum() < LEAST_AGENTS:
        return None
    ratios = [part[is_used] / whole[is_used] for part, whole in zip(again, could, strict=True)]
    excess = ratios[1] - (ratios[0] + ratios[2]) / 2
    error = excess.std(ddof=1) / np.sqrt(len(excess))
    mean = float(excess.mean())
    p_value = float(norm.sf(mean / error)) if error > 0 else float(mean <= 0)
    return DayRhythm(excess=mean, p_value=p_value, seen_by_hour=_by_hour(presence))


def _by_hour(presence: Presence) -> tuple[float, ...]:
    """Return agents seen per occasion, by the hour of day in which occasions lie."""
    per_occasion = np.bincount(presence.occasion, minlength=presence.occasion_count)
    start_s = presence.start_s + np.arange(presence.occasion_count) * presence.width_s
    total, times = np.zeros(24), np.zeros(24)
    for passed_s in range(0, presence.width_s, HOUR_S):
        hour = (start_s + passed_s) // HOUR_S % 24
        np.add.at(total, hour, per_occasion)
        np.add.at(times, hour, 1)
    return tuple((total / np.maximum(times, 1)).tolist())
