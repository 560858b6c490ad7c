"""An interface as an input: the blocks of its ring, as records of a capture."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from unflux.watch.inbox import Chunk, Inbox
from unflux.watch.input import TaskInput
from unflux.watch.packet_socket import PacketSocket

LOOK_S: Final = 1.0
"""Between two looks at the interface's state and the kernel's counters."""
NO_ROOM: Final = "packet dropped by the kernel: ring full"

ComposeRecords = Callable[[memoryview], tuple[bytes, int]]
"""Makes the packets of a block records of a capture, and counts them."""


class Interface(TaskInput):
    """Puts packets into the inbox; where that has no room, the ring fills, and the kernel drops.

    ``head``: what a capture of such packets begins with.
    """

    def __init__(
        self, name: str, packets: PacketSocket, compose: ComposeRecords, head: bytes, inbox: Inbox
    ) -> None:
        super().__init__(name)
        self._packets = packets
        self._compose = compose
        self._head = head
        self._inbox = inbox
        self._failure: str | None = None

    def find_failure(self) -> str | None:
        """Return why no packet can come."""
        return self._failure

    async def take(self) -> None:
        """Take packets until cancelled."""
        loop = asyncio.get_running_loop()
        look_at_s = loop.time()
        while True:
            if loop.time() >= look_at_s:
                self._look()
                look_at_s = loop.time() + LOOK_S
            if not await self._take_blocks():
                await self._wait()

    async def _take_blocks(self) -> bool:
        """Take a block; return whether there was one."""
        block = self._packets.next_block()
        if block is None:
            return False
        with block:
            records, count = self._compose(block)
        self._packets.release_block()
        self.record_count += count
        if count:
            await self._inbox.put(
                Chunk(origin=self.name, head=self._head, octets=records, count=count)
            )
        await asyncio.sleep(0)  # others have their turn when packets never end
        return True

    async def _wait(self) -> None:
        """Wait for a block, a second at most."""
        loop = asyncio.get_running_loop()
        is_ready = asyncio.Event()
        loop.add_reader(self._packets.fileno(), is_ready.set)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await is_ready.wait()
        finally:
            loop.remove_reader(self._packets.fileno())

    def _look(self) -> None:
        self._failure = self._packets.find_failure()
        if dropped := self._packets.take_drop_count():
            self.drops[NO_ROOM] += dropped
