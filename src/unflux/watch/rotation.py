"""Rotation: the files that a log was before, by their names."""

import re
import stat
from pathlib import Path
from typing import Final

MAX_FILES: Final = 100
"""Rotated files that are looked at, the newest."""
_MARK: Final = r"[.-][0-9][0-9T:_.-]*"
COMPRESSED_SUFFIXES: Final = (".gz", ".xz", ".zst")
_COMPRESSED: Final = f"(?:{'|'.join(map(re.escape, COMPRESSED_SUFFIXES))})?"


def rotated_files(path: Path) -> list[Path]:
    """Return the former files of a log in its folder, the one written last at the end.

    ``dns.log.1``, ``dns.log-20261128`` and ``dns.2026-11-28-13-00-00.log`` (Zeek) are such of
    ``dns.log``, compressed or not. Raises OSError, also where one goes meanwhile.
    """
    stem, suffix = re.escape(path.stem), re.escape(path.suffix)
    pattern = re.compile(
        rf"(?:{re.escape(path.name)}{_MARK}|{stem}{_MARK}{suffix}){_COMPRESSED}", re.ASCII
    )
    found = []
    for other in path.parent.iterdir():
        if pattern.fullmatch(other.name):
            status = other.stat()
            if stat.S_ISREG(status.st_mode):
                found.append((status.st_mtime_ns, other.name, other))
    return [other for _, _, other in sorted(found)[-MAX_FILES:]]
