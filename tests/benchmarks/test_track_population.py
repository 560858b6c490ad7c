"""The score of the population estimate: pools whose truth is known, and a table of it."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest


@pytest.mark.slow
def test_pools_are_scored_and_tabulated() -> None:
    track_population = import_module("track_population")
    simulation = import_module("pools.simulation")
    rows = list(track_population.scored(8, 9))
    assert [row["kind"] for row in rows] == ["day"]
    assert {"at_once", "now", "total", "hosts", "lifetime", "half-life"} < rows[0].keys()
    table = track_population.tabulate(rows)
    assert "| day | 1 | at_once |" in table
    assert "| day | 1 | half-life |" in table
    pool = simulation.draw_pool(8, "renewed")
    seen = simulation.simulate(pool, 8)
    assert seen.total_hosts < seen.total_addresses
    assert len(seen.host_of) <= seen.total_addresses
    assert seen.last_s.max() <= pool.span_s


def test_lives_of_addresses_end_where_they_are_renumbered() -> None:
    simulation = import_module("pools.simulation")
    plain = replace(simulation.draw_pool(8, "plain"), lifetime_s=50 * 3600.0)
    assert simulation.find_lifetime_h(plain) == pytest.approx(50 * np.log(2), rel=0.05)
    daily = replace(plain, lifetime_s=500 * 3600.0, renewed_ratio=1.0)
    assert simulation.find_lifetime_h(daily) == pytest.approx(24)


def test_half_of_what_a_list_covered_when_new_is_its_half_life() -> None:
    listing = import_module("pools.listing")
    # Each address stands for 48 hours, and another comes every hour: of 48, one less every hour.
    stood = np.triu(np.ones((300, 300))) - np.triu(np.ones((300, 300)), 48)
    assert listing.find_half_life_h(stood[:, 48:]) == pytest.approx(46 / 2, abs=0.6)
    assert listing.find_half_life_h(np.ones((5, 100))) is None
    assert listing.find_half_life_h(np.ones((5, 20))) is None
