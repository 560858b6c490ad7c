"""What waits for receivers is counted while they are down, and let go when they are no more."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from unflux.engine.store import Store
from unflux.engine.waiting import Execute, Letter
from unflux.model.errors import StoreError
from unflux.model.events import Event
from unflux.model.telling import Field
from unflux.pipeline import posting
from unflux.pipeline.posting import Post, Receiver
from unflux.watch.outlet import SendFailedError

AT = datetime(2026, 11, 28, tzinfo=UTC)


class Down:
    """A receiver that never answers."""

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, letter: Letter) -> None:
        raise SendFailedError("down")

    def close(self) -> None:
        pass


def quiet(event: str, /, **fields: Field) -> None:
    pass


def cleared(count: int) -> list[Event]:
    return [
        Event(change="cleared", at=AT + timedelta(seconds=count * 10 + n), domain="a.example",
              before=None, verdict=None)
        for n in range(count)
    ]  # fmt: skip


def test_events_are_counted_while_the_receiver_is_down_and_gone_with_it(tmp_path: Path) -> None:
    path = tmp_path / "store"
    receiver = Receiver(courier=Down("one"), compose=lambda event: event.domain)
    with Post(path, [receiver], quiet) as post:
        for count in (2, 3):
            events = cleared(count)
            with post.turn, Store.open(path, wait_s=20) as store:
                store.keep_deployed("watch", "x", "y", partial(post.put, events=events))
                post.wake()
        ends = time.monotonic() + 120
        while post.tallies()["one"].failure is None:
            assert time.monotonic() < ends
            time.sleep(0.02)
        assert post.tallies()["one"].waiting == 5
    with Store.open(path) as store:
        assert store.waiting_counts() == {"one": 5}
    told: list[str] = []
    with Post(path, [], lambda event, /, **fields: told.append(event)):
        assert told == ["receiver-gone"]
    with Store.open(path) as store:
        assert store.waiting_counts() == {}


def test_events_of_a_transaction_that_is_tried_again_count_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "MOST_WAITING", 2)
    path = tmp_path / "store"
    receiver = Receiver(courier=Down("one"), compose=lambda event: event.domain)
    post = Post(path, [receiver], quiet)

    def put_and_fail(execute: Execute) -> None:
        post.put(execute, cleared(5))
        raise StoreError("no space")

    with post.turn, Store.open(path) as store:
        with pytest.raises(StoreError):
            store.keep_deployed("watch", "x", "y", put_and_fail)
        store.keep_deployed("watch", "x", "y", partial(post.put, events=cleared(5)))
        post.wake()
        assert store.waiting_counts() == {"one": 2}
    assert (post.tallies()["one"].lost, post.tallies()["one"].waiting) == (3, 2)
