"""Rotation: how often a network's names are answered otherwise, by records of whoever asked."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from unflux.model.times import MICROSECONDS_PER_S

PAUSE_S: Final = 3_600
"""Longest time without a record that still counts as looked at. Chosen: 2026-11-28; the width of a
coarse bucket, and the longest interval of a track's rhythm."""

Integers = NDArray[np.int64]


def measure_rotation(sets: pa.Table) -> float | None:
    """Return the seconds that were looked at over the changes that were seen; null for none.

    ``sets``: rows of :func:`unflux.track.served.tracked_sets` of one network. Sets are taken in the
    order in which each was seen first in a bucket. Those that clients or caches are shown side by
    side count as changes, each once a bucket, however often they alternate in it.
    """
    if sets.num_rows < 2:
        return None
    qtype = pc.fill_null(sets["qtype"], "")
    keys = pc.binary_join_element_wise(sets["query"], qtype, " ").combine_chunks()
    key: Integers = keys.dictionary_encode().indices.to_numpy().astype(np.int64)
    first_us, last_us = _microseconds(sets["first_at"]), _microseconds(sets["last_at"])
    held: Integers = sets["answer_set"].to_numpy().astype(np.int64)
    order = np.lexsort((held, last_us, first_us, key))
    key, first_us, last_us, held = (part[order] for part in (key, first_us, last_us, held))
    is_same = key[1:] == key[:-1]
    # Until when each key was seen, the row included: a running maximum that no key hands on. Of
    # ranks, since microseconds of years times keys are too many for 64 bits.
    moments_us, rank = np.unique(last_us, return_inverse=True)
    latest = np.maximum.accumulate(rank + key * len(moments_us))
    until_us = moments_us[latest - key * len(moments_us)]
    silent_us = np.maximum(first_us[1:] - until_us[:-1], 0)
    is_next = is_same & (silent_us <= PAUSE_S * MICROSECONDS_PER_S)
    changes = int((is_next & (held[1:] != held[:-1])).sum())
    # Time that a row adds to what was looked at before it; after a pause only its own.
    added_us = np.where(is_next, until_us[1:] - until_us[:-1], last_us[1:] - first_us[1:])
    watched_us = int(last_us[0] - first_us[0] + added_us.sum())
    return watched_us / MICROSECONDS_PER_S / changes if changes and watched_us else None


def _microseconds(moments: pa.ChunkedArray) -> Integers:
    found: Integers = moments.cast(pa.int64()).to_numpy().astype(np.int64)
    return found
