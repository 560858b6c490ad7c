"""Lock: one run at a time decides on what is deployed, from reading it to the last reload."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unflux.model.errors import UnfluxError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at ``path``; it ends with the process, however that ends.

    Raises UnfluxError where another run holds it, or it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        message = f"{path}: cannot be locked ({error.strerror})"
        raise UnfluxError(message) from error
    try:
        _take(opened, path)
        yield
    finally:
        os.close(opened)


def _take(opened: int, path: Path) -> None:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(opened, 20).decode("ascii", "replace").strip()
        message = f"another run is at work here (process {holder}, {path}): nothing was done"
        raise UnfluxError(message) from error
    os.ftruncate(opened, 0)
    os.write(opened, f"{os.getpid()}\n".encode("ascii"))
