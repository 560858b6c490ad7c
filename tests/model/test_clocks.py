"""Moments that a wrong clock gave are unknown, and all others are left as they are."""

from datetime import datetime, timedelta

import pyarrow.compute as pc
import pytest
from tests.measure.internet_of_rows import DAY_S, HOUR_S, START_US, answer, roll

from unflux.model.clocks import forget_wrong_moments
from unflux.model.rollup import tables_of
from unflux.model.times import MICROSECONDS_PER_S, moment_at

START_S = START_US // MICROSECONDS_PER_S
UNSET_S, AHEAD_S = -START_S, 20 * 365 * DAY_S
NOW = moment_at(START_US) + timedelta(days=2)


@pytest.mark.parametrize("at_s", [UNSET_S, UNSET_S + 90 * DAY_S, AHEAD_S, 4 * DAY_S])
def test_a_moment_of_a_wrong_clock_is_unknown(at_s: int) -> None:
    right = [answer("alpha.example", ["20.0.0.1"], second) for second in (0, HOUR_S)]
    wrong = [answer("alpha.example", [f"20.0.0.{n}"], at_s + n) for n in (1, 2)]
    forgotten, count = forget_wrong_moments(roll([*right, *wrong]), NOW)
    assert count == len(wrong)
    assert forgotten.lookups["responses"].to_pylist() == [1, 1, 2]
    for table in tables_of(forgotten):
        assert pc.min(table["first_at"]).as_py() == moment_at(START_US)
        assert pc.max(table["last_at"]).as_py() == moment_at(START_US) + timedelta(hours=1)
        is_unknown = pc.is_null(table["bucket_at"])
        assert is_unknown == pc.is_null(table["first_at"]) == pc.is_null(table["last_at"])
        assert pc.sum(is_unknown).as_py() >= 1
    addresses = forgotten.sightings.filter(pc.is_null(forgotten.sightings["bucket_at"]))["rdata"]
    assert addresses.to_pylist() == ["20.0.0.1", "20.0.0.2"]


@pytest.mark.parametrize("now", [NOW, None])
def test_right_moments_are_left_as_they_are(now: datetime | None) -> None:
    rollup = roll(
        [answer("alpha.example", ["20.0.0.1"], s) for s in (None, 0, 2 * DAY_S, 3 * DAY_S)]
    )
    assert forget_wrong_moments(rollup, now) == (rollup, 0)


@pytest.mark.parametrize("at_s", [UNSET_S, AHEAD_S])
def test_where_all_moments_are_unlikely_they_are_kept(at_s: int) -> None:
    seconds = (at_s, at_s + 2 * DAY_S, None)
    rollup = roll([answer("alpha.example", ["20.0.0.1"], second) for second in seconds])
    assert forget_wrong_moments(rollup, NOW) == (rollup, 0)


def test_without_a_clock_no_moment_is_too_late() -> None:
    rollup = roll([answer("alpha.example", ["20.0.0.1"], second) for second in (0, AHEAD_S)])
    assert forget_wrong_moments(rollup, None) == (rollup, 0)
