"""A rhythm is found where agents sleep at their hours, and none where only the looks do."""

import numpy as np
import pytest
from tests.track.pools import look_at_pool

from unflux.track.day_rhythm import find_day_rhythm
from unflux.track.hours import HOUR_S, Hours, find_hours

DAY_H = 24


def look_at(is_looked: np.ndarray, *, agents: int = 60, online_h: int = 24) -> Hours:
    """Draw five agents that are on in each of so many looks an hour, from midnight."""
    chance = np.random.default_rng(1)
    wakes = chance.integers(0, DAY_H, agents)
    drawn = [
        (agent, hour)
        for hour, looks in enumerate(is_looked)
        for _ in range(looks)
        for agent in chance.choice(
            np.flatnonzero((hour - wakes) % DAY_H < online_h), 5, replace=False
        )
    ]
    agent, hour = np.array(drawn).T
    return find_hours(agent, hour * HOUR_S, np.ones(len(hour), np.int64))


def looks(days: int, by_day: int, by_night: float = 0) -> np.ndarray:
    """Return looks by hour, so many from 8 to 20 and, by chance, so many at night."""
    of_day = np.arange(days * DAY_H) % DAY_H
    is_day = (of_day >= 8) & (of_day < 20)
    at_night = np.random.default_rng(2).poisson(by_night, len(of_day))
    return np.where(is_day, by_day, at_night)


def test_agents_that_sleep_have_a_rhythm_and_others_none() -> None:
    sleeping = find_day_rhythm(look_at_pool(1, online_h=12, lifetime_h=60, hours=110).hours)
    assert sleeping is not None
    assert sleeping.excess > 0.1
    assert sleeping.p_value < 1e-6
    waking = find_day_rhythm(look_at_pool(3, lifetime_h=60, hours=110).hours)
    assert waking is not None
    assert waking.p_value > 0.01
    assert len(waking.seen_by_hour) == 24
    assert all(seen is not None and seen > 0 for seen in waking.seen_by_hour)


def test_quiet_nights_of_who_asks_are_no_rhythm_of_the_agents() -> None:
    waking = find_day_rhythm(look_at(looks(14, 4, 0.6)))
    assert waking is not None
    assert waking.p_value > 0.01
    sleeping = find_day_rhythm(look_at(looks(14, 4, 0.6), online_h=12))
    assert sleeping is not None
    assert sleeping.p_value < 1e-6


def test_who_never_looks_at_night_tells_no_rhythm_apart() -> None:
    of_day = np.arange(10 * DAY_H) % DAY_H
    assert find_day_rhythm(look_at(np.where((of_day >= 8) & (of_day < 18), 2, 0))) is None


def test_hours_without_a_look_are_null_and_pull_no_mean() -> None:
    of_day = np.arange(10 * DAY_H) % DAY_H
    is_looked = np.where((of_day != 3) & (np.arange(len(of_day)) != 12), 2, 0)
    found = find_day_rhythm(look_at(is_looked))
    assert found is not None
    assert found.seen_by_hour[3] is None
    seen = [hour for hour in found.seen_by_hour if hour is not None]
    assert len(seen) == 23
    assert seen == pytest.approx([9.6] * 23, abs=1)


@pytest.mark.parametrize("days", [21, 31, 61])
def test_a_rhythm_is_told_however_long_one_looked(days: int) -> None:
    found = find_day_rhythm(look_at(np.ones(days * DAY_H, int), online_h=12))
    assert found is not None
    assert found.p_value < 1e-6
    # By the hour, and not by hours together.
    assert all(hour == pytest.approx(5) for hour in found.seen_by_hour)


def test_a_day_and_a_bit_is_too_short_to_tell() -> None:
    assert find_day_rhythm(look_at_pool(1, hours=40).hours) is None
