"""Intervals of shares, and what they say of precision where fast flux is rare."""

from typing import Final

from scipy.stats import binomtest

from unflux.model.evaluation import Precision, Share

CONFIDENCE: Final = 0.95
BASE_RATES: Final = (1e-3, 1e-6)
"""One domain in a thousand or in a million is fast flux: few enough that precision is made of
false positives (Infoblox, April 2025: the technique is "not considered common")."""


def share_of(count: int, of: int) -> Share:
    """Return a share with Wilson's interval at 95 % (E. B. Wilson, JASA 22, 1927); 0..1 for no
    case.
    """
    low, high = _interval(count, of, CONFIDENCE, "wilson")
    return Share(count=count, of=of, low=low, high=high)


def precision_at(base_rate: float, recall: Share, false_positives: Share) -> Precision:
    """Return the precision that recall and false-positive rate give at a base rate.

    By Bayes: r·TPR / (r·TPR + (1−r)·FPR). Its bounds come from the exact bounds (Clopper and
    Pearson, Biometrika 26, 1934) of both rates at 97.5 % each, so that both hold at 95 %
    (Bonferroni). The value is null where nothing would be flagged, or one of the rates is of no
    case.
    """
    each = 1 - (1 - CONFIDENCE) / 2
    hit_low, hit_high = _interval(recall.count, recall.of, each, "exact")
    wrong_low, wrong_high = _interval(false_positives.count, false_positives.of, each, "exact")
    hit, wrong = recall.ratio, false_positives.ratio
    return Precision(
        base_rate=base_rate,
        value=None if hit is None or wrong is None else _precision(base_rate, hit, wrong),
        low=_precision(base_rate, hit_low, wrong_high) or 0.0,
        high=1.0 if wrong_low == 0 else _precision(base_rate, hit_high, wrong_low) or 0.0,
    )


def _precision(base_rate: float, hit: float, wrong: float) -> float | None:
    flagged = base_rate * hit + (1 - base_rate) * wrong
    return base_rate * hit / flagged if flagged > 0 else None


def _interval(count: int, of: int, confidence: float, method: str) -> tuple[float, float]:
    if of == 0:
        return 0.0, 1.0
    found = binomtest(count, of).proportion_ci(confidence_level=confidence, method=method)
    low, high = float(found.low), float(found.high)
    return (0.0 if count == 0 else low), (1.0 if count == of else high)
