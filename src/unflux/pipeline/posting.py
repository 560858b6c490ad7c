"""Posting: events for receivers that may be slow or gone, kept in the store until they are sent."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Self

from unflux.engine.store import WAIT_S, Store
from unflux.engine.waiting import Execute, Letter, put
from unflux.model.events import Event
from unflux.model.telling import Tell
from unflux.watch.outlet import MOST_WAITING, Courier, Outlet, Tally

GRACE_S: Final = 5.0
"""For what waits when a watch ends; what is not sent then is, when it begins again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who is told of events, and in which form."""

    courier: Courier
    compose: Callable[[Event], str]
    """ASCII."""


class Post:
    """The outlets of a watch; use it as a context manager, once the store is there."""

    def __init__(self, store: Path, receivers: Sequence[Receiver], tell: Tell) -> None:
        self._store = store
        self._receivers = receivers
        self._tell = tell
        self.turn = Lock()
        """Held by who changes what waits."""
        self._uncounted: list[tuple[Tally, int, int]] = []
        """By receiver, events that were put, and how many older ones were dropped for them."""
        self._outlets = [Outlet(store, self.turn, r.courier, tell) for r in receivers]

    def __enter__(self) -> Self:
        """Begin to send; what waits for receivers that are no more is let go."""
        with self.turn, Store.open(self._store, wait_s=WAIT_S) as store:
            names = {outlet.name for outlet in self._outlets}
            for name, count in store.waiting_counts().items():
                if name not in names:
                    self._tell("receiver-gone", receiver=name, lost=count)
                    store.settle(name, None)
        for outlet in self._outlets:
            outlet.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for outlet in self._outlets:
            outlet.end(GRACE_S)
        for outlet in self._outlets:
            outlet.join()

    def put(self, execute: Execute, events: Iterable[Event]) -> None:
        """Add events for every receiver, within a transaction; the ``turn`` is held.

        They count once it is committed: till then it may be tried again.
        """
        events = tuple(events)
        self._uncounted.clear()
        for receiver, outlet in zip(self._receivers, self._outlets, strict=True):
            letters = [Letter(id=event.id, content=receiver.compose(event)) for event in events]
            dropped = put(execute, outlet.name, letters, MOST_WAITING)
            self._uncounted.append((outlet.tally, len(letters), dropped))

    def wake(self) -> None:
        """Say that the events that were put wait, for they are committed; the ``turn`` is held."""
        for tally, count, dropped in self._uncounted:
            tally.lost += dropped
            tally.waiting += count - dropped
        self._uncounted.clear()
        for outlet in self._outlets:
            outlet.wake()

    def tallies(self) -> dict[str, Tally]:
        """Return how each receiver fares, by its name."""
        return {outlet.name: outlet.tally for outlet in self._outlets}
