"""Outlets: order, retries, bounds, and what survives."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock

import pytest

from unflux.engine.store import Store
from unflux.engine.waiting import Letter, put
from unflux.model.telling import Field
from unflux.watch import outlet as outlets
from unflux.watch.outlet import Outlet, SendFailedError, SendRefusedError, pause_s


class Courier:
    """Takes letters as it is told to."""

    name = "somebody"

    def __init__(self) -> None:
        self.got: list[str] = []
        self.fails: Callable[[str], Exception | None] = lambda _: None

    def send(self, letter: Letter) -> None:
        error = self.fails(letter.id)
        if error is not None:
            raise error
        self.got.append(letter.id)

    def close(self) -> None:
        pass


class Bench:
    """A store, a courier and an outlet."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "store"
        self.turn = Lock()
        self.courier = Courier()
        self.told: list[str] = []
        self.begin()

    def begin(self) -> None:
        self.outlet = Outlet(self.store, self.turn, self.courier, self._tell)

    def _tell(self, event: str, /, **fields: Field) -> None:
        self.told.append(event)

    def put(self, *ids: str, most: int = 100) -> int:
        dropped = []
        letters = [Letter(id=id_, content=f"content of {id_}") for id_ in ids]
        with self.turn, Store.open(self.store, wait_s=20) as store:
            store.keep_deployed(
                "watch", "x", "y",
                lambda execute: dropped.append(put(execute, "somebody", letters, most)),
            )  # fmt: skip
        return dropped[0]

    def waiting(self) -> list[str]:
        with Store.open(self.store, wait_s=20) as store:
            return [letter.id for letter in store.waiting("somebody", 100)]

    def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + 120
        while not holds():
            assert time.monotonic() < ends, (self.courier.got, self.outlet.tally, self.told)
            time.sleep(0.02)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(outlets, "FIRST_PAUSE_S", 0.05)
    return Bench(tmp_path)


def test_letters_come_in_order_and_a_failure_holds_those_behind_it(bench: Bench) -> None:
    failures = iter([SendFailedError("down"), SendFailedError("down")])
    bench.courier.fails = lambda id_: next(failures, None) if id_ == "b" else None
    bench.put("a", "b", "c")
    bench.outlet.start()
    bench.until(lambda: bench.outlet.tally.sent == 3)
    bench.put("d")
    bench.outlet.wake()
    bench.until(lambda: bench.waiting() == [])
    assert bench.courier.got == ["a", "b", "c", "d"]
    assert bench.told == ["not-sent", "sends-again"]
    bench.outlet.end(5)
    bench.outlet.join()


def test_what_is_refused_or_fails_for_ever_is_lost_alone_and_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "MOST_TRIES", 3)
    wrong = {"a": SendRefusedError("answered 400"), "b": SendFailedError("down")}
    bench.courier.fails = wrong.get
    bench.put("a", "b", "c")
    bench.outlet.start()
    bench.until(lambda: bench.courier.got == ["c"] and bench.waiting() == [])
    assert (bench.outlet.tally.lost, bench.outlet.tally.sent) == (2, 1)
    bench.outlet.end(5)
    bench.outlet.join()


def test_what_was_not_sent_waits_for_the_next_run(bench: Bench) -> None:
    bench.courier.fails = lambda id_: SendFailedError("down") if id_ == "b" else None
    bench.put("a", "b")
    bench.outlet.start()
    bench.until(lambda: bench.outlet.tally.failure == "down" and bench.waiting() == ["b"])
    bench.outlet.end(0.2)
    bench.outlet.join()
    assert bench.courier.got == ["a"]
    bench.begin()
    bench.courier.fails = lambda _: None
    bench.outlet.start()
    bench.until(lambda: bench.courier.got == ["a", "b"])
    bench.outlet.end(5)
    bench.outlet.join()
    assert bench.waiting() == []


def test_above_the_bound_the_oldest_are_dropped(bench: Bench) -> None:
    assert bench.put("a", "b", "c", most=2) == 1
    assert bench.put("d", most=2) == 1
    assert bench.waiting() == ["c", "d"]
    with Store.open(bench.store, wait_s=20) as store:
        assert store.waiting_counts() == {"somebody": 2}
        store.settle("somebody", None)
        assert store.waiting_counts() == {}


def test_letters_are_put_with_what_tells_of_them_or_not_at_all(bench: Bench) -> None:
    bench.put("a")

    def fail(execute: Callable[..., object]) -> None:
        put(execute, "somebody", [Letter(id="b", content="")], 10)
        raise RuntimeError

    with Store.open(bench.store, wait_s=20) as store, pytest.raises(RuntimeError):
        store.keep_deployed("watch", "x", "z", fail)
    assert bench.waiting() == ["a"]
    with Store.open(bench.store, wait_s=20) as store:
        assert store.deployed("watch", "x") == "y"


def test_pauses_double_up_to_a_bound_and_never_below_what_was_asked() -> None:
    still = partial(pause_s, asked_s=None, chance=0.0)
    assert [still(n) for n in (1, 2, 3, 400)] == [1, 2, 4, 300]
    assert pause_s(3, None, 1.0) == 2
    assert pause_s(1, 120.0, 0.5) == 120
    assert pause_s(1, 1e9, 0.5) == 3600
