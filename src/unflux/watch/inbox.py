"""The inbox: frames of all senders since the last batch, never more than a ceiling."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a batch is due, and how much may wait."""

    batch_s: float = 5.0
    """From the first frame of a batch to its end. Chosen: 2026-11-24; what a kill can lose, and
    opening the store costs some 50 ms each time."""
    batch_octets: int = 16 << 20
    """A batch of so many octets ends at once. Chosen: 2026-11-24; some 100,000 responses."""
    held_octets: int = 64 << 20
    """At so many, senders are not read from until the batch is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Frames, each after its length."""

    octets: bytearray
    frame_count: int
    began_at_s: float
    """When the first of them came, by the monotonic clock."""


class Inbox:
    """Takes frames from senders and gives batches.

    Nothing that was read is ever thrown away here: at the ceiling senders wait, and name servers
    then drop at their own queue, which they count.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = asyncio.Event()
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._is_closed = False
        self._clear()
        self.stall_count = 0
        """How often a sender had to wait for room."""

    @property
    def held_octets(self) -> int:
        """Octets that wait for a batch."""
        return len(self._octets)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more comes; the last batch may still wait."""
        return self._is_closed

    async def put(self, frames: bytes, count: int) -> None:
        """Add frames, once there is room; above the ceiling at most by one read of each sender."""
        if self.held_octets >= self._limits.held_octets:
            self.stall_count += 1
            while self.held_octets >= self._limits.held_octets:
                self._room.clear()
                await self._room.wait()
        if not self._octets:
            self._began_at_s = time.monotonic()
        self._octets += frames
        self._frame_count += count
        self._some.set()
        if self.held_octets >= self._limits.batch_octets:
            self._enough.set()

    async def wait(self) -> None:
        """Wait until a batch is due, or the inbox closed."""
        await self._some.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.batch_s):
                await self._enough.wait()

    def take(self) -> Batch | None:
        """Return what is held, null where that is nothing, and make room."""
        if not self._octets:
            return None
        batch = Batch(
            octets=self._octets, frame_count=self._frame_count, began_at_s=self._began_at_s
        )
        self._clear()
        return batch

    def close(self) -> None:
        """Say that nothing more comes."""
        self._is_closed = True
        self._some.set()
        self._enough.set()

    def _clear(self) -> None:
        self._octets = bytearray()
        self._frame_count = 0
        self._began_at_s = 0.0
        self._room.set()
        if not self._is_closed:
            self._some.clear()
            self._enough.clear()
