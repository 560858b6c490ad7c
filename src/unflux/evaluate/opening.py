"""Open texts that an evaluation reads: labels, and what was said of addresses."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from unflux.model.errors import UnfluxError


@contextmanager
def opened_text(path: Path, what: str) -> Iterator[io.TextIOWrapper]:
    """Open a text, plain or, as its name says, compressed.

    Raises UnfluxError, which calls it ``what``, where it cannot be read or is no CSV while open.
    """
    try:
        path.open("rb").close()  # says better than Arrow why it cannot be opened
        with pa.input_stream(str(path), compression="detect") as stream:
            yield io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    except (OSError, csv.Error) as error:
        damage = "it is no CSV" if isinstance(error, csv.Error) else "it is damaged"
        message = f"{path}: {what} cannot be read ({getattr(error, 'strerror', None) or damage})"
        raise UnfluxError(message) from error
