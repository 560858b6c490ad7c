"""Stretch: the time that records are of, without the few that lie far from all others.

A clock that was wrong, or an old record beside new looks, would make occasions years wide.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]

DAY_S: Final = 86_400
CORE: Final = 0.8
"""Share of the buckets with records, the middle ones, that no few records stretch."""
MOST_PAUSE: Final = 5.0
"""Pause, over the time of the core and no less than a day, beyond which records are apart. Chosen:
2026-11-29; weeks of looks and one a season later are one stretch, and days of them two."""


def find_stretch(moment_s: Integers) -> Booleans:
    """Tell which rows are of the stretch between such pauses that has most buckets."""
    buckets = np.unique(moment_s)
    edge = int((1 - CORE) / 2 * len(buckets))
    core_s = int(buckets[len(buckets) - 1 - edge] - buckets[edge])
    is_after = np.diff(buckets) > MOST_PAUSE * max(core_s, DAY_S)
    part = np.concatenate([[0], np.cumsum(is_after)])
    kept = buckets[part == np.bincount(part).argmax()]
    is_kept: Booleans = (kept[0] <= moment_s) & (moment_s <= kept[-1])
    return is_kept
