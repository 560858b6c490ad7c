"""Write an evaluation where and how the user asked for it."""

from functools import partial
from pathlib import Path

from unflux.cli.output import write_either
from unflux.cli.progress import say
from unflux.pipeline.evaluating import Evaluated
from unflux.pipeline.gathering import Gathered
from unflux.present import evaluation_lines
from unflux.present.evaluation_screen import print_evaluation


def write_evaluation(found: Evaluated, *, as_json: bool | None, out: Path | None) -> None:
    """Write the figures as a table or JSON lines; null: a table on a terminal, else JSON lines.

    What was skipped of the records, and sources that could not be read, go to standard error.
    """
    draw = partial(print_evaluation, found.evaluation)
    write_either(draw, evaluation_lines.render(found.evaluation), as_json=as_json, out=out)
    _tell_of_sources(found.gathered)


def _tell_of_sources(gathered: Gathered) -> None:
    for source in gathered.sources:
        if source.error is not None:
            say(f"unreadable: {source.name}: {source.error}")
    for reason, count in sorted(gathered.drops.items()):
        say(f"skipped {count:,}: {reason}")
