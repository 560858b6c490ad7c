"""Rounds of a watch: clocks that go back, windows that slide, stores that fail."""

import json
import random
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, NoReturn

import pytest
from tests.measure.internet_of_rows import HOUR_S, START_US, Response, answer, roll
from tests.pipeline.test_batch_reading import batch, tap

from unflux.engine.retention import OLDEST, Bounds
from unflux.engine.store import Store
from unflux.model.errors import StoreFullError
from unflux.model.events import Conviction
from unflux.model.events import Event as Told
from unflux.model.rollup import Rollup
from unflux.model.times import moment_at
from unflux.pipeline.batch_reading import BatchRead
from unflux.pipeline.rounds import CONVICTIONS, POSITIONS, Options, Rounds
from unflux.read.source import Drops

BEGIN = moment_at(START_US)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CONVICTION = Conviction(domain="a.example", kind="single-flux", network=None, since=BEGIN)


def test_a_clock_that_was_ahead_fills_no_window_once_it_is_right(tmp_path: Path) -> None:
    rounds = Rounds(Options(store=tmp_path / "store"), lambda _events: None)
    wrong = NOW + timedelta(days=30)
    rounds.keep(rounds.read(batch(("dnstap", tap(wrong))), wrong), wrong)
    assert rounds.load(wrong).rollup.lookups.num_rows == 1
    assert rounds.load(NOW).rollup.lookups.num_rows == 0
    rounds.keep(rounds.read(batch(("dnstap", tap(NOW))), NOW), NOW)
    assert rounds.load(NOW).rollup.lookups.num_rows == 1
    assert rounds.load(wrong).rollup.lookups.num_rows == 1


def read_of(responses: Iterable[Response]) -> BatchRead:
    """Return what was read of a batch with these responses."""
    return BatchRead(
        rollup=roll(responses), drops=Drops(), formats=frozenset({"zeek"}), errors=(),
        positions={}, shed=Counter(),
    )  # fmt: skip


def flux(names: Iterable[str], since_s: int, until_s: int) -> Iterable[Response]:
    """Have names move through one pool together, asked for at any moment of five minutes each."""
    random_ = random.Random(since_s)
    for at_s in range(since_s, until_s, 300):
        turn = at_s // 150
        live = [f"{23 + n % 180}.{n % 223}.{n % 90 + 9}.7" for n in range(turn, turn + 40)]
        for name in names:
            yield answer(name, random_.sample(live, 5), at_s + random_.randrange(300), ttl_s=60)


def test_a_network_keeps_its_id_while_the_window_slides(tmp_path: Path) -> None:
    """Whichever of its names is seen first in a window names it there."""
    told: list[Told] = []
    bounds = Bounds(window=timedelta(hours=2))
    rounds = Rounds(Options(store=tmp_path / "store", bounds=bounds), told.extend)
    names = [f"flux-{n}.example" for n in range(4)]
    changes = []
    before_s = 0
    for end_s in range(2 * HOUR_S, 3 * HOUR_S, 1200):
        now = BEGIN + timedelta(seconds=end_s)
        rounds.keep(read_of(flux(names, before_s, end_s)), now)
        rounds.judge(rounds.load(now), now)
        changes.append(Counter(event.change for event in told))
        told.clear()
        before_s = end_s
    assert changes == [{"new": 4}, {}, {}]
    assert len({conviction.network for conviction in rounds.standing.values()}) == 1


# --- a store that fails in between ----------------------------------------------------------


def told_of(names: Iterable[str], place: str) -> BatchRead:
    """Return what was read of a log up to a place."""
    read = read_of(answer(name, ["20.0.0.1"]) for name in names)
    return replace(read, positions={"log": place})


def stored(rounds_: Rounds, path: Path) -> tuple[str, int]:
    """Return how far the log was read by the store, which says no other than the rounds, and the
    rows that the store has.
    """
    with Store.open(path) as store:
        positions = json.loads(store.deployed(*POSITIONS) or "{}")
        rows = store.rollup().row_count
    assert positions == rounds_.positions
    return positions["log"], rows


