"""Whether files can be written, asked before the work that would fill them."""

import errno
import os
from pathlib import Path
from stat import S_ISDIR

from unflux.model.errors import UnfluxError


def demand_writable(*paths: Path | None) -> None:
    """Raise UnfluxError for the first path that no file can be written to; null asks nothing."""
    for path in paths:
        if path is None:
            continue
        try:
            reason = _hindrance(path)
        except OSError as error:
            reason = error.errno
        if reason:
            message = f"{path}: cannot be written ({os.strerror(reason)})"
            raise UnfluxError(message)


def _hindrance(path: Path) -> int | None:
    """Return or raise the error that opening would end in, as far as can be told; else null."""
    try:
        if S_ISDIR(path.stat().st_mode):
            return errno.EISDIR
        is_open = os.access(path, os.W_OK)  # as /dev/stdout is, in a folder that is closed
    except FileNotFoundError:
        path.parent.stat()
        is_open = os.access(path.parent, os.W_OK | os.X_OK)
    return None if is_open else errno.EACCES
