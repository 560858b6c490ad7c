"""The estimate holds the truth of pools that come and go, where a closed one does not."""

import numpy as np
import pytest
from tests.track.pools import look_at_pool

from unflux.track.population import estimate_population
from unflux.track.presence import MOST_OCCASIONS, find_presence


@pytest.mark.slow
def test_the_truth_lies_within_the_interval_of_pools_that_come_and_go() -> None:
    for seed in (1, 2, 3):
        seen = look_at_pool(seed)
        found = estimate_population(seen.presence)
        assert found is not None
        assert found.at_once.low <= seen.at_once <= found.at_once.high
        assert found.total.low <= seen.total <= found.total.high
        assert found.total.high < 1.6 * seen.total
        assert found.at_once.high < 1.5 * seen.at_once
        assert 20 < found.lifetime_occasions < 45
        assert len(found.alive) == seen.presence.occasion_count - 1


@pytest.mark.slow
def test_agents_that_sleep_are_not_taken_for_dead() -> None:
    seen = look_at_pool(5, lifetime_h=70, online_h=14, hours=120)
    found = estimate_population(seen.presence)
    assert found is not None
    assert found.at_once.low <= seen.at_once <= found.at_once.high
    assert found.away_ratio > 0.2


@pytest.mark.slow
def test_a_pool_that_is_closed_and_seen_whole_has_no_one_else() -> None:
    agent = np.repeat(np.arange(30), 40)
    bucket_s = np.tile(np.arange(40), 30) * 3600
    presence = find_presence(agent, bucket_s, np.ones(1200, np.int64), 3600)
    found = estimate_population(presence)
    assert found is not None
    assert found.total.low == found.seen == 30
    assert found.total.high < 31
    assert 27 < found.at_once.value < 31


@pytest.mark.slow
def test_the_same_records_give_the_same_estimate_and_too_few_give_none() -> None:
    seen = look_at_pool(4, hours=30, at_once=20)
    assert estimate_population(seen.presence) == estimate_population(seen.presence)
    once = find_presence(np.arange(50), np.arange(50) * 3600, np.ones(50, np.int64), 3600)
    assert estimate_population(once) is None
    short = find_presence(np.repeat(np.arange(9), 2), np.tile([0, 3600], 9),
                          np.ones(18, np.int64), 3600)  # fmt: skip
    assert estimate_population(short) is None


@pytest.mark.parametrize("hours", [1, 119, 120, 121, 700])
def test_occasions_are_whole_buckets_and_not_too_many(hours: int) -> None:
    bucket_s = np.arange(hours) * 3600
    presence = find_presence(np.zeros(hours, np.int64), bucket_s, np.ones(hours, np.int64), 3600)
    assert presence.occasion_count <= MOST_OCCASIONS
    assert presence.width_s % 3600 == 0
    assert presence.width_s * presence.occasion_count >= hours * 3600
    assert presence.effort.mean() == pytest.approx(1)