def test_what_stands_fails_no_batch_and_is_kept_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = Rounds(Options(store=tmp_path / "store"), lambda _events: None)
    rounds.standing = {"a.example": CONVICTION}
    with monkeypatch.context() as full:
        full.setattr(Store, "keep_deployed", no_room)
        rounds.keep(told_of(["a.example"], "1"), BEGIN)
    assert stored(rounds, tmp_path / "store") == ("1", 3)
    with Store.open(tmp_path / "store") as store:
        assert store.deployed(*CONVICTIONS) is None
    rounds.keep(told_of(["b.example"], "2"), BEGIN)
    with Store.open(tmp_path / "store") as store:
        assert "a.example" in (store.deployed(*CONVICTIONS) or "")


def no_room(*_: object, **__: object) -> NoReturn:
    raise StoreFullError("no space left")


def test_a_batch_whose_commit_came_through_is_in_whatever_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk may be full for what follows a commit."""
    rounds = Rounds(Options(store=tmp_path / "store"), lambda _events: None)
    extend = Store.extend

    def extend_and_fail(self: Store, *given: Any, **more: Any) -> None:
        extend(self, *given, **more)
        no_room()

    read = told_of(["a.example"], "1")
    with monkeypatch.context() as full:
        full.setattr(Store, "extend", extend_and_fail)
        assert rounds.keep(read, BEGIN) == {}
        full.setattr(Rounds, "_is_in", lambda _rounds, _read: False)  # it cannot be asked
        with pytest.raises(StoreFullError):
            rounds.keep(told_of(["b.example"], "2"), BEGIN)
    other = replace(told_of(["c.example"], ""), positions={"other": "7"})
    assert rounds.keep(other, BEGIN) == {}
    assert stored(rounds, tmp_path / "store") == ("2", 9)
    assert rounds.positions == {"log": "2", "other": "7"}


def test_rows_that_were_let_go_for_a_batch_are_counted_however_often_it_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, bounds = tmp_path / "store", Bounds(max_rows=300)
    rounds = Rounds(Options(store=path, bounds=bounds), lambda _events: None)
    rounds.keep(told_of([f"n{n}.example" for n in range(90)], "1"), BEGIN)
    _, before = stored(rounds, path)
    read = told_of([f"m{n}.example" for n in range(60)], "2")
    with monkeypatch.context() as full:
        full.setattr(Store, "extend", no_room)
        with pytest.raises(StoreFullError):
            rounds.keep(read, BEGIN)
    gone = rounds.keep(read, BEGIN)
    assert gone.total() == before + 3 * 60 - stored(rounds, path)[1] > 0
    assert rounds.keep(told_of(["o.example"], "3"), BEGIN) == {}


def test_rows_that_go_for_the_file_go_while_nobody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a transaction nothing is freed, and each batch would have as many rows go again."""
    rounds = Rounds(
        Options(store=tmp_path / "store", bounds=Bounds(max_octets=1)), lambda _events: None
    )
    first = answer("a.example", ["20.0.0.1"]), answer("b.example", ["20.0.0.2"], HOUR_S)
    rounds.keep(read_of(first), BEGIN)
    is_read, frees, seen = Event(), Event(), []
    take, checkpoint = Store.rollup, Store.checkpoint

    def take_slowly(self: Store, *given: Any, **more: Any) -> Rollup:
        is_read.set()
        frees.wait(0.5)
        seen.append("read")
        return take(self, *given, **more)

    def free(self: Store) -> None:
        seen.append("free")
        frees.set()
        checkpoint(self)

    monkeypatch.setattr(Store, "rollup", take_slowly)
    monkeypatch.setattr(Store, "checkpoint", free)
    with ThreadPoolExecutor() as threads:
        loading = threads.submit(rounds.load, BEGIN + timedelta(hours=1))
        is_read.wait()
        gone = rounds.keep(told_of(["c.example"], "2"), BEGIN)
        assert loading.result().rollup.lookups.num_rows == 2
    assert seen == ["read", "free"]
    assert gone == {OLDEST: 3}
