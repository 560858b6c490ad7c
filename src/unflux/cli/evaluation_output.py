"""Write an evaluation where and how the user asked for it."""

import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from unflux.cli.progress import say
from unflux.model.errors import UnfluxError
from unflux.pipeline.evaluating import Evaluated
from unflux.pipeline.gathering import Gathered
from unflux.present import evaluation_lines
from unflux.present.evaluation_screen import print_evaluation
from unflux.present.visible import make_visible

FILE_CELLS: Final = 160
"""Width of a table that goes to a file."""


def write_evaluation(found: Evaluated, *, as_json: bool | None, out: Path | None) -> None:
    """Write the figures as a table or JSON lines; null: a table on a terminal, else JSON lines.

    What was skipped of the records, and sources that could not be read, go to standard error.
    """
    to_terminal = out is None and sys.stdout.isatty()
    if not (as_json if as_json is not None else not to_terminal):
        if out is None:
            print_evaluation(found.evaluation, Console())
        else:
            _write_file(out, _plain(found))
    else:
        lines = "".join(evaluation_lines.render(found.evaluation))
        if out is None:
            sys.stdout.write(lines)
        else:
            _write_file(out, lines)
    _tell_of_sources(found.gathered)


def _plain(found: Evaluated) -> str:
    console = Console(width=FILE_CELLS, color_system=None, force_terminal=False)
    with console.capture() as captured:
        print_evaluation(found.evaluation, console)
    return captured.get()


def _write_file(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror})"
        raise UnfluxError(message) from error


def _tell_of_sources(gathered: Gathered) -> None:
    for source in gathered.sources:
        if source.error is not None:
            say(make_visible(f"unreadable: {source.name}: {source.error}", ascii_only=False))
    for reason, count in sorted(gathered.drops.items()):
        say(make_visible(f"skipped {count:,}: {reason}", ascii_only=False))
