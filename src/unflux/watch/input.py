"""An input: what a watch takes records from, while its block runs."""

from collections import Counter
from types import TracebackType
from typing import Protocol, Self


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
