"""A followed log as an input: its lines as they are written."""

import asyncio

from unflux.watch.inbox import Chunk, Inbox
from unflux.watch.input import TaskInput, call_in_thread
from unflux.watch.log_reader import Limits, LogReader


class FollowedLog(TaskInput):
    """Puts lines into the inbox with the place behind them, so that none comes twice."""

    def __init__(self, name: str, reader: LogReader, inbox: Inbox, limits: Limits) -> None:
        super().__init__(name)
        self._reader = reader
        self._inbox = inbox
        self._limits = limits
        self.drops = reader.drops

    def find_failure(self) -> str | None:
        """Return why there is no log to read."""
        return self._reader.failure

    async def take(self) -> None:
        """Take lines until cancelled."""
        try:
            await self._take()
        finally:
            self._reader.close()

    async def _take(self) -> None:
        while True:
            lines = await call_in_thread(self._reader.read)
            if lines is None:
                await asyncio.sleep(self._limits.poll_s)
                continue
            self.record_count += lines.count
            await self._inbox.put(
                Chunk(
                    origin=self.name,
                    head=lines.header,
                    octets=lines.octets,
                    count=lines.count,
                    position=lines.place.render(),
                )
            )
