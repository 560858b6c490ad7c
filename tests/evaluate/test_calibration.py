"""Bins, Brier score and calibration error by hand, as found and at a prior."""

import numpy as np
import pytest

from unflux.evaluate.calibration import EDGES, calibrate


def test_four_scores_by_hand() -> None:
    found = calibrate(
        np.array([0.0, 0.2, 0.96, 1.0]), np.array([False, True, True, True]), prior=0.01
    )
    filled = {(b.low, b.high): (b.flux.count, b.flux.of) for b in found.bins if b.flux.of}
    assert filled == {(0.0, 0.01): (0, 1), (0.1, 0.25): (1, 1), (0.95, 0.99): (1, 1),
                      (0.99, 1.0): (1, 1)}  # fmt: skip
    assert len(found.bins) == len(EDGES) - 1
    assert found.as_found.base_rate == 0.75
    assert found.as_found.brier == pytest.approx((0.64 + 0.0016) / 4)
    assert found.as_found.expected_error == pytest.approx((0.8 + 0.04) / 4)
    # At the prior the three of fast flux weigh 0.01 together, the other 0.99.
    assert found.at_prior is not None
    assert found.at_prior.brier == pytest.approx(0.01 / 3 * (0.64 + 0.0016))
    assert found.at_prior.expected_error == pytest.approx(0.01 / 3 * (0.8 + 0.04))


def test_one_bin_compares_its_mean_with_its_share() -> None:
    found = calibrate(np.full(4, 0.6), np.array([True, True, False, False]), prior=0.5)
    assert found.as_found.expected_error == pytest.approx(0.1)
    (filled,) = (b for b in found.bins if b.flux.of)
    assert filled.mean_score == pytest.approx(0.6)
    assert filled.flux.ratio == 0.5


def test_an_edge_belongs_to_the_bin_above_it() -> None:
    found = calibrate(np.array([0.95]), np.array([True]), prior=0.5)
    (filled,) = (b for b in found.bins if b.flux.of)
    assert filled.low == 0.95
    assert found.at_prior is None  # nothing but fast flux cannot be weighted
