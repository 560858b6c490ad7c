"""What is kept from one judgement to the next says what the whole window says."""

import random
from collections import Counter
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.measure.internet_of_rows import DAY_S, HOUR_S, START_US, Response, random_internet, roll
from tests.pipeline.situations import every_situation
from tests.pipeline.test_analysis import analysis_rows, assert_same

from unflux.engine.connection import Engine, open_engine
from unflux.engine.store import Store
from unflux.engine.store_part import Around, Span
from unflux.model.times import moment_at
from unflux.pipeline import running_analysis
from unflux.pipeline.analysis import Analysis, analyse
from unflux.pipeline.findings import compose_findings
from unflux.pipeline.gathering import Options
from unflux.pipeline.running_analysis import Part, RunningAnalysis
from unflux.pipeline.scanning import map_routes

BEGIN = moment_at(START_US)


class Watched:
    """A store that grows, an analysis that runs on, and one that begins anew each time."""

    def __init__(self, folder: Path, window_s: float) -> None:
        self.open = partial(Store.open, folder / "store", workers=1)
        self.window = timedelta(seconds=window_s)
        self.analysis = RunningAnalysis(Options())

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
        routes = map_routes(whole, (), Counter())
        with open_engine("duckdb", workers=1) as engine, self._concluded() as (running, analysis):
            expected = analyse(engine, whole, routes)
            assert analysis_rows(running, analysis) == analysis_rows(engine, expected)
            analysis.bring(Around(domains=analysis.members["domain"].to_pylist()))
            assert_same(
                compose_findings(running, analysis, list_all=True),
                compose_findings(engine, expected, list_all=True),
            )
        return part

    def _concluded(self) -> AbstractContextManager[tuple[Engine, Analysis]]:
        return self.analysis.concluded(self.open)


def in_time(responses: list[Response]) -> list[Response]:
    return sorted((r for r in responses if r.at_s is not None), key=lambda r: r.at_s or 0)


@pytest.mark.slow
@pytest.mark.parametrize("window_s", [6 * HOUR_S, 3 * DAY_S])
def test_every_situation_as_it_goes_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window_s: int
) -> None:
    monkeypatch.setattr(running_analysis, "MOST_CHANGED", 1.0)
    watched = Watched(tmp_path, window_s)
    responses = in_time(every_situation().responses)
    shares = []
    edges = [n * 3 * HOUR_S for n in range(1, 26)]
    for before_s, now_s in zip([-1, *edges], edges, strict=False):
        batch = [r for r in responses if before_s < (r.at_s or 0) <= now_s]
        if batch:
            watched.add(batch)
        part = watched.compare(now_s)
        shares.append(None if part.domains is None else len(part.domains))
    print(shares)
    assert sum(share is not None for share in shares) > 5
