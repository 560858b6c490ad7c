"""Run clock: the moments of a run, one after the other however the machine's clock is set."""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

_STEADY: Final = partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
"""Goes on while the machine sleeps, where there is such a clock (clock_gettime(2), Linux)."""


class RunClock:
    """Begins with the machine's clock, and then goes its own way."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = _STEADY
    ) -> None:
        """Take the time of day from ``wall``, in epoch seconds, and what passed from ``steady``."""
        self._wall = wall
        self._steady = steady
        self._began_s = wall() - steady()

    def now_s(self) -> float:
        """Return the moment, as epoch seconds by the clock that the run began with."""
        return self._began_s + self._steady()

    def set_by_s(self) -> float:
        """Return how far the machine's clock was set since, forward or (negative) back."""
        return self._wall() - self.now_s()
