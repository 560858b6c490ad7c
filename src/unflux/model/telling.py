"""How what runs on tells what happens: an event and its fields, for one line of a log."""

from typing import Protocol

Field = str | int | float | None


class Tell(Protocol):
    """Takes an event as it happens; fields may hold hostile text, which the taker makes safe."""

    def __call__(self, event: str, /, **fields: Field) -> None:
        """Tell one event."""
        ...
