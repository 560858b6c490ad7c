"""Unseen: how many addresses nobody saw, though they were on when an occasion ended.

Short visits are missed, and how many is told by those that were hardly seen. Let agents that are on
be answered at a rate r, and visits of length x be g(x) many. Those seen at one moment only are
∫ r x exp(-r x) g(x), and those not seen at all, though x held the end of one of the occasions of
width w, are ∫ min(x / w, 1) exp(-r x) g(x): as many as those seen once, over r w, whatever g is,
where visits are shorter than w. The rate is told by visits seen from first to last for a time s:
near s = 0 there are g(0) of them an hour, and those seen once are g(0) / r. That is in the way of
Chao (Scandinavian Journal of Statistics 11, 1984): the square of those seen once over those seen
little more. It asks nothing of how many answers there were, nor of how agents live and sleep.

Where the records begin and end, long visits are short: of agents that come at a rate λ, those that
came before the last border of occasions, a time δ before the end, and were not seen until then are
λ / r exp(-r δ); of those that left soon after the beginning, as many by the rate of leaving.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.track.presence import Presence
from unflux.track.spells import Spells

Floats = NDArray[np.float64]

DRAWS: Final = 400
BRIEF_S: Final = 600.0
"""Sights within it may be one answer, which caches, vantages and domains repeat: those seen once
are as many as were seen for so long, less those that the number seen for longer makes. Chosen:
2026-11-28; longer than the TTL of most fast flux, 300 s. With a second, 97 % of 199 development
pools were covered, with this, 95 % of 183; there, every answer is drawn anew."""
DARK: Final = 0.1
"""Of the mean effort, below which an occasion is taken to be one without a look."""
MOST_DARK: Final = 0.05
"""Share of such occasions. Chosen: 2026-11-28; who came and went meanwhile is not told by those
that were seen for a short time. Of a real pool that nobody looked at for three hours of 21, nobody
would have gone unseen."""
REACH: Final = 4.0
"""Visits are compared over so many mean waits for an answer, and no less than an occasion. Chosen:
2026-11-28; in four waits 98 of 100 visits that may be missed end."""
WIDEST: Final = 1 / 3
"""Of the records that the reach may be; beyond it they say too little of the rate. Chosen:
2026-11-28; where a visit is seen every ten hours in 60, the estimate is a third too low."""
RATE_ERROR: Final = 0.3
"""Deviation of the logarithm, for agents that are answered more often than others. Chosen:
2026-11-28; development pools of uneven answers have a fifth more unseen than is estimated."""
SETTLED_S: Final = 86_400.0
"""So long after the beginning, newcomers are no longer those that slept, and so long before the end
who is not seen again does not sleep: as with new addresses an hour (:mod:`unflux.track.life`)."""
_SMALL: Final = 1e-12
_FALLS: Final = np.geomspace(1e-4, 60, 1000)
_MIDDLES: Final = 1 / _FALLS - 1 / np.expm1(_FALLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Addresses that nobody saw."""

    value: float
    drawn: Floats
    """The same, as the records would have it by chance."""
    is_within_reach: bool
    """Whether one looked nearly all the time, and for much longer than agents go unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visits:
    """Those that began and ended while one looked."""

    brief: float
    """Seen for no longer than ``BRIEF_S``."""
    longer: float
    """Seen for longer, by no more than the reach."""
    middle: float
    """Mean of what is longer, over the reach: a half, or less where there are more of the short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edges:
    """What goes on where the records begin and end; seconds, and rates by the second."""

    coming: float
    leaving: float
    first_s: float
    """From the beginning to the first end of an occasion."""
    last_s: float
    """From the last such to the end."""
    width_s: float
    """Of an occasion."""
    least_rate: float
    """At which an agent that is on is answered at least: as if those that sleep were on."""

    def count_unseen(self, rate: float, ending: float, counted: float) -> float:
        """Return how many stayed beyond an edge, and were on too shortly before it to be seen.

        ``rate``: of answers to an agent that is on. ``ending``: how many visits end in the second
        after they began, of those that begin in one. ``counted``: unseen for each one seen once.
        Of those at an edge, the ones seen once an occasion or longer before it look like short
        visits that are whole; what they have brought already is taken off.
        """
        missed = 0.0
        for flow, edge_s in ((self.coming, self.last_s), (self.leaving, self.first_s)):
            over = max(rate, self.least_rate) + ending / max(flow, _SMALL)
            beyond = np.exp(-over * edge_s) - counted * np.exp(-over * self.width_s)
            missed += flow / over * max(float(beyond), 0.0)
        return missed


