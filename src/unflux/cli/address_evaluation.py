"""Score what was said of addresses against labels, and write it where the user asked for it."""

import io
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from unflux.cli.output import write_either
from unflux.evaluate.accusations import read_accusations
from unflux.evaluate.address_labels import read_address_labels, who_is_labelled
from unflux.evaluate.address_scoring import score_addresses
from unflux.evaluate.opening import opened_text
from unflux.model.address_evaluation import Accusation, AddressEvaluation, Evaluated
from unflux.model.errors import UsageError
from unflux.present import address_evaluation_lines
from unflux.present.address_evaluation_screen import print_address_evaluation


def evaluate_addresses(labels: Path, sources: Sequence[str]) -> AddressEvaluation:
    """Score the JSON lines of ``unflux trace`` or ``unflux scan`` against labels of addresses.

    Raises UnfluxError where one of them cannot be read, or holds no line of that command.
    """
    if not sources:
        message = "nothing to evaluate: name the JSON lines of unflux trace or unflux scan, or -"
        raise UsageError(message)
    if sources.count("-") > 1:
        message = "standard input (-) is named twice, and can be read once"
        raise UsageError(message)
    told, drops = read_address_labels(labels)
    evaluated = who_is_labelled(told)
    said = [_read(source, evaluated, drops) for source in sources]
    return score_addresses(told, said, drops)


def _read(source: str, evaluated: Evaluated, drops: Counter[str]) -> list[Accusation]:
    """Read one source: a file, plain or compressed, or ``-``."""
    if source == "-":
        lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
        try:
            return read_accusations(lines, evaluated, drops, source="standard input")
        finally:
            lines.detach()  # or standard input would be closed with it
    with opened_text(Path(source), "JSON lines") as lines:
        return read_accusations(lines, evaluated, drops, source=source)


def write_address_evaluation(
    evaluation: AddressEvaluation, *, as_json: bool | None, out: Path | None
) -> None:
    """Write the figures as a table or JSON; null: a table on a terminal, else JSON."""
    draw = partial(print_address_evaluation, evaluation)
    write_either(draw, [address_evaluation_lines.render(evaluation)], as_json=as_json, out=out)
