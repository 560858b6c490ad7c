"""What waits for receivers is counted while they are down, and let go when they are no more."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from unflux.engine.store import Store
from unflux.engine.waiting import Letter
from unflux.model.events import Event
from unflux.model.telling import Field
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


def test_events_are_counted_while_the_receiver_is_down_and_gone_with_it(tmp_path: Path) -> None:
    path = tmp_path / "store"
    receiver = Receiver(courier=Down("one"), compose=lambda event: event.domain)
    with Post(path, [receiver], quiet) as post:
        for count in (2, 3):
            events = [
                Event(change="cleared", at=AT + timedelta(seconds=count * 10 + n),
                      domain="a.example", before=None, verdict=None)
                for n in range(count)
            ]  # fmt: skip
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
