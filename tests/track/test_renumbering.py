"""Renumbered hosts are found beyond chance; hosts that merely come and go are not."""

import numpy as np
from numpy.typing import NDArray

from unflux.track.renumbering import count_pairs, find_renumbering
from unflux.track.spells import Spells

DAY_S = 86_400.0


def spells(first_s: NDArray[np.float64], last_s: NDArray[np.float64]) -> Spells:
    return Spells(first_s=first_s, last_s=last_s, start_s=0.0, end_s=10 * DAY_S,
                  silence_s=3600.0, gap_s=600.0)  # fmt: skip


def test_addresses_that_follow_each_other_are_one_host() -> None:
    chance = np.random.default_rng(3)
    born = chance.uniform(0, DAY_S, 60)
    first = np.concatenate([born + day * DAY_S for day in range(8)])
    provider = np.tile(chance.integers(0, 20, 60), 8)
    found = find_renumbering(spells(first, first + DAY_S - 300), provider)
    assert found is not None
    real = 60 * 7
    # At the least: lines that are renewed at the same hour every day hide each other a little.
    assert 0.6 * real < found.renewed.low
    assert found.renewed.high < 1.1 * real
    assert found.between.value < 1


def test_hosts_that_come_and_go_are_not_renumbered() -> None:
    chance = np.random.default_rng(4)
    first = chance.uniform(0, 10 * DAY_S, 500)
    last = first + chance.exponential(DAY_S, 500)
    found = find_renumbering(spells(first, np.minimum(last, 10 * DAY_S)),
                             chance.integers(0, 20, 500))  # fmt: skip
    assert found is not None
    assert found.renewed.low == 0
    assert found.renewed.high < 80
    assert abs(found.pairs - found.by_chance) < 60


def test_too_few_say_nothing_and_pairs_are_counted_within_the_time() -> None:
    assert find_renumbering(spells(np.zeros(9), np.ones(9)), np.zeros(9, np.int64)) is None
    pairs, between_s = count_pairs(
        np.array([100.0, 200.0, 300.0]), np.array([1, 1, 2]),
        np.array([50.0, 150.0, 290.0]), np.array([1, 1, 1]), 60.0,
    )  # fmt: skip
    assert (pairs, round(between_s, 6)) == (2, 100.0)
