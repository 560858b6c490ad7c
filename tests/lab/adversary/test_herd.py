"""Herds keep their size, their agents come and go, and answers are drawn from those on line."""

from itertools import pairwise
from random import Random
from statistics import mean

import numpy as np
import pytest

from unflux.lab.adversary.herd import Herd, HerdShape, Rhythm, host_on_agents, rotate, simulate_herd

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def make_herd(**changes: float) -> Herd:
    given = {"lifetime_h": 48.0, "online_h": 6.0, "offline_h": 6.0, "readdress_ratio": 0.0}
    shape = HerdShape(alive_count=400, **(given | changes))
    numbers = iter(range(10**9))
    return simulate_herd(
        np.random.default_rng(1),
        shape,
        lambda count: np.zeros(count, dtype=np.int64),
        lambda _draws, owners: [f"240.0.{n >> 8}.{n & 255}" for n, _ in zip(numbers, owners)],  # noqa: B905
        start_us=0,
        end_us=2 * DAY_US,
    )


def test_as_many_are_on_line_as_the_shape_says() -> None:
    herd = make_herd()
    counts = [len(herd.online(moment)) for moment in range(0, 2 * DAY_US, HOUR_US)]
    assert 170 < mean(counts) < 230


def test_agents_are_replaced_over_a_lifetime() -> None:
    short, long = make_herd(lifetime_h=24.0), make_herd(lifetime_h=2400.0)
    assert len(set(short.addresses)) > 2 * len(set(long.addresses))


def test_dynamic_addresses_change_between_sessions() -> None:
    still, moving = make_herd(), make_herd(readdress_ratio=1.0)
    assert len(set(moving.addresses)) > 1.5 * len(set(still.addresses))


def test_sets_hold_agents_on_line_and_stay_as_long_as_asked() -> None:
    herd = make_herd()
    rhythm = Rhythm(set_size=8, stay_min=8.2, stay_spread=0.3, carried_ratio=0.1)
    sets = rotate(herd, Random(2), rhythm, start_us=0, end_us=DAY_US)
    stays = np.diff(sets.starts_us) / 60_000_000
    assert 7 < np.median(stays) < 9.5
    assert all(len(set(answer)) == 8 for answer in sets.values)
    for start, answer in zip(sets.starts_us[3:50], sets.values[3:50], strict=True):
        assert sum(address in herd.online(start) for address in answer) >= 5


@pytest.mark.parametrize("carried_ratio", [0.0, 0.5, 1.0])
def test_the_carried_ratio_is_kept(carried_ratio: float) -> None:
    rhythm = Rhythm(set_size=10, stay_min=5, stay_spread=0.1, carried_ratio=carried_ratio)
    sets = rotate(make_herd(), Random(2), rhythm, start_us=0, end_us=DAY_US).values
    kept = mean(len(set(a) & set(b)) for a, b in pairwise(sets)) / 10
    assert abs(kept - carried_ratio) < 0.06


def test_sorted_runs_are_neighbours_among_those_on_line() -> None:
    herd = make_herd()
    rhythm = Rhythm(set_size=4, stay_min=5, stay_spread=0.1, carried_ratio=0, is_sorted_run=True)
    sets = rotate(herd, Random(2), rhythm, start_us=0, end_us=HOUR_US)
    for start, answer in zip(sets.starts_us[3:], sets.values[3:], strict=True):
        line = sorted(herd.online(start), key=lambda text: [int(p) for p in text.split(".")])
        first = line.index(answer[0])
        assert tuple(line[first : first + 4]) == answer


def test_a_name_server_is_one_agent_for_hours() -> None:
    servers = host_on_agents(make_herd(), Random(3), (2.0, 4.0), start_us=0, end_us=DAY_US)
    assert all(len(answer) == 1 for answer in servers.values)
    assert 2 <= min(np.diff(servers.starts_us)) / HOUR_US <= 4
