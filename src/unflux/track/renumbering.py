"""Renumbering: addresses that vanish before another of the same provider appears, beyond chance.

Providers that give lines another address every day make one host many addresses (Rajab, Zarfoss,
Monrose, Terzis, HotBots 2007; Griffioen and Doerr, ARES 2020). How many such there are is told by
counting pairs; which they are is not.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.model.tracks import Estimate, Renumbering
from unflux.track.spells import Spells

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

DRAWS: Final = 200
LONGEST_S: Final = 72_000.0
"""Between the last sight of an address and the first of its successor: below a day, so that of
daily addresses only those that follow each other are a pair. Chosen: 2026-11-28."""
LEAST_AGENTS: Final = 10
GAPS: Final = 5.0
"""From the last sight of an address and to the first of the next, both exponential: their sum is
less than five means in 96 of 100. Chosen: 2026-11-28."""
SHIFT_S: Final = 28_800.0
"""A third of a day. Chosen: 2026-11-28; of one hour's newcomers most are the same lines again, that
are given an address at the same hour every day."""


def find_renumbering(spells: Spells, provider: Integers, seed: int = 0) -> Renumbering | None:
    """Pair those that left with newcomers of the same provider; null where there are too few.

    ``provider`` numbers the ASN of each agent, or its prefix where no ASN is known. Chance is what
    pairs there are when newcomers of the same third of the day swap providers: hosts of one
    country come and go at the same hours, renumbered or not.
    """
    new = np.flatnonzero(spells.is_newcomer)
    gone = np.flatnonzero(spells.has_left)
    if len(new) < LEAST_AGENTS or len(gone) < LEAST_AGENTS:
        return None
    # Lines that stay on are renumbered at once; those that were off meanwhile, after a night. Which
    # of both it is shows in what stands out more.
    both = [
        _compare(spells, provider, (new, gone), min(within_s, LONGEST_S), seed)
        for within_s in (GAPS * spells.gap_s, spells.silence_s + spells.gap_s)
    ]
    return max(both, key=lambda found: found[0])[1]


def _compare(
    spells: Spells,
    provider: Integers,
    agents: tuple[Integers, Integers],
    within_s: float,
    seed: int,
) -> tuple[float, Renumbering]:
    """Hold the pairs within a time against chance; say first by how many deviations they differ."""
    new, gone = agents
    came_s, came_of = spells.first_s[new], provider[new]
    left_s, left_of = spells.last_s[gone], provider[gone]
    pairs, apart_s = count_pairs(came_s, came_of, left_s, left_of, within_s)
    chance = np.random.default_rng(seed)
    shift = (came_s // SHIFT_S).astype(np.int64) % 3
    drawn = np.array(
        [
            count_pairs(came_s, _swapped(came_of, shift, chance), left_s, left_of, within_s)
            for _ in range(DRAWS)
        ]
    )
    by_chance = float(drawn[:, 0].mean())
    value = pairs - by_chance
    renewed = _bounded(value, np.sqrt(max(value, 0) + drawn[:, 0].var()), len(new))
    # What an agent that is there goes unseen anyway is no time between two addresses.
    hidden_s = drawn[:, 1] - spells.gap_s * drawn[:, 0]
    hidden = (apart_s - spells.gap_s * pairs - hidden_s) / (spells.end_s - spells.start_s)
    between = _bounded(float(hidden.mean()), float(hidden.std()), len(new))
    return value / max(float(drawn[:, 0].std()), 1.0), Renumbering(
        newcomers=len(new),
        pairs=pairs,
        by_chance=by_chance,
        renewed=renewed,
        between=between,
    )


def _bounded(value: float, deviation: float, most: int) -> Estimate:
    middle, low, high = np.clip(
        [value, value - 1.96 * deviation, value + 1.96 * deviation], 0, most
    )
    return Estimate(value=float(middle), low=float(low), high=float(high))


def count_pairs(
    came_s: Floats, came_of: Integers, left_s: Floats, left_of: Integers, within_s: float
) -> tuple[int, float]:
    """Count pairs of one provider of which one came within so many seconds after the other left.

    Return how many, and the seconds between, summed.
    """
    apart_s = max(came_s.max(), left_s.max()) - min(came_s.min(), left_s.min()) + 2 * within_s + 1
    base_s = min(came_s.min(), left_s.min())
    left = np.sort(left_of * apart_s + (left_s - base_s))
    came = came_of * apart_s + (came_s - base_s)
    until = np.searchsorted(left, came, side="left")
    since = np.searchsorted(left, came - within_s, side="left")
    summed = np.concatenate([[0.0], np.cumsum(left)])
    between_s = (came * (until - since) - (summed[until] - summed[since])).sum()
    return int((until - since).sum()), float(between_s)


def _swapped(of: Integers, shift: Integers, chance: np.random.Generator) -> Integers:
    """Return the providers, dealt anew among newcomers of the same third of the day."""
    order = np.lexsort((np.arange(len(of)), shift))
    dealt = np.lexsort((chance.random(len(of)), shift))
    swapped = np.empty_like(of)
    swapped[order] = of[dealt]
    return swapped
