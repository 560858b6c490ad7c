"""Lives of pools as looks have them and as spans, and with records of a wrong clock."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from unflux.model.columns import MOMENT
from unflux.model.tracks import NetworkTrack
from unflux.track.life import describe_life

HOUR_S = 3600
START_S = 1_790_000_000 // HOUR_S * HOUR_S
HOURS, AT_ONCE, LIFETIME_H, ANSWERS = 300, 40, 48.0, 60


def rows_of_a_pool() -> np.ndarray:
    """Return agent, hour, answers, first and last second of each hour in which each was seen."""
    chance = np.random.default_rng(1)
    arrivals = int(AT_ONCE / LIFETIME_H * (HOURS + 8 * LIFETIME_H))
    begin = chance.uniform(-8 * LIFETIME_H, HOURS, arrivals)
    end = begin + chance.exponential(LIFETIME_H, arrivals)
    rows: list[tuple[float, ...]] = []
    for hour in range(HOURS):
        drawn = chance.choice(np.flatnonzero((begin <= hour) & (hour + 1 < end)), ANSWERS)
        rows += [
            (agent, hour, count, hour * HOUR_S + 60, hour * HOUR_S + 3000)
            for agent, count in zip(*np.unique(drawn, return_counts=True), strict=True)
        ]
    return np.array(rows)


def as_spans(rows: np.ndarray) -> np.ndarray:
    """Return a row for each agent, with all its answers in the hour of the first."""
    agents, starts = np.unique(rows[:, 0], return_index=True)
    summed = rows[starts].copy()
    for at, agent in enumerate(agents):
        mine = rows[rows[:, 0] == agent]
        summed[at, 2:] = mine[:, 2].sum(), mine[:, 3].min(), mine[:, 4].max()
    return summed


def describe(rows: np.ndarray, start_s: int = START_S) -> NetworkTrack:
    agent, hour, count, first_s, last_s = rows.T.astype(int)
    size = len(rows)
    served = pa.table(
        {
            "network": ["n-1"] * size,
            "domain": ["flux.example"] * size,
            "address": [f"20.{number // 250}.{number % 250}.1" for number in agent],
            "bucket": pa.array(start_s + hour * HOUR_S, pa.int64()),
            "count": pa.array(count, pa.int64()),
            "first_at": pa.array((start_s + first_s) * 1_000_000).cast(MOMENT),
            "last_at": pa.array((start_s + last_s) * 1_000_000).cast(MOMENT),
            "asn": pa.array([64_500] * size, pa.int64()),
            "slash16": ["20.0"] * size,
        }
    )
    return describe_life(
        "n-1", ["flux.example"], served, bucket_s=HOUR_S, views=(), is_per_client=None,
        neighbours=(), overlaps=(), rotation_s=300.0, asked={},
    )  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return rows_of_a_pool()


def test_looks_tell_all(rows: np.ndarray) -> None:
    track = describe(rows)
    assert not track.are_spans
    assert track.apart is None
    assert track.population is not None
    assert track.population.at_once.low <= AT_ONCE <= track.population.at_once.high
    assert track.durability is not None
    assert track.durability.half_life_h is not None
    assert track.day_rhythm is not None


def test_spans_tell_how_long_agents_stay_and_nothing_of_hours(rows: np.ndarray) -> None:
    spans, looks = describe(as_spans(rows)), describe(rows)
    assert spans.are_spans
    assert (spans.population, spans.renumbering, spans.day_rhythm) == (None, None, None)
    assert spans.rotation_s is None
    assert spans.durability is not None
    assert (spans.durability.half_life_h, spans.durability.coverage) == (None, ())
    assert spans.durability.lifetime_h is not None
    assert spans.durability.lifetime_h.low <= LIFETIME_H * np.log(2)
    assert spans.durability.lifetime_h.high >= LIFETIME_H * np.log(2)
    assert (spans.addresses, spans.answers) == (looks.addresses, looks.answers)
    assert sum(spans.newcomers) == spans.addresses
    # In the middle of the time most that are there are between first and last.
    middle = len(spans.seen) // 2
    assert spans.seen[middle] >= 0.8 * AT_ONCE * 0.8
    assert spans.last_seen == looks.last_seen


def test_a_span_among_looks_is_a_sight_at_its_beginning(rows: np.ndarray) -> None:
    summed = [[0, 3, 1_000_000, 3 * HOUR_S, 9 * HOUR_S]]
    track = describe(np.concatenate([rows, summed]))
    assert not track.are_spans
    assert track.answers > 1_000_000
    plain = describe(np.concatenate([rows, [[0, 3, 1, 3 * HOUR_S, 4 * HOUR_S - 1]]]))
    assert track.population is not None
    assert plain.population is not None
    assert track.population.detection_ratio == plain.population.detection_ratio


def test_records_of_a_wrong_clock_are_left_out_and_told(rows: np.ndarray) -> None:
    hour = (86_400 - START_S) // HOUR_S
    wrong = [[7, hour, 2, hour * HOUR_S, hour * HOUR_S + 5], [7, 10**6, 1, 36 * 10**8, 36 * 10**8]]
    track, plain = describe(np.concatenate([wrong[:1], rows, wrong[1:]])), describe(rows)
    assert track.apart is not None
    assert track.apart.answers == 3
    assert track.apart.first_seen < datetime(1971, 1, 1, tzinfo=UTC)
    assert track.apart.last_seen > datetime(2100, 1, 1, tzinfo=UTC)
    assert (track.first_seen, track.last_seen) == (plain.first_seen, plain.last_seen)
    assert (track.population, track.durability) == (plain.population, plain.durability)
    assert track.occasion_s == plain.occasion_s
