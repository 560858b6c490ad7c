"""What is kept from one judgement to the next says what the whole window says."""

import random
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.measure.internet_of_rows import (
    DAY_S,
    HOUR_S,
    START_US,
    Response,
    address,
    alias,
    answer,
    random_internet,
    roll,
)  # fmt: skip
from tests.pipeline.situations import every_situation
from tests.pipeline.test_acting import GATE
from tests.pipeline.test_analysis import analysis_rows, assert_same

from unflux.engine.connection import Engine, open_engine
from unflux.engine.store import Store
from unflux.engine.store_part import Span
from unflux.model.actions import BLOCKS, Action, Plan
from unflux.model.errors import StoreError
from unflux.model.times import moment_at
from unflux.pipeline import running_analysis
from unflux.pipeline.acting import Standing, plan_analysed, surroundings_of
from unflux.pipeline.analysis import Analysis, analyse
from unflux.pipeline.findings import Findings, compose_findings
from unflux.pipeline.gathering import Options, gather_nothing
from unflux.pipeline.running_analysis import Part, RunningAnalysis
from unflux.pipeline.scanning import compose_result, map_routes

BEGIN = moment_at(START_US)


class Watched:
    """A store that grows, an analysis that runs on, and one that begins anew each time."""

    def __init__(self, folder: Path, window_s: float, options: Options | None = None) -> None:
        self.options = options or Options()
        self.open = partial(Store.open, folder / "store", workers=1)
        self.window = timedelta(seconds=window_s)
        self.analysis = RunningAnalysis(self.options)
        self.stood: tuple[Action, ...] = ()

    def add(self, responses: list[Response]) -> None:
        rollup = roll(responses)
        with self.open() as store:
            store.extend(rollup, "test", "rows", len(responses), {})
        self.analysis.note(rollup)

    def span(self, now_s: float) -> Span:
        now = BEGIN + timedelta(seconds=now_s)
        return Span(since=now - self.window, until=now + timedelta(minutes=10))

    def compare(self, now_s: float) -> Part:
        """Judge both ways, and return what was measured again."""
        span = self.span(now_s)
        with self.open() as store:
            part = self.analysis.load(store, span)
            whole = store.rollup(since=span.since, until=span.until)
        self.analysis.measure(part)
        routes = map_routes(whole, self.options.routes, Counter())
        with open_engine("duckdb", workers=1) as engine, self._concluded() as (running, analysis):
            expected = analyse(engine, whole, routes)
            assert analysis_rows(running, analysis) == analysis_rows(engine, expected)
            found, decided = self._decide(running, analysis, span.until)
            expected_found, expected_plan = self._decide(engine, expected, span.until)
        assert_same(found, expected_found)
        assert decided == expected_plan
        self.stood = decided.of_kind(*BLOCKS)
        return part

    def _concluded(self) -> AbstractContextManager[tuple[Engine, Analysis]]:
        return self.analysis.concluded(self.open)

    def _decide(self, engine: Engine, analysis: Analysis, now: datetime) -> tuple[Findings, Plan]:
        """Return all that is found, and what would be done about it where some stands."""
        standing = Standing(actions=self.stood)
        analysis.bring(surroundings_of(analysis, standing))
        result = compose_result(engine, analysis, gather_nothing(), list_all=False, domain=None)
        decided = plan_analysed(engine, result, replace(GATE, now=now), standing)
        return compose_findings(engine, analysis, list_all=True), decided


def in_time(responses: list[Response]) -> list[Response]:
    return sorted((r for r in responses if r.at_s is not None), key=lambda r: r.at_s or 0)


