"""Addresses and hosts in all: hosts never above addresses, and no fewer than pairing proves."""

from dataclasses import replace

import pytest
from tests.track.pools import look_at_pool

from unflux.model.tracks import Estimate, Renumbering
from unflux.track.population import estimate_population
from unflux.track.totals import count_agents


def renumbering(value: float, low: float, high: float) -> Renumbering:
    return Renumbering(
        newcomers=200, pairs=90, by_chance=40,
        renewed=Estimate(value=value, low=low, high=high), between=Estimate(value=4, low=2, high=6),
    )  # fmt: skip


@pytest.mark.slow
def test_hosts_are_between_what_pairing_proves_and_what_it_could_hide() -> None:
    seen = look_at_pool(1, hours=48)
    without = count_agents(seen.presence, seen.spells, None)
    proved = count_agents(seen.presence, seen.spells, renumbering(50, 30, 70))
    vague = count_agents(seen.presence, seen.spells, renumbering(50, 0, 200))
    assert without is not None
    assert proved is not None
    assert vague is not None
    assert without.hosts == without.total == proved.total == vague.total
    assert without.total.low <= seen.total <= without.total.high
    assert proved.hosts.high < proved.total.high
    assert vague.hosts.high == vague.total.high
    assert vague.hosts.low < proved.hosts.low < proved.hosts.value < proved.total.value
    # However many pairs there are, no fewer hosts than agents at once.
    wild = count_agents(seen.presence, seen.spells, renumbering(190, 100, 200))
    assert wild is not None
    assert (wild.hosts.low, wild.hosts.value) == (wild.at_once.low, wild.at_once.value)
    assert wild.hosts.value <= wild.hosts.high <= wild.total.high
    assert proved.at_once.value == pytest.approx(without.at_once.value + 4)


@pytest.mark.slow
def test_agents_that_are_hardly_seen_are_left_to_the_model_of_the_population() -> None:
    seen = look_at_pool(2, at_once=400, lifetime_h=200, hours=48, answers=6)
    found = count_agents(seen.presence, seen.spells, None)
    model = estimate_population(seen.presence)
    assert found is not None
    assert model is not None
    assert found.total.value == model.total.value
    assert found.total.low <= seen.total <= found.total.high
    assert found.total.high >= model.total.high


@pytest.mark.slow
def test_too_few_give_none() -> None:
    seen = look_at_pool(3, at_once=20, hours=6, answers=5)
    assert count_agents(seen.presence, replace(seen.spells), None) is None
