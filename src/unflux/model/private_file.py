"""Private files: they hold a secret, so nobody but their owner and group may read them."""

import os
import stat
from pathlib import Path

from unflux.model.errors import UnfluxError


def read_private(path: Path, most_octets: int) -> bytes:
    """Return what a file holds.

    Raises UnfluxError where it cannot be read, others may use it, its group may write it, or it
    holds more than so many octets.
    """
    try:
        with path.open("rb") as source:
            mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode)
            octets = source.read(most_octets + 1)
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise UnfluxError(message) from error
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        message = f"{path}: its mode is {mode:03o}, and others may use it: chmod 640 or less"
        raise UnfluxError(message)
    if len(octets) > most_octets:
        message = f"{path}: more than {most_octets:,} octets"
        raise UnfluxError(message)
    return octets