@pytest.fixture
def each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure only what changed, however much that is of these few domains."""
    monkeypatch.setattr(running_analysis, "MOST_CHANGED", 10.0)


@pytest.mark.slow
@pytest.mark.usefixtures("each")
@pytest.mark.parametrize("window_s", [6 * HOUR_S, 3 * DAY_S])
def test_every_situation_as_it_goes_by(tmp_path: Path, window_s: int) -> None:
    watched = Watched(tmp_path, window_s)
    responses = in_time(every_situation().responses)
    edges = [HOUR_S, 4 * HOUR_S, 5 * HOUR_S, 14 * HOUR_S, 30 * HOUR_S, 2 * DAY_S, 3 * DAY_S]
    parts = []
    for before_s, now_s in zip([-1, *edges], edges, strict=False):
        watched.add([r for r in responses if before_s < (r.at_s or 0) <= now_s])
        parts.append(watched.compare(now_s))
    assert sum(part.domains is not None for part in parts) >= 3


@pytest.mark.slow
@pytest.mark.usefixtures("each")
@pytest.mark.parametrize("seed", range(4))
def test_random_internets_as_they_go_by(tmp_path: Path, seed: int) -> None:
    random_ = random.Random(seed)
    responses = in_time(random_internet(seed)[0] + random_internet(seed + 100)[0])
    span_s = responses[-1].at_s or 0
    watched = Watched(tmp_path, random_.choice([span_s / 4, span_s * 2]) + 1)
    while responses:
        count = random_.choice([1, 2, len(responses) // 2 + 1])
        batch, responses = responses[:count], responses[count:]
        if random_.random() < 0.3 and responses:
            batch.append(responses.pop())  # ahead of its time
        watched.add(batch)
        if random_.random() < 0.3 or not responses:
            watched.compare((batch[0].at_s or 0) + random_.choice([0, span_s / 8]))


# --- what is measured again -----------------------------------------------------------------

POOL = [f"20.{n}.0.1" for n in range(9)]


def watched_domains(
    folder: Path, *, window_s: float = DAY_S, options: Options | None = None
) -> Watched:
    """Return a watch of ten domains an hour after they were asked, all measured."""
    watched = Watched(folder, window_s, options)
    watched.add([answer(f"d{n}.example", POOL[n : n + 2], n * 60) for n in range(8)])
    led = alias("www.shop.example", "e.cdn.example"), address("e.cdn.example", "20.7.0.1")
    watched.add([Response("www.shop.example", led, 600)])
    assert watched.compare(HOUR_S).domains is None
    return watched


@pytest.mark.slow
def test_nothing_changed(tmp_path: Path) -> None:
    part = watched_domains(tmp_path).compare(HOUR_S + 10)
    assert part.domains == set()


@pytest.mark.slow
def test_who_was_answered_is_measured_again_with_who_it_led_to(tmp_path: Path) -> None:
    watched = watched_domains(tmp_path)
    watched.add([answer("d1.example", POOL[4:5], HOUR_S)])
    assert watched.compare(HOUR_S).domains == {"d1.example"}
    watched.add([Response("www.shop.example", (), HOUR_S)])
    assert watched.compare(HOUR_S).domains == {"shop.example", "cdn.example"}


@pytest.mark.slow
def test_who_leaves_the_window_is_measured_again(tmp_path: Path) -> None:
    watched = watched_domains(tmp_path)
    assert watched.compare(DAY_S + 61).domains == {"d0.example", "d1.example"}


@pytest.mark.slow
def test_who_was_ahead_of_its_time_is_measured_when_it_comes(tmp_path: Path) -> None:
    watched = watched_domains(tmp_path, window_s=3 * DAY_S)
    watched.add([answer("d1.example", POOL[4:5], 2 * HOUR_S)])
    assert watched.compare(HOUR_S + 60).domains == {"d1.example"}
    assert watched.compare(2 * HOUR_S).domains == {"d1.example"}


@pytest.mark.slow
def test_all_are_measured_again_where_most_changed(tmp_path: Path) -> None:
    watched = watched_domains(tmp_path)
    watched.add([answer(f"d{n}.example", POOL[5:6], HOUR_S) for n in range(6)])
    assert watched.compare(HOUR_S).domains is None


@pytest.mark.slow
def test_all_are_measured_again_where_the_clock_went_back(tmp_path: Path) -> None:
    watched = watched_domains(tmp_path)
    assert watched.compare(HOUR_S - 1).domains is None


@pytest.mark.slow
def test_all_are_measured_again_where_it_was_forgotten(tmp_path: Path) -> None:
    watched = watched_domains(tmp_path)
    watched.analysis.forget()
    assert watched.compare(HOUR_S).domains is None
    assert watched.compare(HOUR_S).domains == set()


@pytest.mark.slow
def test_all_are_measured_again_once_the_buckets_are_hours(tmp_path: Path) -> None:
    watched = watched_domains(tmp_path)
    watched.add([answer("d7.example", POOL[4:5], DAY_S + 420 + 1)])
    assert watched.compare(DAY_S + 430).domains is None


@pytest.mark.slow
def test_all_are_measured_again_with_a_new_range_table(tmp_path: Path) -> None:
    ranges = tmp_path / "ranges.csv"
    ranges.write_text("prefix,asn,holder\n20.0.0.0/8,64500,one\n")
    watched = watched_domains(tmp_path, options=Options(routes=(ranges,)))
    assert watched.compare(HOUR_S).domains == set()
    ranges.write_text("prefix,asn,holder\n20.0.0.0/8,64501,another\n")
    assert watched.compare(HOUR_S).domains is None


@pytest.mark.slow
def test_a_store_that_fails_costs_no_change(tmp_path: Path) -> None:
    watched = watched_domains(tmp_path)
    watched.add([answer("d1.example", POOL[4:5], HOUR_S)])
    with watched.open() as store:
        store.execute("ALTER TABLE sightings RENAME TO others")
        with pytest.raises(StoreError):
            watched.analysis.load(store, watched.span(HOUR_S))
        store.execute("ALTER TABLE others RENAME TO sightings")
    assert watched.compare(HOUR_S).domains is None
