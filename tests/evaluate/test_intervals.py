"""Intervals by hand, and what they say of precision."""

import pytest

from unflux.evaluate.intervals import precision_at, share_of


@pytest.mark.parametrize(
    ("found", "count", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),  # Wilson's worked forms: z²/(n+z²) for no case
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson(found: int, count: int, low: float, high: float) -> None:
    share = share_of(found, count)
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-4)
    assert share.ratio == (found / count if count else None)


def test_precision_by_bayes_and_by_the_bounds_of_both_rates() -> None:
    """Exact bounds at 97.5 % of none of n: 0 and 1 - 0.0125^(1/n); of all of n: 0.0125^(1/n), 1."""
    none_wrong = precision_at(1e-3, share_of(10, 10), share_of(0, 1000))
    hit, wrong = 0.0125 ** (1 / 10), 1 - 0.0125 ** (1 / 1000)
    assert none_wrong.value == 1.0
    assert none_wrong.low == pytest.approx(1e-3 * hit / (1e-3 * hit + 0.999 * wrong))
    assert none_wrong.high == 1.0

    one_in_ten = precision_at(1e-6, share_of(10, 10), share_of(100, 1000))
    assert one_in_ten.value == pytest.approx(1e-6 / (1e-6 + (1 - 1e-6) * 0.1))
    assert one_in_ten.value is not None
    assert one_in_ten.low < one_in_ten.value < one_in_ten.high < 2e-5


def test_precision_of_what_flags_nothing_or_was_not_tried_is_unknown() -> None:
    for recall, wrong in ((share_of(0, 9), share_of(0, 9)), (share_of(1, 9), share_of(0, 0))):
        precision = precision_at(1e-3, recall, wrong)
        assert precision.value is None
        assert 0 <= precision.low < 0.01
        assert precision.high == 1.0
