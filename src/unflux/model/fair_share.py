"""A fair share: what each of several may have where there is not enough for all."""

import numpy as np


def fair_share(counts: np.ndarray, total: int) -> int:
    """Return the largest share, 1 at least, such that all who want ``counts`` and get no more than
    it have ``total`` together (max-min fairness).

    Who wants less than the share has all of it, so that one who wants very much takes nothing from
    those who want little.
    """
    wanted = np.sort(counts.astype(np.int64))
    if not len(wanted) or int(wanted.sum()) <= total:
        return int(wanted[-1]) if len(wanted) else max(total, 1)
    before = np.cumsum(wanted) - wanted
    shares = (total - before) // np.arange(len(wanted), 0, -1)
    return max(1, int(shares[int(np.argmax(shares < wanted))]))
