"""Lag: how late this program itself is, since what it is late for looks late as well."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Self

STEP_S: Final = 0.02
TIMER_S: Final = 0.002
"""What timers are late on a machine with nothing to do. Chosen: 2026-11-28."""
SHARE: Final = 0.9


class Lag:
    """Timers that ran out while something was measured, and by how much each was late."""

    def __init__(self) -> None:
        self._late_s: list[float] = []

    @classmethod
    @asynccontextmanager
    async def measured(cls) -> AsyncIterator[Self]:
        """Measure while the block runs."""
        lag = cls()
        task = asyncio.create_task(lag._measure())
        try:
            yield lag
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _measure(self) -> None:
        while True:
            began_s = time.perf_counter()
            await asyncio.sleep(STEP_S)
            self._late_s.append(time.perf_counter() - began_s - STEP_S)

    def take(self) -> float:
        """Return by how many seconds nine of ten timers were less late, and begin anew."""
        late_s, self._late_s = sorted(self._late_s), []
        return max(0.0, late_s[int(len(late_s) * SHARE)] - TIMER_S) if late_s else 0.0
