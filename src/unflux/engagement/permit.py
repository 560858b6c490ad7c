"""Permit: the one way to a packet; scope, time, budget and rate are asked before each request."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from unflux.engagement.ledger import Ledger, Request
from unflux.engagement.scope import Scope
from unflux.model.errors import UnfluxError

CATCH_UP_S: Final = 0.02
LEAST_WAIT_S: Final = 0.001
"""Both Chosen: 2026-11-24; a timer of asyncio is a millisecond late, so that without them a rate of
thousands a second is not reached."""

OVER: Final = "the time of the scope is over"


class OutOfScopeError(UnfluxError):
    """The scope does not hold it; nothing was sent."""


class BudgetSpentError(UnfluxError):
    """As many requests as the scope grants were sent; nothing more is."""


class Permit:
    """Grants requests one at a time, at the scope's rate with jitter, and writes each down.

    Slots are an interval apart on average, each moved by up to half of one. Of time that was not
    used ``CATCH_UP_S`` is made up for, so no second sees more than a fiftieth over the rate, and
    one.
    """

    def __init__(
        self,
        scope: Scope,
        ledger: Ledger,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: random.Random | None = None,
    ) -> None:
        self.scope = scope
        self._ledger = ledger
        self._now = now
        self._chance = chance or random.Random()  # noqa: S311  jitter is no secret
        self._turn = asyncio.Lock()
        self._slot_s = time.monotonic()

    @property
    def left(self) -> int:
        """Requests that may still be sent."""
        return max(self.scope.total - self._ledger.spent, 0)

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """End the block with the time of the scope, since a conversation sends more than once.

        Raises OutOfScopeError then.
        """
        left_s = (self.scope.until - self._now()).total_seconds()
        if left_s <= 0:
            raise OutOfScopeError(OVER)
        ending = asyncio.timeout(left_s)
        try:
            async with ending:
                yield
        except TimeoutError as error:
            if ending.expired():
                raise OutOfScopeError(OVER) from error
            raise

    async def ask_target(self, request: Request) -> None:
        """Wait for the turn of a request to an address of the scope; then it may be sent.

        Raises OutOfScopeError and BudgetSpentError.
        """
        if not self.scope.holds_address(request.address):
            message = f"{request.address} is in no prefix of the scope"
            raise OutOfScopeError(message)
        await self._grant(request)

    async def ask_resolver(self, request: Request) -> None:
        """Wait for the turn of a question to a resolver of the scope; then it may be sent.

        Raises OutOfScopeError and BudgetSpentError.
        """
        known = {(str(known.address), known.port) for known in self.scope.resolvers}
        if (request.address, request.port) not in known:
            message = f"{request.address} port {request.port} is no resolver of the scope"
            raise OutOfScopeError(message)
        await self._grant(request)

    async def _grant(self, request: Request) -> None:
        if request.name is not None and not self.scope.holds_name(request.name):
            message = f"{request.name} is below no name of the scope"
            raise OutOfScopeError(message)
        async with self._turn:
            await self._wait()
            if self._now() >= self.scope.until:
                raise OutOfScopeError(OVER)
            if not self.left:
                message = f"all {self.scope.total:,} requests of the scope are spent"
                raise BudgetSpentError(message)
            self._ledger.write(request, self._now())

    async def _wait(self) -> None:
        """Wait for the slot of this request."""
        interval_s = 1 / self.scope.rate_per_s
        now_s = time.monotonic()
        self._slot_s = max(self._slot_s + interval_s, now_s - CATCH_UP_S)
        wait_s = self._slot_s + interval_s * self._chance.uniform(-0.5, 0.5) - now_s
        if wait_s > LEAST_WAIT_S:
            await asyncio.sleep(wait_s)
