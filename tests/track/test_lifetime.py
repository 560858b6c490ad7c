"""Survival is as scipy has it, and lifetimes as long as agents are there, seen or not."""

import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf
from tests.track.pools import look_at_pool

from unflux.track.durability import measure_durability
from unflux.track.hours import HOUR_S, Hours, find_hours
from unflux.track.lifetime import kaplan_meier, measure_lifetime
from unflux.track.presence import find_presence
from unflux.track.spells import Spells, find_spells


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
    assert found.lifetime_h.low <= 20 * np.log(2) <= found.lifetime_h.high
    assert found.half_life_h.low <= 20 * np.log(2) <= found.half_life_h.high
    ages, shares = zip(*found.coverage, strict=True)
    assert ages[0] == 0.5
    assert shares[0] > 0.9
    assert shares[-1] < 0.1


@pytest.mark.parametrize("seed", [1, 2])
def test_what_nobody_saw_of_a_life_is_a_part_of_it(seed: int) -> None:
    # An agent is seen every five hours, of 42 that half of them stay for.
    seen = look_at_pool(seed, at_once=300, lifetime_h=60, hours=300, answers=60)
    found = measure_lifetime(seen.hours, seen.spells)
    assert found is not None
    assert found.median_h is not None
    assert found.median_h.low <= 60 * np.log(2) <= found.median_h.high
    assert found.median_h.value == pytest.approx(60 * np.log(2), rel=0.15)
    hours, shares = found.survival
    assert (hours[0], shares[0]) == (0, 1)
    assert np.interp(found.median_h.value, hours, shares) == pytest.approx(0.5, abs=0.01)


def test_agents_that_are_hardly_seen_twice_have_no_lifetime() -> None:
    seen = look_at_pool(1, at_once=600, lifetime_h=20, hours=150, answers=60)
    found = measure_lifetime(seen.hours, seen.spells)
    assert found is not None
    assert found.median_h is None
    assert found.survival[0].size == 0


def see(agent: np.ndarray, hour: np.ndarray, moment_s: np.ndarray) -> tuple[Hours, Spells]:
    """Return what sights at moments in hours make."""
    moments = np.array(sorted(zip(agent, hour, strict=True)))
    pairs, counts = np.unique(moments, axis=0, return_counts=True)
    hours = find_hours(pairs[:, 0], pairs[:, 1] * HOUR_S, counts)
    _, of = np.unique(agent, return_inverse=True)
    first_s, last_s = np.full(hours.agent_count, np.inf), np.zeros(hours.agent_count)
    np.minimum.at(first_s, of, moment_s)
    np.maximum.at(last_s, of, moment_s)
    presence = find_presence(pairs[:, 0], pairs[:, 1] * HOUR_S, counts, HOUR_S)
    return hours, find_spells(presence, first_s, last_s, len(agent))


def answered_sets(at_once: int, lifetime_h: float, size: int) -> list[np.ndarray]:
    """Return one set of agents that are there, for each of 330 hours."""
    chance = np.random.default_rng(1)
    arrivals = int(at_once / lifetime_h * (330 + 8 * lifetime_h))
    begin = chance.uniform(-8 * lifetime_h, 330, arrivals)
    end = begin + chance.exponential(lifetime_h, arrivals)
    return [
        chance.choice(np.flatnonzero((begin <= hour) & (hour < end)), size, replace=False)
        for hour in range(330)
    ]


def test_one_look_an_hour_is_enough() -> None:
    sets = answered_sets(40, 48, 12)
    hour = np.repeat(np.arange(330), 12)
    found = measure_lifetime(*see(np.concatenate(sets), hour, hour * HOUR_S + 9.0))
    assert found is not None
    assert found.median_h is not None
    assert found.median_h.low <= 48 * np.log(2) <= found.median_h.high
    assert found.median_h.value == pytest.approx(48 * np.log(2), rel=0.15)


def test_answers_that_are_repeated_for_an_hour_are_no_lives_of_an_hour() -> None:
    agent = np.repeat(np.concatenate(answered_sets(300, 48, 5)), 12)
    # Each set every five minutes from the middle of an hour to that of the next.
    since_s = np.repeat(np.arange(330) * HOUR_S + 1800, 60) + np.tile(np.arange(12) * 300, 1650)
    found = measure_lifetime(*see(agent, since_s // HOUR_S, since_s.astype(float)))
    assert found is not None
    assert found.median_h is None


def test_where_few_came_only_the_survival_is_told() -> None:
    seen = look_at_pool(1, at_once=40, lifetime_h=2000, hours=100, answers=60)
    found = measure_lifetime(seen.hours, seen.spells)
    assert found is not None
    assert found.median_h is None
    assert found.survival[1][-1] > 0.5


def test_where_too_few_agents_are_seen_nothing_is_told() -> None:
    seen = look_at_pool(1, at_once=5, lifetime_h=2000, hours=50, answers=60)
    assert measure_lifetime(seen.hours, seen.spells) is None
