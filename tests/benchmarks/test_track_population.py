"""The score of the population estimate: pools whose truth is known, and a table of it."""

from importlib import import_module

import pytest


@pytest.mark.slow
def test_pools_are_scored_and_tabulated() -> None:
    track_population = import_module("track_population")
    simulation = import_module("pools.simulation")
    rows = list(track_population.scored(8, 9))
    assert [row["kind"] for row in rows] == ["day"]
    assert {"at_once", "now", "total", "hosts"} < rows[0].keys()
    table = track_population.tabulate(rows)
    assert "| day | 1 | at_once |" in table
    pool = simulation.draw_pool(8, "renewed")
    seen = simulation.simulate(pool, 8)
    assert seen.total_hosts < seen.total_addresses
    assert len(seen.host_of) <= seen.total_addresses
    assert seen.last_s.max() <= pool.span_s
