"""What is shown while a command works, on standard error: a line, or a progress bar."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from unflux.present.visible import make_visible


def say(line: str) -> None:
    """Write one line of what goes on, hostile text in it made visible."""
    print(f"unflux: {make_visible(line)}", file=sys.stderr, flush=True)


@contextmanager
def shown_progress() -> Iterator[Callable[[int, int | None], None] | None]:
    """Show a bar while the block runs: on a terminal only, gone when done.

    Yield what to tell it, or null where nobody looks.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=None)

        def advance(read_bytes: int, total_bytes: int | None) -> None:
            done = total_bytes is not None and read_bytes >= total_bytes
            progress.update(
                task,
                completed=read_bytes,
                total=total_bytes,
                description="judging" if done else "reading",
            )

        yield advance
