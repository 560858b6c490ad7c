"""Figures of an evaluation in words, for a terminal and for a page."""

import math
from typing import Final

from unflux.model.evaluation import Precision, Quantiles, Share

NEVER: Final = "never"
"""Stands for a time to decision that half, or nine in ten, of the domains did not reach."""

NO_REST: Final = 1e-9
"""What a ratio may lack of 1 by the rounding of floats alone."""


def share_words(share: Share) -> str:
    """Return ``9 of 10: 90.0% (59.6% to 98.2%)``; ``none`` where there is no case."""
    if share.ratio is None:
        return "none"
    low, high = percent(share.low), percent(share.high)
    return f"{share.count:,} of {share.of:,}: {percent(share.ratio)} ({low} to {high})"


def short_share(share: Share) -> str:
    """Return ``9/10``; ``-`` where there is no case."""
    return f"{share.count:,}/{share.of:,}" if share.of else "-"


def percent(ratio: float) -> str:
    """Return a ratio in per cent: one decimal, more where it is near nothing or near all."""
    rest = 1 - ratio if 1 - ratio > NO_REST else 0
    little = min(ratio, rest) or 1
    decimals = 1 if little >= 0.001 else -math.floor(math.log10(little)) - 1
    return f"{ratio:.{decimals}%}"


def precision_words(precision: Precision) -> str:
    """Return ``50.0% (1.1% to 100.0%)``; ``none`` for what flags nothing."""
    bounds = f"({percent(precision.low)} to {percent(precision.high)})"
    return "none" if precision.value is None else f"{percent(precision.value)} {bounds}"


def rate_words(base_rate: float) -> str:
    """Return a base rate as ``1:1,000``."""
    return f"1:{round(1 / base_rate):,}"


def count_quantiles(quantiles: Quantiles, decimals: int = 0) -> str:
    """Return median and ninetieth percentile of counts as ``2 / 16``."""
    return " / ".join(
        NEVER if value is None else f"{value:,.{decimals}f}"
        for value in (quantiles.median, quantiles.p90)
    )


def time_quantiles(quantiles: Quantiles) -> str:
    """Return median and ninetieth percentile of seconds as ``12 s / 3.5 h``."""
    return " / ".join(
        NEVER if value is None else duration(value) for value in (quantiles.median, quantiles.p90)
    )


def duration(seconds: float) -> str:
    """Return seconds in the unit that a person would take."""
    for limit, size, unit in ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            value = seconds / size
            return f"{value:.0f} {unit}" if unit == "s" or value >= 10 else f"{value:.1f} {unit}"
    return f"{seconds / 86_400:.1f} d"