def estimate_unseen(presence: Presence, spells: Spells, seed: int = 0) -> Unseen:
    """Estimate; the same input gives the same. The presence has three occasions or more."""
    width_s, span_s = presence.width_s, spells.end_s - spells.start_s
    seen_s = spells.last_s - spells.first_s
    # Who was there before the first occasion ended or after the last began is not seen whole.
    is_whole = (spells.first_s > spells.start_s + width_s) & (
        spells.last_s < spells.end_s - width_s
    )
    is_brief = seen_s <= BRIEF_S
    brief = int((is_whole & is_brief).sum())
    longer_s = np.sort(seen_s[is_whole & ~is_brief]) - BRIEF_S
    reach_s, wanted_s = _find_reach(brief, longer_s, width_s, max(WIDEST * span_s, width_s))
    longer_s = longer_s[longer_s <= reach_s]
    visits = _Visits(
        brief=brief,
        longer=max(len(longer_s), 0.5),
        middle=float(longer_s.mean() / reach_s) if len(longer_s) else 0.5,
    )
    # Those that began in the first occasion may be missed too; of the last, no end is seen.
    more = (span_s - width_s) / max(span_s - 2 * width_s, width_s)
    edges = _find_edges(presence, spells)

    def count(visits: _Visits) -> float:
        at_zero = _find_at_zero(visits, reach_s)
        once = visits.brief - at_zero * BRIEF_S
        if once <= 0:
            return 0.0
        rate = at_zero / once
        # Of one seen once, how many are missed who are on when an occasion ends.
        over = rate + _find_fall(visits.middle) / reach_s
        missed = more * -float(np.expm1(-over * width_s)) / (rate * width_s)
        return missed * once + edges.count_unseen(rate, more * at_zero / span_s, missed)

    chance = np.random.default_rng([seed, 2])
    drawn = [
        chance.poisson(
            np.exp(RATE_ERROR * chance.standard_normal())
            * count(_redrawn(visits, len(longer_s), chance))
        )
        for _ in range(DRAWS)
    ]
    return Unseen(
        value=count(visits),
        drawn=np.array(drawn, np.float64),
        is_within_reach=wanted_s <= WIDEST * span_s
        and float((presence.effort < DARK).mean()) <= MOST_DARK,
    )


def _find_reach(brief: int, longer_s: Floats, least_s: float, most_s: float) -> tuple[float, float]:
    """Return the reach, and what it would be if the records were long enough; seconds."""
    reach_s = least_s
    while True:
        longer = max(int(np.searchsorted(longer_s, reach_s, side="right")), 1)
        once = max(brief - BRIEF_S * longer / reach_s, 0.0)
        wanted_s = max(least_s, REACH * reach_s * once / longer)
        if wanted_s <= 1.02 * reach_s or reach_s >= most_s:
            return reach_s, wanted_s
        reach_s = min(wanted_s, most_s)


def _redrawn(visits: _Visits, longer: int, chance: np.random.Generator) -> _Visits:
    """Draw what might have been seen instead; of a flat prior."""
    noise = chance.standard_normal() / np.sqrt(12 * max(longer, 1))
    return _Visits(
        brief=chance.gamma(visits.brief + 1),
        longer=chance.gamma(longer + 1),
        middle=float(np.clip(visits.middle + noise, 0.02, 0.5)),
    )


def _find_at_zero(visits: _Visits, reach_s: float) -> float:
    """Return how many visits were seen for no time, by the second of it."""
    fall = _find_fall(visits.middle)
    return visits.longer / reach_s * (fall / -float(np.expm1(-fall)) if fall > 0 else 1.0)


def _find_edges(presence: Presence, spells: Spells) -> _Edges:
    """Return what the records say of their edges."""
    width_s, size = presence.width_s, presence.occasion_count
    span_s = spells.end_s - spells.start_s
    settled_s = min(SETTLED_S, span_s / 2)
    came = (spells.first_s > spells.start_s + settled_s).sum()
    left = (spells.last_s < spells.end_s - settled_s).sum()
    # Between its first and its last an agent is there, on or asleep.
    between = int((presence.last - presence.first - 1).clip(0).sum())
    again = len(presence.gap_to) - int((presence.last > presence.first).sum())
    seen_ratio = (again + 0.5) / (between + 1)
    return _Edges(
        coming=float(came) / (span_s - settled_s),
        leaving=float(left) / (span_s - settled_s),
        first_s=presence.start_s + width_s - spells.start_s,
        last_s=spells.end_s - (presence.start_s + width_s * (size - 1)),
        width_s=width_s,
        least_rate=-float(np.log1p(-seen_ratio)) / width_s,
    )


def _find_fall(middle: float) -> float:
    """Return the rate of an exponential that is cut at 1 and has this mean; 0 where it rises."""
    return float(np.interp(middle, _MIDDLES[::-1], _FALLS[::-1], right=0.0))
