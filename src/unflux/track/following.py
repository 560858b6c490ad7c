"""Following: an agenda carried out, many looks at a time, until it is over or told to end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from unflux.engagement.permit import BudgetSpentError, OutOfScopeError
from unflux.track.agenda import Agenda, Item
from unflux.track.exchange import Exchange, Look
from unflux.track.rhythm import Turn
from unflux.track.run_clock import RunClock

FLIGHTS: Final = 1_000
"""Looks at a time. Chosen: 2026-11-28; at 2,000 a second and replies of half a second."""
NAP_S: Final = 1.0
"""Most that is slept at once, so that it is noticed that the machine slept."""

Taken = Callable[[Look, Turn], None]
"""Told each look, and what it says of how fast answers change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why nothing more is asked."""

    because: str
    is_early: bool = False
    """The scope ended it, by its budget or its time."""
    unasked: int = 0
    """Names that were due then, and were not asked for."""


class Following:
    """Carries out an agenda."""

    def __init__(
        self,
        agenda: Agenda,
        exchange: Exchange,
        taken: Taken,
        room: asyncio.Event,
        clock: RunClock,
    ) -> None:
        """Ask while there is ``room`` for what comes; the agenda lives by the ``clock``."""
        self._agenda = agenda
        self._clock = clock
        self._exchange = exchange
        self._taken = taken
        self._slots = asyncio.Semaphore(FLIGHTS)
        self._wake = asyncio.Event()
        self._is_ending = False
        self._failure: BaseException | None = None
        self._room = room

    def end(self) -> None:
        """Ask nothing more."""
        self._is_ending = True
        self._wake.set()
        self._room.set()

    async def run(self) -> Ending:
        """Go on until told to end or nothing is left to ask.

        Raises UnfluxError where the ledger cannot be written. What is on its way at the end is
        asked again by the next run.
        """
        flights = set[asyncio.Task[None]]()
        try:
            while not (self._is_ending or self._agenda.is_over):
                await self._room.wait()
                await self._slots.acquire()
                item = None if self._is_ending else self._agenda.take(self._clock.now_s())
                if item is None:
                    self._slots.release()
                    await self._rest()
                    continue
                flight = asyncio.create_task(self._fly(item))
                flights.add(flight)
                flight.add_done_callback(flights.discard)
                flight.add_done_callback(self._land)
        finally:
            left = list(flights)
            for flight in left:
                flight.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        if isinstance(self._failure, BudgetSpentError | OutOfScopeError):
            unasked = self._agenda.count_due(self._clock.now_s())
            return Ending(because=str(self._failure), is_early=True, unasked=unasked)
        if self._failure is not None:
            raise self._failure
        return Ending(because="told to end" if self._is_ending else "every name is dead")

    async def _rest(self) -> None:
        """Wait for the next look that is due, or for one that comes back."""
        next_at_s = self._agenda.next_at_s
        nap_s = NAP_S
        if next_at_s is not None:
            nap_s = min(max(next_at_s - self._clock.now_s(), 0), NAP_S)
        self._wake.clear()
        if self._is_ending:
            return
        try:
            async with asyncio.timeout(nap_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _fly(self, item: Item) -> None:
        look = None
        try:
            look = await self._exchange.look(item.vantage, item.question)
        finally:
            if look is None:
                self._agenda.put_back(item)
        # Records have the machine's time, the agenda that of the run.
        timed = replace(look, at=datetime.fromtimestamp(self._clock.now_s(), UTC))
        try:
            await self._compare(timed)
        finally:
            self._taken(look, self._agenda.note(timed))

    async def _compare(self, look: Look) -> None:
        """Ask for a name that nobody has, where it must be known how that is answered."""
        stranger = self._agenda.stranger_of(look)
        if stranger is None:
            return
        reply = None
        with suppress(OutOfScopeError):
            reply = (await self._exchange.look(look.vantage, stranger)).reply
        self._agenda.note_stranger(look, reply)

    def _land(self, flight: "asyncio.Task[None]") -> None:
        self._slots.release()
        self._wake.set()
        failure = None if flight.cancelled() else flight.exception()
        if failure is not None and self._failure is None:
            self._failure = failure
            self.end()
