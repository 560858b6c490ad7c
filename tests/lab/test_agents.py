"""The pool of agents moves as the measured one did."""

import itertools
import statistics
from random import Random

import pytest

from unflux.lab.agents import HOUR_US, AgentPool, single_address_timeline
from unflux.lab.flux_population import DOUBLE_FLUX_POOL

START_US = 1_772_409_600_000_000
DAYS = 3


@pytest.fixture(scope="module")
def pool() -> AgentPool:
    numbers = itertools.count()
    return AgentPool(
        DOUBLE_FLUX_POOL,
        Random(5),
        lambda: f"agent {next(numbers)}",
        start_us=START_US,
        end_us=START_US + DAYS * 24 * HOUR_US,
    )


def test_a_set_stays_as_long_as_measured(pool: AgentPool) -> None:
    stays_min = sorted(
        (after - before) / 60_000_000
        for before, after in itertools.pairwise(pool.answers.starts_us)
    )
    assert 7.5 <= statistics.median(stays_min) <= 9.0
    assert 11.5 <= stays_min[int(0.9 * len(stays_min))] <= 14.5


def test_most_of_a_set_is_new(pool: AgentPool) -> None:
    assert all(len(set(value)) == 8 for value in pool.answers.values)
    carried = [len(set(a) & set(b)) for a, b in itertools.pairwise(pool.answers.values)]
    assert set(carried) == {0, 1}
    assert 0.5 < statistics.mean(carried) < 0.9


@pytest.mark.parametrize(
    ("hours", "measured", "tolerance"),
    # Measured in the 2009 records, but for the day, for which the example wants 140 (there: 106,
    # with gaps). Their 11 after 15 minutes do not follow from the rotation: 8 + 7 come with the
    # first change.
    [(1, 36, 0.2), (2, 47, 0.25), (6, 76, 0.35), (24, 140, 0.15)],
)
def test_distinct_agents_grow_as_measured(
    pool: AgentPool, hours: int, measured: int, tolerance: float
) -> None:
    counts = []
    for start_h in range(0, DAYS * 24 - hours, 3):
        begin_us = START_US + start_h * HOUR_US
        end_us = begin_us + hours * HOUR_US
        seen = {*pool.answers.at(begin_us)}
        for start_us, value in zip(pool.answers.starts_us, pool.answers.values, strict=True):
            if begin_us <= start_us < end_us:
                seen.update(value)
        counts.append(len(seen))
    assert statistics.mean(counts) == pytest.approx(measured, rel=tolerance)


def test_name_servers_are_agents_and_stay_for_hours(pool: AgentPool) -> None:
    timeline = pool.name_server_timeline(Random(6), stay_h=(2, 6))
    stays_h = [(b - a) / HOUR_US for a, b in itertools.pairwise(timeline.starts_us)]
    assert all(2 <= stay <= 6 for stay in stays_h)
    agents = {agent for value in pool.answers.values for agent in value}
    servers = {value[0] for value in timeline.values}
    assert len(servers & agents) >= 0.8 * len(servers)


def test_one_address_at_a_time_rests_at_night() -> None:
    numbers = itertools.count()
    timeline = single_address_timeline(
        Random(9),
        lambda: f"address {next(numbers)}",
        start_us=START_US,
        end_us=START_US + DAYS * 24 * HOUR_US,
        stay_h=(1, 3),
        working_hours=(8, 17),
    )
    changes = timeline.starts_us[1:]
    assert all(8 <= moment % (24 * HOUR_US) / HOUR_US < 18 for moment in changes)
    assert all(after - before >= HOUR_US for before, after in itertools.pairwise(changes))
    assert all(len(value) == 1 for value in timeline.values)
    assert timeline.at(START_US) == timeline.values[0]
    assert timeline.at(changes[0]) == timeline.values[1]
