"""Renumbering: addresses that vanish before another of the same provider appears, beyond chance.

Providers that give lines another address every day make one host many addresses (Rajab, Zarfoss,
Monrose, Terzis, HotBots 2007; Griffioen and Doerr, ARES 2020). How many such there are is told by
counting pairs; which they are is not.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.model.tracks import Estimate, Renumbering
from unflux.track.lags import (
    EDGE_GAPS,
    EDGES_S,
    LONGEST_S,
    Lags,
    Silences,
    count_lags,
    find_silences,
)
from unflux.track.presence import Presence
from unflux.track.spells import Spells

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST_AGENTS: Final = 10
ROUNDS: Final = 3
"""Of weighing steps by what they were found to hold. Chosen: 2026-11-28; more change nothing."""
LEAST_SHARE: Final = 0.1
"""Of newcomers, that steps are weighed to find. Chosen: 2026-11-28; weighed to find none, only the
few steps count that hold no pairs by chance."""
LEAST_PROVED: Final = 0.1
"""Of what a pair is worth, when chance and short-lived hosts take the rest. Chosen: 2026-11-28; an
interval ten times as wide says nothing anyway."""
LEAST_PART: Final = 0.02
"""Of the silences, that are weighed apart."""
MOST_APART: Final = 2.0
"""Deviations, by which both parts may differ from the whole. Chosen: 2026-11-28; of 199 development
pools, in which addresses change at any time, one differs so."""
MOST_SHOWN: Final = 0.95
"""Of the silences, that are no longer than the pairs which are told of."""
_SMALL: Final = 1e-12
BLOCK_GAPS: Final = 4.0
BLOCK_S: Final = 10_800.0
"""Lags over which pairs of the same two lines fall together, day after day: what gaps smear, and
what a night's beginning does. Chosen: 2026-11-28; where each provider's lines sleep at hours of
their own, the error was 1.8 deviations by the first alone, and 1.6 by both."""


def find_renumbering(presence: Presence, spells: Spells, provider: Integers) -> Renumbering | None:
    """Estimate how many newcomers are another address of a host; null where there are too few.

    Of one that vanished, the next address appears after a silence such as those in which addresses
    did not change. Steps of the lag count by how many of them that makes beside those by chance.
    Chance is what newcomers of all providers at that time make, at the level at which it fits those
    that appeared *before* one of their provider vanished: these cannot be its next address. So
    hosts of the whole world may come and go at the same hours, and each provider be as it likes.
    """
    silences = find_silences(presence, spells)
    lags = count_lags(spells, provider, EDGE_GAPS * silences.short_s)
    if lags.newcomers < LEAST_AGENTS or lags.gone < LEAST_AGENTS:
        return None
    found = _find_renewed(lags, silences, spells)
    renewed = _bounded(found.value, found.deviation, lags.newcomers)
    # What an agent that is there goes unseen anyway is no time between two addresses.
    idle_s = max(found.silence_s - 2 * spells.gap_s, 0.0)
    share = idle_s / (spells.end_s - spells.start_s)
    shown = int(np.searchsorted(np.cumsum(silences.chance), MOST_SHOWN)) + 1
    return Renumbering(
        newcomers=lags.newcomers,
        pairs=int(lags.after[:, :shown].sum()),
        by_chance=float(found.level * lags.by_chance_after[:, :shown].sum()),
        renewed=renewed,
        between=Estimate(
            value=renewed.value * share, low=renewed.low * share, high=renewed.high * share
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Renewed:
    """How many newcomers are another address of a host."""

    value: float
    deviation: float
    level: float
    """Of chance: pairs that are no host over those that shares make."""
    silence_s: float
    """Mean between the last sight of an address and the first of the next."""


def _find_renewed(lags: Lags, silences: Silences, spells: Spells) -> _Renewed:
    """Weigh the pairs, hosts that are on and that are off apart where they do not fit together.

    Some providers give another address to whoever comes back, and never to one that is on.
    """
    middles = (EDGES_S[1:] + EDGES_S[:-1]) / 2
    together = _weigh(lags, silences.chance, spells, silences.short_s)
    parts = [
        _weigh(lags, part / part.sum(), spells, silences.short_s)
        for part in (silences.on, silences.off)
        if part.sum() > LEAST_PART
    ]
    value = sum(part.value for part in parts)
    variance = sum(part.deviation**2 for part in parts)
    differ = max(variance - together.deviation**2, together.deviation**2)
    if len(parts) == 1 or (value - together.value) ** 2 < MOST_APART**2 * differ:
        return replace(together, silence_s=silences.mean_s)
    kept = [max(part.value, 0.0) for part in parts]
    means = [float(part @ middles / part.sum()) for part in (silences.on, silences.off)]
    return _Renewed(
        value=value,
        deviation=variance**0.5,
        level=together.level,
        silence_s=float(np.dot(kept, means) / max(sum(kept), 1.0)),
    )


def _short_lived(spells: Spells, silence_s: float) -> float:
    """Return how often a host of two addresses is so short-lived that they are a pair before, too.

    It is taken to keep either as long as agents keep any address.
    """
    stays_s = np.sort(spells.last_s - spells.first_s)
    room_s = LONGEST_S - silence_s - stays_s
    return float(np.searchsorted(stays_s, room_s).mean() / len(stays_s))


def _weigh(lags: Lags, silences: Floats, spells: Spells, short_s: float) -> _Renewed:
    """Estimate how many pairs are one host that goes unseen for so long between its addresses."""
    silence_s = float(silences @ (EDGES_S[1:] + EDGES_S[:-1]) / 2)
    short_lived = _short_lived(spells, silence_s)
    after, chance = lags.after.sum(axis=0), lags.by_chance_after.sum(axis=0)
    # One more of each: where there are few, the level is about 1.
    before, chance_before = lags.before.sum() + 1, float(lags.by_chance_before.sum()) + 1
    # A pair that is one host stands among those by chance, too.
    own = float((lags.shares**2).sum())
    level, value = before / chance_before, 0.0
    for _ in range(ROUNDS):
        looked_for = max(value, LEAST_SHARE * lags.newcomers)
        weights = silences / (level * chance + silences * looked_for + _SMALL)
        ground = float(weights @ chance) / chance_before
        whole = float(weights @ silences)
        worth = max(whole * (1 - own) - short_lived * ground, LEAST_PROVED * whole)
        value = float(weights @ after - before * ground) / worth
        level = max(before - short_lived * max(value, 0.0), before / 2) / chance_before
    counted = np.maximum.reduce([after, level * chance, silences])
    variance = float(weights**2 @ counted) + ground**2 * before
    deviation = (_dispersion(lags, level, short_s) * variance) ** 0.5 / worth
    return _Renewed(value=value, deviation=deviation, level=level, silence_s=silence_s)


def _dispersion(lags: Lags, level: float, short_s: float) -> float:
    """Return how much more pairs that are no host vary than Poisson's, by blocks of the lag."""
    worst = 1.0
    for block_s in (BLOCK_GAPS * short_s, BLOCK_S):
        starts = np.unique(np.searchsorted(EDGES_S[:-1], np.arange(0, LONGEST_S, block_s)))
        starts = starts[starts < len(EDGES_S) - 1]
        found = np.add.reduceat(lags.before, starts, axis=1)
        expected = level * np.add.reduceat(lags.by_chance_before, starts, axis=1)
        worst = max(worst, float(((found - expected) ** 2).sum() / max(expected.sum(), 1.0)))
    return worst


def _bounded(value: float, deviation: float, most: int) -> Estimate:
    middle, low, high = np.clip(
        [value, value - 1.96 * deviation, value + 1.96 * deviation], 0, most
    )
    return Estimate(value=float(middle), low=float(low), high=float(high))
