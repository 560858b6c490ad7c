"""Placing: a file replaced at once; a reader sees the old one or the new one, never half of one."""

import os
import stat
from pathlib import Path

from unflux.model.errors import UnfluxError


def place(path: Path, content: bytes) -> None:
    """Replace the file at ``path``, or make it; owner and mode of what was there are kept.

    The content is on the disk, and its name with it, when this returns. A link is followed.

    Raises UnfluxError where that cannot be; what was there is then still there.
    """
    path = Path(os.path.realpath(path))
    try:
        before = path.stat() if path.exists() else None
        if before is not None and not stat.S_ISREG(before.st_mode):
            message = f"{path}: is no file, so it is not replaced"
            raise UnfluxError(message)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.new")
        _write(beside, content, before)
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        message = f"{error.filename or path}: cannot be written ({error.strerror})"
        raise UnfluxError(message) from error


def remove(path: Path) -> None:
    """Remove a file, where it is there; raises UnfluxError where it cannot be."""
    try:
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)
    except OSError as error:
        message = f"{path}: cannot be removed ({error.strerror})"
        raise UnfluxError(message) from error


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _write(path: Path, content: bytes, before: os.stat_result | None) -> None:
    """Write a new file for ``before``, whose owner and mode it gets, to the disk."""
    path.unlink(missing_ok=True)  # of a run that was killed
    mode = 0o666 if before is None else 0o600
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(opened, "wb") as sink:
            sink.write(content)
            sink.flush()
            if before is not None:
                made = os.fstat(sink.fileno())
                if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
                    os.fchown(sink.fileno(), before.st_uid, before.st_gid)
                os.fchmod(sink.fileno(), stat.S_IMODE(before.st_mode))
            os.fsync(sink.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
