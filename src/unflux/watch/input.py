"""An input: what a watch takes records from, while its block runs."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TypeVar


class Input(Protocol):
    """Puts chunks into the inbox that it was made with."""

    @property
    def name(self) -> str:
        """As the operator knows it; the origin of its chunks."""
        ...

    @property
    def record_count(self) -> int:
        """Records that arrived."""
        ...

    @property
    def drops(self) -> Counter[str]:
        """What went otherwise than it should, by reason; readers count their own."""
        ...

    @property
    def failure(self) -> str | None:
        """Why nothing arrives at present; null while all is well."""
        ...

    async def __aenter__(self) -> Self:
        """Begin to take records."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take no more; what was taken is in the inbox."""
        ...


T = TypeVar("T")


async def call_in_thread(function: Callable[[], T]) -> T:
    """Call in a thread, and be cancelled only when that has returned: what it used is free then."""
    calling = asyncio.create_task(asyncio.to_thread(function))
    try:
        return await asyncio.shield(calling)
    except asyncio.CancelledError:
        await calling
        raise


class TaskInput(ABC):
    """An input that one task takes from, on and on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.record_count = 0
        self.drops = Counter[str]()
        self._task: asyncio.Task[None] | None = None

    @property
    def failure(self) -> str | None:
        """Why nothing arrives at present; null while all is well."""
        because = self.find_failure()
        if because is None and self._task is not None and self._task.done():
            because = _end_of(self._task)
        return because and f"{self.name}: {because}"

    @abstractmethod
    def find_failure(self) -> str | None:
        """Return why nothing arrives at present, without the name; null while all is well."""

    @abstractmethod
    async def take(self) -> None:
        """Take records until cancelled."""

    async def __aenter__(self) -> Self:
        """Begin to take records."""
        self._task = asyncio.create_task(self.take(), name=self.name)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take no more; what was taken is in the inbox."""
        if self._task is not None:
            self._task.cancel()
            # Why it ended before, if it did, was told as its failure: the last batch is stored.
            await asyncio.gather(self._task, return_exceptions=True)


def _end_of(task: "asyncio.Task[None]") -> str:
    """Say how a task came to its end."""
    error = None if task.cancelled() else task.exception()
    return "ended" if error is None else f"ended by {type(error).__name__}: {error}"
