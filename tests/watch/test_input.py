"""An input whose task comes to an end of its own."""

import asyncio

from unflux.watch.input import TaskInput


class Breaking(TaskInput):
    """Takes until it is told to break."""

    def __init__(self) -> None:
        super().__init__("topic x")
        self.is_broken = asyncio.Event()

    def find_failure(self) -> str | None:
        return None

    async def take(self) -> None:
        await self.is_broken.wait()
        raise RuntimeError("no memory")


def test_an_input_that_breaks_is_told_and_harms_nobody_at_the_end() -> None:
    async def run() -> None:
        async with Breaking() as source:
            await asyncio.sleep(0)
            assert source.failure is None
            source.is_broken.set()
            while source.failure is None:
                await asyncio.sleep(0)
            assert source.failure == "topic x: ended by RuntimeError: no memory"
        async with Breaking() as source:
            await asyncio.sleep(0)
        assert source.failure == "topic x: ended"

    asyncio.run(asyncio.wait_for(run(), 60))
