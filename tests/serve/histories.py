"""Histories that tests open, and what is told meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unflux.model.telling import Field
from unflux.serve.history import History
from unflux.serve.primary import Primary


class Told(list[dict[str, Field]]):
    """Collects what is told."""

    def __call__(self, event: str, /, **fields: Field) -> None:
        self.append({"event": event, **fields})


@contextmanager
def opened(path: Path, told: Told | None = None) -> Iterator[Primary]:
    told = Told() if told is None else told
    with History(path, told) as history:
        yield Primary(history, told)
