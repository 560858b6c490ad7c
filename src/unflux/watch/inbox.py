"""The inbox: records of all inputs since the last batch, never more than a ceiling."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a batch is due, and how much may wait."""

    batch_s: float = 5.0
    """From the first record of a batch to its end. Chosen: 2026-11-24; what a kill can lose, and
    opening the store costs some 50 ms each time."""
    batch_octets: int = 64 << 20
    """A batch of so many octets ends at once. Chosen: 2026-11-28; some 270,000 responses, which
    have half as many rows as four batches of a quarter."""
    held_octets: int = 64 << 20
    """At so many, inputs are not read from until the batch is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some whole records that arrived by one input."""

    origin: str
    """The input. Records of one origin and head stay together and in order."""
    octets: bytes
    count: int
    """How many records they are."""
    head: bytes = b""
    """What a file of such records begins with."""
    position: str | None = None
    """Where the input goes on after them, should this be its last word; null: nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Records of a batch that a reader takes for one file."""

    origin: str
    octets: bytearray
    """With the head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What arrived since the last one."""

    parts: tuple[Part, ...]
    positions: Mapping[str, str]
    """Where inputs go on after it, by origin; those that cannot go on have none."""
    record_count: int
    began_at_s: float
    """When the first record came, by the monotonic clock."""


class Inbox:
    """Takes records from inputs and gives batches.

    Nothing that was read is ever thrown away here: at the ceiling inputs wait, and name servers
    then drop at their own queue, which they count.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = asyncio.Event()
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._is_closed = False
        self._positions: dict[str, str] = {}
        self._clear()
        self.stall_count = 0
        """How often an input had to wait for room."""

    @property
    def held_octets(self) -> int:
        """Octets that wait for a batch."""
        return self._held_octets

    @property
    def is_full(self) -> bool:
        """Whether inputs wait for room."""
        return self._held_octets >= self._limits.held_octets

    @property
    def is_closed(self) -> bool:
        """Whether nothing more comes; the last batch may still wait."""
        return self._is_closed

    async def put(self, *chunks: Chunk) -> None:
        """Add records, once there is room; above the ceiling at most by one call of each input.

        Chunks of one call come into one batch. One without records moves the position alone, which
        is kept with the next batch. Where the wait is cancelled they are added all the same: they
        were read.
        """
        try:
            await self._wait_for_room()
        finally:
            self.add(*chunks)

    def add(self, *chunks: Chunk) -> None:
        """Add records whether there is room or not: the last of an input that ends."""
        for chunk in chunks:
            self._add(chunk)

    async def _wait_for_room(self) -> None:
        if self.is_full:
            self.stall_count += 1
            while self.is_full:
                self._room.clear()
                await self._room.wait()

    def _add(self, chunk: Chunk) -> None:
        if chunk.position is not None:
            self._positions[chunk.origin] = chunk.position
        if not chunk.octets:
            return
        if not self._held_octets:
            self._began_at_s = time.monotonic()
        part = self._parts.setdefault((chunk.origin, chunk.head), bytearray(chunk.head))
        part += chunk.octets
        self._held_octets += len(chunk.octets)
        self._record_count += chunk.count
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
        if not self._held_octets:
            return None
        batch = Batch(
            parts=tuple(
                Part(origin=origin, octets=octets) for (origin, _), octets in self._parts.items()
            ),
            positions=self._positions,
            record_count=self._record_count,
            began_at_s=self._began_at_s,
        )
        self._positions = {}
        self._clear()
        return batch

    def close(self) -> None:
        """Say that nothing more comes."""
        self._is_closed = True
        self._some.set()
        self._enough.set()

    def _clear(self) -> None:
        self._parts: dict[tuple[str, bytes], bytearray] = {}
        self._held_octets = 0
        self._record_count = 0
        self._began_at_s = 0.0
        self._room.set()
        if not self._is_closed:
            self._some.clear()
            self._enough.clear()
