"""Lifetimes are as scipy has them, and as long as agents are there."""

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf
from tests.track.pools import look_at_pool

from unflux.track.durability import kaplan_meier, measure_durability


def test_survival_is_what_scipy_says() -> None:
    chance = np.random.default_rng(1)
    spans = chance.exponential(5, 200).round(1)
    has_ended = chance.random(200) < 0.7
    times, survival, error = kaplan_meier(spans, has_ended)
    said = ecdf(CensoredData(uncensored=spans[has_ended], right=spans[~has_ended])).sf
    assert survival == pytest.approx(said.evaluate(times))
    interval = said.confidence_interval(method="linear")
    inner = (survival > 0.2) & (survival < 0.9)
    assert (survival - 1.96 * error)[inner] == pytest.approx(
        interval.low.evaluate(times)[inner], abs=1e-3
    )


def test_lifetime_and_half_life_of_a_pool_that_changes() -> None:
    seen = look_at_pool(1, at_once=60, lifetime_h=20, hours=200, answers=60)
    found = measure_durability(seen.hours, seen.spells)
    assert found is not None
    assert found.lifetime_h is not None
    assert found.half_life_h is not None
    # The median of an exponential, and the age at which half of those listed have gone.
    assert found.lifetime_h.low <= 20 * np.log(2) <= found.lifetime_h.high + 2
    assert found.half_life_h.low <= 20 * np.log(2) <= found.half_life_h.high
    ages, shares = zip(*found.coverage, strict=True)
    assert ages[0] == 0.5
    assert shares[0] > 0.9
    assert shares[-1] < 0.1
