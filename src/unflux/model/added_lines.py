"""Added lines: files of lines that one run after another adds to."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from unflux.model.errors import UnfluxError

_BLOCK: Final = 1 << 16


def prepare_lines(path: Path) -> None:
    """See to it that lines can be added to a file; what a kill left of a last line is taken off.

    Raises UnfluxError where that cannot be.
    """
    add_lines(path, ())


def add_lines(path: Path, lines: Iterable[str]) -> None:
    """Add whole lines of ASCII to a file; raises UnfluxError where that cannot be.

    Runs take turns at it, so that none takes what another is adding for what a kill left.
    """
    rest = "".join(lines).encode("ascii")
    try:
        with path.open("a+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _take_off_rest(file.fileno())
            while rest:
                rest = rest[file.write(rest) :]
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror})"
        raise UnfluxError(message) from error


def _take_off_rest(opened: int) -> None:
    """Cut a file after its last end of a line."""
    ends = os.lseek(opened, 0, os.SEEK_END)
    while ends:
        begins = max(ends - _BLOCK, 0)
        found = os.pread(opened, ends - begins, begins).rfind(b"\n")
        if found >= 0:
            ends = begins + found + 1
            break
        ends = begins
    if ends != os.lseek(opened, 0, os.SEEK_END):
        os.ftruncate(opened, ends)
