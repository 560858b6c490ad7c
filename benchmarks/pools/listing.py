"""What was true of lists of a day's addresses, by who could be answered in each hour."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAY_H = 24
FRESH_H = 1
"""Hours that pass before a list is held against."""


def find_half_life_h(stood: Floats) -> float | None:
    """Return how long after its second hour a list of a day's addresses covers half as much.

    ``stood``: [address, hour], how much of what is answered in an hour is the address. A list holds
    what stood in the 24 hours before it is made, at the end of any hour. What lists cover of a
    later hour is taken over what the same lists cover of their first, as
    ``unflux.track.staleness`` has it, which sees the answers that somebody asked for. Null where
    they cover more to the end.
    """
    size = stood.shape[1]
    has_stood = np.concatenate([np.zeros((len(stood), 1)), np.cumsum(stood > 0, axis=1)], axis=1)
    asked = stood.sum(axis=0)
    shares = np.divide(stood, asked, out=np.zeros_like(stood), where=asked > 0)
    later, fresh = np.zeros((2, max(size - DAY_H, 0)))
    for made in range(DAY_H, size - FRESH_H):
        is_listed = has_stood[:, made] > has_stood[:, made - DAY_H]
        covered = shares[is_listed, made:].sum(axis=0)
        later[: size - made] += covered
        fresh[: size - made] += covered[FRESH_H] * (asked[made:] > 0)
    kept = np.divide(later, fresh, out=np.full_like(later, np.nan), where=fresh > 0)[FRESH_H:]
    below = np.flatnonzero(kept < 0.5)
    if not len(below):
        return None
    at = int(below[0])
    return at - 1 + float((kept[at - 1] - 0.5) / (kept[at - 1] - kept[at]))
