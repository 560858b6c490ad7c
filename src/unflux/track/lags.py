"""Lags: how long after an address vanished others of its provider appeared, really and by chance.

A pair is an address that vanished and one of the same provider that appeared within 20 hours,
before or after. Only those that appeared after may be the same host; those before tell what chance
brings.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.track.presence import Presence
from unflux.track.spells import Spells

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LONGEST_S: Final = 72_000.0
"""Below a day, so that of daily addresses only those that follow each other are a pair. Chosen:
2026-11-28."""
EDGES_S: Final = np.concatenate([np.arange(0, 600, 60), np.arange(600, LONGEST_S + 1, 600)])
"""Of the steps that lags are counted in. Chosen: 2026-11-28; finer than agents are seen."""
EDGE_GAPS: Final = 3.0
"""What is first seen within three gaps of the start was there before, in 95 of 100; what is last
seen so near the end is there still. Chosen: 2026-11-28."""
_ROWS: Final = 4096
"""Counted at a time, for the sake of memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lags:
    """Pairs by provider and step of ``EDGES_S``: outwards from the moment that one vanished."""

    after: Floats
    before: Floats
    by_chance_after: Floats
    """Were the newcomers of any time dealt to providers by these providers' shares of all."""
    by_chance_before: Floats
    shares: Floats
    """Of newcomers, by provider."""
    newcomers: int
    gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silences:
    """How long a host goes unseen around a moment at which it is given another address.

    By step of ``EDGES_S``, while it is on and while it is off; of one that may be given another
    address at any time. Together less than 1 where some are longer.
    """

    on: Floats
    off: Floats
    short_s: float
    """Mean time between two answers that hold an agent, while it is on."""

    @property
    def chance(self) -> Floats:
        """By step: of both."""
        both: Floats = self.on + self.off
        return both

    @property
    def mean_s(self) -> float:
        """Mean, those that are longer than the longest lag taken to be as long."""
        middles = (EDGES_S[1:] + EDGES_S[:-1]) / 2
        return float(self.chance @ middles + (1 - self.chance.sum()) * LONGEST_S)


def find_silences(presence: Presence, spells: Spells) -> Silences:
    """Learn it from the gaps in which addresses did not change.

    A change falls into a gap the more often the longer it is, so gaps count by their length: those
    between neighbouring occasions as two waits for an answer, longer ones as they are.
    """
    widths = presence.gap_to - presence.gap_from
    weights = np.bincount(widths, minlength=2) * np.arange(max(int(widths.max(initial=1)), 1) + 1)
    weights = weights / weights.sum() if weights.sum() else np.array([0.0, 1.0])
    short_s = max(spells.gap_s * float(weights[1]), EDGES_S[1])
    waits = EDGES_S / short_s
    on = weights[1] * (1 - np.exp(-waits) * (1 + waits))
    off = np.zeros_like(waits)
    for width in np.flatnonzero(weights[2:]) + 2:
        # Of so many occasions, give or take one: a triangle.
        place = np.clip(EDGES_S / presence.width_s - (width - 1), 0, 2)
        off += weights[width] * np.where(place < 1, place**2 / 2, 1 - (2 - place) ** 2 / 2)
    return Silences(on=np.diff(on), off=np.diff(off), short_s=float(short_s))


def count_lags(spells: Spells, provider: Integers, edge_s: float) -> Lags:
    """Count pairs of those that came later than so after the start, and left so before the end.

    ``provider`` numbers the ASN of each agent, or its prefix where no ASN is known.
    """
    _, of = np.unique(provider, return_inverse=True)
    providers = int(of.max(initial=0)) + 1
    is_new = spells.first_s > spells.start_s + edge_s
    is_gone = spells.last_s < spells.end_s - edge_s
    shares = np.bincount(of[is_new], minlength=providers) / max(int(is_new.sum()), 1)
    came_s, left_s = spells.first_s - spells.start_s, spells.last_s - spells.start_s
    # Providers one after another on one line, too far apart to be near each other.
    apart_s = float(spells.end_s - spells.start_s) + 3 * LONGEST_S
    came_of = np.sort(came_s[is_new] + of[is_new] * apart_s)
    came = np.sort(came_s[is_new])
    edges = np.concatenate([-EDGES_S[:0:-1], EDGES_S])
    pairs, all_pairs = np.zeros((2, providers, len(edges) - 1))
    gone = np.flatnonzero(is_gone)
    for start in range(0, len(gone), _ROWS):
        some = gone[start : start + _ROWS]
        here = left_s[some, None] + edges
        beside = np.searchsorted(came_of, here + (of[some] * apart_s)[:, None])
        np.add.at(pairs, of[some], np.diff(beside, axis=1))
        np.add.at(all_pairs, of[some], np.diff(np.searchsorted(came, here), axis=1))
    # No address is a pair with itself.
    both = np.flatnonzero(is_new & is_gone)
    steps = np.searchsorted(edges, came_s[both] - left_s[both], side="right") - 1
    both, steps = both[steps >= 0], steps[steps >= 0]
    np.subtract.at(pairs, (of[both], steps), 1)
    np.subtract.at(all_pairs, (of[both], steps), 1)
    by_chance = all_pairs * shares[:, None]
    middle = len(EDGES_S) - 1
    return Lags(
        after=pairs[:, middle:],
        before=pairs[:, middle - 1 :: -1],
        by_chance_after=by_chance[:, middle:],
        by_chance_before=by_chance[:, middle - 1 :: -1],
        shares=shares,
        newcomers=int(is_new.sum()),
        gone=len(gone),
    )
