"""Outlets: each sends what waits for one receiver, on a thread of its own.

What waits is kept in the store: a receiver that is slow or gone delays nobody, and a kill loses
nothing that waits. A letter may arrive twice, with the same id.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Final, Protocol

from unflux.engine.store import WAIT_S, Store
from unflux.engine.waiting import Letter
from unflux.model.errors import StoreError, UnfluxError
from unflux.model.telling import Tell

MOST_WAITING: Final = 10_000
"""Letters that wait for a receiver; the oldest go then, and are counted. Chosen: 2026-11-28; some
50 MB: a verdict on the small internet of ``unflux demo``, which an event holds, has 5 KB."""
AT_ONCE: Final = 64
"""Letters taken from the store at a time, and those that a kill has sent a second time at most."""
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 300.0
LONGEST_ASKED_S: Final = 3600.0
"""What a receiver may ask for by Retry-After."""
GIVE_UP_S: Final = 86_400.0
"""Trying one letter, of a receiver that goes on failing. Chosen: 2026-11-28; a day's outage is
repaired by then, and a letter that alone makes its receiver fail stops the others no longer."""
MOST_TRIES: Final = 400
"""Of one letter: a day of the longest pauses, and some."""


class SendFailedError(UnfluxError):
    """A letter did not arrive, and may later."""

    def __init__(self, because: str, after_s: float | None = None) -> None:
        super().__init__(because)
        self.after_s = after_s
        """What the receiver asked to wait for."""


class SendRefusedError(UnfluxError):
    """A receiver does not take this letter, now or later."""


class Courier(Protocol):
    """Takes letters to one receiver."""

    @property
    def name(self) -> str:
        """What metrics and the store call the receiver; holds no secret."""
        ...

    def send(self, letter: Letter, /) -> None:
        """Send one, in bounded time; raises SendFailedError and SendRefusedError."""
        ...

    def close(self) -> None:
        """Let go of what is held open between two letters."""
        ...


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of the letters of a receiver since the outlet began."""

    sent: int = 0
    lost: int = 0
    """Above the bound, refused or given up."""
    waiting: int = 0
    failure: str | None = None
    """Why the last try failed; null once one succeeded."""


def pause_s(tries: int, asked_s: float | None, chance: float) -> float:
    """Return how long to wait after so many failed tries, seconds.

    Doubling from a second to five minutes, of which a ``chance`` of 0..1 takes up to a half, so
    that many senders do not come back together; never less than the receiver asked for, up to an
    hour.
    """
    full = min(FIRST_PAUSE_S * 2.0 ** min(tries - 1, 30), LONGEST_PAUSE_S)
    return max(full * (1 - chance / 2), min(asked_s or 0.0, LONGEST_ASKED_S))


class Outlet:
    """Sends what waits for the receiver of a courier, in order, until it is stopped.

    ``turn`` is held by who changes what waits: of two writers of the same rows one is refused.
    """

    def __init__(self, store: Path, turn: Lock, courier: Courier, tell: Tell) -> None:
        self._store = store
        self._turn = turn
        self._courier = courier
        self._tell = tell
        self._news = Condition()
        self._has_news = True
        self._ends_at_s: float | None = None
        self._done: list[str] = []
        self._is_closed = False
        self._thread = Thread(target=self._run, name=courier.name, daemon=True)
        self.tally = Tally()

    @property
    def name(self) -> str:
        """The name of its receiver."""
        return self._courier.name

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something waits."""
        with self._news:
            self._has_news = True
            self._news.notify()

    def end(self, grace_s: float) -> None:
        """Go on for a short time only; what is not sent then stays in the store."""
        with self._news:
            self._ends_at_s = time.monotonic() + grace_s
            self._news.notify()

    def join(self) -> None:
        """Wait until it has ended, or holds nothing but a connection when its time is over.

        A process that ended while a thread is in the store would be aborted.
        """
        if self._ends_at_s is not None:
            self._thread.join(max(0.0, self._ends_at_s - time.monotonic()))
        self._is_closed = True
        with self._turn:
            return

    @property
    def _is_over(self) -> bool:
        return self._ends_at_s is not None and time.monotonic() >= self._ends_at_s

    def _run(self) -> None:
        while True:
            letters = self._take()
            is_whole = all(map(self._carry, letters))
            self._settle()
            if letters and is_whole:
                continue
            self._courier.close()
            with self._news:
                if self._ends_at_s is not None:
                    return
                self._news.wait_for(lambda: self._has_news or self._ends_at_s is not None)

    def _take(self) -> tuple[Letter, ...]:
        """Take the oldest letters; none where the store is not to be had, and then look again."""
        with self._news:
            self._has_news = False
        try:
            with self._opened() as store:
                self.tally.waiting = store.waiting_counts().get(self.name, 0)
                return store.waiting(self.name, AT_ONCE)
        except StoreError:
            self._rest(FIRST_PAUSE_S)
            with self._news:
                self._has_news = True
            return ()

    def _carry(self, letter: Letter) -> bool:
        """Bring one letter to its end; return false where the outlet was stopped before."""
        tries, began_at_s = 0, time.monotonic()
        while not self._is_over:
            try:
                self._courier.send(letter)
            except SendRefusedError as error:
                self._lose(letter, str(error))
                return True
            except SendFailedError as error:
                tries += 1
                if tries >= MOST_TRIES or time.monotonic() - began_at_s >= GIVE_UP_S:
                    self._lose(letter, f"given up after {tries} tries: {error}")
                    return True
                if self.tally.failure is None:
                    self._tell("not-sent", receiver=self.name, because=str(error))
                self.tally.failure = str(error)
                self._settle()
                self._rest(pause_s(tries, error.after_s, random.random()))  # noqa: S311
                if self._ends_at_s is not None:
                    return False
            else:
                self.tally.sent += 1
                if self.tally.failure is not None:
                    self._tell("sends-again", receiver=self.name)
                self.tally.failure = None
                self._done.append(letter.id)
                return True
        return False

    def _lose(self, letter: Letter, because: str) -> None:
        self.tally.lost += 1
        self._tell("lost", receiver=self.name, id=letter.id, because=because)
        self._done.append(letter.id)

    def _settle(self) -> None:
        """Take out of the store what was sent, however often that must be tried."""
        while self._done:
            try:
                with self._opened() as store:
                    store.settle(self.name, self._done)
                    self.tally.waiting = max(0, self.tally.waiting - len(self._done))
                    self._done.clear()
            except StoreError:
                self._rest(FIRST_PAUSE_S)
                if self._is_over:
                    return  # it is sent once more, with the same id

    @contextmanager
    def _opened(self) -> Iterator[Store]:
        """Open the store in turn; raises StoreError, also once this outlet was closed."""
        with self._turn:
            if self._is_closed:
                message = f"{self.name}: its time is over"
                raise StoreError(message)
            with Store.open(self._store, wait_s=WAIT_S) as store:
                yield store

    def _rest(self, seconds: float) -> None:
        with self._news:
            self._news.wait_for(lambda: self._ends_at_s is not None, timeout=seconds)
