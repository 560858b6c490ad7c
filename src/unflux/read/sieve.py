"""Which rows of a block are kept, and why the others are not."""

import numpy as np

from unflux.read.source import Drops


class Sieve:
    """Flags of rows; a row is counted once, for the first thing found wrong with it."""

    def __init__(self, row_count: int, drops: Drops) -> None:
        self.kept = np.ones(row_count, dtype=bool)
        self._drops = drops

    def refuse(self, reason: str, is_bad: np.ndarray) -> None:
        """Leave out the rows that are bad and count them."""
        count = self.leave(is_bad)
        if count:
            self._drops.drop(reason, count)

    def leave(self, is_left: np.ndarray) -> int:
        """Leave rows out; return how many of them were kept so far."""
        count = int(np.count_nonzero(is_left & self.kept))
        if count:
            self.kept &= ~is_left
        return count
