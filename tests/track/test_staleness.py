"""Lists go stale as pools change, and not where they do not, however little of them is seen."""

from math import inf

import numpy as np
import pytest

from unflux.track.hours import HOUR_S, Hours, find_hours
from unflux.track.staleness import measure_staleness

DAY_H = 24


def look_at(begin_h: np.ndarray, end_h: np.ndarray, *, hours: int, answers: int) -> Hours:
    """Draw so many answers an hour from those that are there."""
    chance = np.random.default_rng(1)
    agent = np.concatenate(
        [
            chance.choice(np.flatnonzero((begin_h <= hour) & (hour < end_h)), answers)
            for hour in range(hours)
        ]
    )
    moment_s = np.repeat(np.arange(hours), answers) * HOUR_S
    return find_hours(agent, moment_s, np.ones(len(agent), np.int64))


def stay(agents: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(agents), np.full(agents, inf)


def moving(at_once: int, lifetime_h: float, hours: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(2)
    arrivals = int(at_once / lifetime_h * (hours + 8 * lifetime_h))
    begin = chance.uniform(-8 * lifetime_h, hours, arrivals)
    return begin, begin + chance.exponential(lifetime_h, arrivals)


def test_answers_of_buckets_are_summed_by_hour() -> None:
    moment_s = np.array([7200, 7500, 14_400, 7200])
    found = find_hours(np.array([4, 4, 4, 9]), moment_s, np.array([1, 2, 3, 4]))
    assert found.agent.tolist() == [0, 1, 0]
    assert found.hour.tolist() == [0, 0, 2]
    assert found.count.tolist() == [3, 4, 3]
    assert (found.start_s, found.hour_count) == (7200, 3)
    assert found.asked.tolist() == [7, 0, 3]


def test_a_list_of_a_pool_that_stays_is_good_for_ever() -> None:
    found = measure_staleness(look_at(*stay(20), hours=60, answers=60))
    assert found is not None
    assert found.half_life_h is None
    assert found.coverage[1] == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(("agents", "least", "most"), [(3000, 0.3, 0.45), (1500, 0.55, 0.7)])
def test_what_is_seen_in_part_goes_not_stale_for_that(
    agents: int, least: float, most: float
) -> None:
    found = measure_staleness(look_at(*stay(agents), hours=200, answers=60))
    assert found is not None
    assert found.half_life_h is None
    assert found.coverage[0][0] == 0.5
    assert least < found.coverage[1][0] < most


@pytest.mark.parametrize("answers", [60, 600])
def test_half_life_is_that_of_the_agents_however_much_is_seen(answers: int) -> None:
    hours = look_at(*moving(600, 20, 300), hours=300, answers=answers)
    found = measure_staleness(hours)
    assert found is not None
    assert found.half_life_h is not None
    assert found.half_life_h.low <= 20 * np.log(2) <= found.half_life_h.high
    assert found.half_life_h.high < 1.3 * found.half_life_h.low


def test_sets_that_are_held_for_an_hour_make_no_pool_go_stale() -> None:
    chance = np.random.default_rng(1)
    for agents in (200, 500, 3000):
        # Each set is answered in the halves of two hours.
        sets = [chance.choice(agents, 5, replace=False) for _ in range(301)]
        agent = np.concatenate([np.concatenate([sets[n], sets[n + 1]]) for n in range(300)])
        moment_s = np.repeat(np.arange(300), 10) * HOUR_S
        found = measure_staleness(find_hours(agent, moment_s, np.full(len(agent), 6)))
        assert found is not None
        assert found.coverage[1][0] > 0.5
        assert found.half_life_h is None


def test_a_day_is_a_day_however_long_one_looked() -> None:
    found = {
        hours: measure_staleness(look_at(*moving(60, 20, hours), hours=hours, answers=30))
        for hours in (1400, 2400)
    }
    for staleness in found.values():
        assert staleness is not None
        assert staleness.half_life_h is not None
        assert staleness.half_life_h.value == pytest.approx(20 * np.log(2), rel=0.12)


def test_a_list_that_was_made_when_nobody_looked_tells_nothing() -> None:
    hours = look_at(*stay(20), hours=300, answers=60)
    is_looked_at = (hours.hour < 100) | (hours.hour >= 200)
    broken = find_hours(
        hours.agent[is_looked_at], hours.hour[is_looked_at] * HOUR_S, hours.count[is_looked_at]
    )
    found = measure_staleness(broken)
    assert found is not None
    assert found.half_life_h is None
    assert min(found.coverage[1]) > 0.9


def test_a_day_without_an_hour_more_tells_nothing() -> None:
    assert measure_staleness(look_at(*stay(20), hours=DAY_H, answers=60)) is None


def test_what_nobody_asked_for_again_has_no_upper_end() -> None:
    hours = look_at(*moving(12, 40, 70), hours=70, answers=20)
    found = measure_staleness(hours)
    assert found is not None
    assert found.half_life_h is not None
    assert found.half_life_h.high == inf
