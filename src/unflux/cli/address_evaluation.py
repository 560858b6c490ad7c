"""Score what was said of addresses against labels, and write it where the user asked for it."""

import io
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from unflux.cli.output import write_either
from unflux.evaluate.accusations import read_accusations
from unflux.evaluate.address_labels import read_address_labels
from unflux.evaluate.address_scoring import score_addresses
from unflux.model.address_evaluation import AddressEvaluation
from unflux.model.errors import UnfluxError, UsageError
from unflux.present import address_evaluation_lines
from unflux.present.address_evaluation_screen import print_address_evaluation


def evaluate_addresses(labels: Path, sources: Sequence[str]) -> AddressEvaluation:
    """Score the JSON lines of ``unflux trace`` or ``unflux scan`` against labels of addresses.

    Raises UnfluxError where one of them cannot be read.
    """
    if not sources:
        message = "nothing to evaluate: name the JSON lines of unflux trace or unflux scan, or -"
        raise UsageError(message)
    told, drops = read_address_labels(labels)
    said = list(read_accusations(_lines(sources), drops))
    return score_addresses(told, said, drops)


def _lines(sources: Sequence[str]) -> Iterator[str]:
    for source in sources:
        if source == "-":
            yield from io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
            continue
        try:
            with Path(source).open(encoding="utf-8", errors="replace") as stream:
                yield from stream
        except OSError as error:
            message = f"{source}: cannot be read ({error.strerror})"
            raise UnfluxError(message) from error


def write_address_evaluation(
    evaluation: AddressEvaluation, *, as_json: bool | None, out: Path | None
) -> None:
    """Write the figures as a table or JSON; null: a table on a terminal, else JSON."""
    draw = partial(print_address_evaluation, evaluation)
    write_either(draw, [address_evaluation_lines.render(evaluation)], as_json=as_json, out=out)
