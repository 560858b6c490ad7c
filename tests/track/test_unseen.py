"""Those that nobody saw are as many as were there when an occasion ended, within the interval."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unflux.track.presence import Presence, find_presence
from unflux.track.spells import Spells, find_spells
from unflux.track.unseen import BRIEF_S, estimate_unseen

HOUR_S = 3600
SPAN_H = 200


def visit(
    seed: int,
    *,
    stay_h: float,
    wait_h: float,
    copies: int = 1,
    visits: int = 4000,
    span_h: float = SPAN_H,
) -> tuple[Presence, Spells, int]:
    """Let agents come, be answered at random, and leave; say how many were missed."""
    chance = np.random.default_rng(seed)
    begin = chance.uniform(0, span_h, visits)
    end = np.minimum(begin + chance.exponential(stay_h, visits), span_h)
    sights = chance.poisson((end - begin) / wait_h)
    agent = np.repeat(np.arange(visits), sights)
    moment_s = chance.uniform(begin[agent], end[agent]) * HOUR_S
    # The same answer again, from another cache.
    agent = np.repeat(agent, copies)
    moment_s = np.repeat(moment_s, copies)
    moment_s += chance.uniform(0, BRIEF_S / 3, len(moment_s)) * (np.arange(len(agent)) % copies > 0)
    is_missed = (sights == 0) & (np.floor(end) > np.floor(begin))
    seen, agent = np.unique(agent, return_inverse=True)
    rows = np.stack([agent, (moment_s // HOUR_S).astype(np.int64) * HOUR_S])
    pairs, counts = np.unique(rows, axis=1, return_counts=True)
    first_s, last_s = np.full(len(seen), np.inf), np.full(len(seen), -np.inf)
    np.minimum.at(first_s, agent, moment_s)
    np.maximum.at(last_s, agent, moment_s)
    # Occasions of two hours come of 200 hours: ends of odd hours do not count.
    presence = find_presence(pairs[0], pairs[1], counts, HOUR_S)
    width_h = presence.width_s / HOUR_S
    is_missed &= np.floor(end / width_h) > np.floor(begin / width_h)
    return presence, find_spells(presence, first_s, last_s, len(agent)), int(is_missed.sum())


def bounds(drawn: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def test_the_interval_holds_those_that_were_missed() -> None:
    for seed, stay_h, wait_h in ((1, 10, 1.5), (2, 20, 0.5), (3, 5, 1.0)):
        presence, spells, missed = visit(seed, stay_h=stay_h, wait_h=wait_h)
        found = estimate_unseen(presence, spells)
        low, high = bounds(found.drawn)
        assert found.is_within_reach
        assert low <= missed <= high
        assert missed < 3 * found.value < 9 * missed


def test_who_came_shortly_before_the_end_and_stays_is_missed_too() -> None:
    # Hardly any visit is short, but those that the end of the records cuts, just after an occasion.
    for seed in (11, 12):
        presence, spells, missed = visit(seed, stay_h=2000, wait_h=1.0, span_h=SPAN_H + 0.2)
        found = estimate_unseen(presence, spells)
        low, high = bounds(found.drawn)
        assert low <= missed <= high
        assert missed < 2 * found.value < 4 * missed


def test_answers_that_are_repeated_make_no_one_less_unseen() -> None:
    presence, spells, missed = visit(4, stay_h=10, wait_h=1.5, copies=4)
    low, high = bounds(estimate_unseen(presence, spells).drawn)
    assert low <= missed <= high


def test_who_is_seen_all_the_time_leaves_nobody_unseen() -> None:
    presence, spells, missed = visit(5, stay_h=30, wait_h=0.05, visits=300)
    found = estimate_unseen(presence, spells)
    assert missed == 0
    assert found.value < 1
    assert found.is_within_reach


def test_dark_times_and_rare_answers_are_out_of_reach() -> None:
    presence, spells, _ = visit(6, stay_h=10, wait_h=1.0)
    assert estimate_unseen(presence, spells).is_within_reach
    dark = presence.effort.copy()
    dark[::10] = 0
    assert not estimate_unseen(replace(presence, effort=dark), spells).is_within_reach
    rare, hardly, _ = visit(7, stay_h=100, wait_h=60, visits=1500)
    assert not estimate_unseen(rare, hardly).is_within_reach


def test_the_same_records_give_the_same() -> None:
    presence, spells, _ = visit(8, stay_h=10, wait_h=1.0)
    one, two = (estimate_unseen(presence, spells).drawn for _ in range(2))
    assert np.array_equal(one, two)
