"""Where evidence starts and what it must reach."""

import pytest

from unflux.judge.bounds import CONVICTION, PRIOR
from unflux.model.odds import probability


def test_the_prior_is_one_name_in_150() -> None:
    assert 1 / probability(PRIOR) == pytest.approx(150, rel=0.01)


def test_a_conviction_is_nineteen_to_one() -> None:
    assert probability(CONVICTION) == pytest.approx(0.95, abs=1e-6)
    assert probability(-CONVICTION) == pytest.approx(0.05, abs=1e-6)


def test_the_score_is_bounded_and_grows() -> None:
    scores = [probability(log_odds) for log_odds in (-1e9, -50, -3, 0, 3, 50, 1e9)]
    assert scores == sorted(scores)
    assert scores[0] > 0.0 and scores[-1] <= 1.0
