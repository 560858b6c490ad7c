"""Background: work that yields the processor to whatever else the watch has to do."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

YIELDING: Final = 5
"""As nice(1) counts. Chosen: 2026-11-28; a third of the weight of a thread that does not
yield; at 10 verdicts came minutes late where other programs kept the machine busy."""

T = TypeVar("T")


class Background:
    """One thread, and those that are started from it, at a low priority where there is one for
    threads (Linux); elsewhere at that of the process.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name, initializer=_yield_to_others)

    async def run(self, work: Callable[[], T]) -> T:
        """Have the work done there, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown()


def _yield_to_others() -> None:
    if sys.platform == "linux":
        with suppress(OSError):  # forbidden by a sandbox: then it competes
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), YIELDING)
