"""Durability: how long agents stay, and how fast a list of their addresses goes stale."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.model.tracks import Durability
from unflux.track.hours import Hours
from unflux.track.lifetime import measure_lifetime
from unflux.track.spells import Spells
from unflux.track.staleness import measure_staleness

Floats = NDArray[np.float64]

MOST_POINTS: Final = 200


def measure_durability(hours: Hours | None, spells: Spells, seed: int = 0) -> Durability | None:
    """Measure both; null where agents are too few.

    Without hours, spells are taken to be whole, and there is no half-life.
    """
    lifetime = measure_lifetime(hours, spells)
    if lifetime is None:
        return None
    staleness = None if hours is None else measure_staleness(hours, seed)
    return Durability(
        lifetime_h=lifetime.median_h,
        agents=lifetime.agents,
        censored=lifetime.censored,
        survival=_thinned(*lifetime.survival),
        half_life_h=None if staleness is None else staleness.half_life_h,
        coverage=() if staleness is None else _thinned(*staleness.coverage),
    )


def _thinned(x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
    picked = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
    return tuple((float(x[at]), float(y[at])) for at in picked) if len(x) else ()
