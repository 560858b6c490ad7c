"""Rotation: the files that a log was before, by their names."""

import re
from pathlib import Path
from typing import Final

MAX_FILES: Final = 100
"""Rotated files that are looked at, the newest."""
_MARK: Final = r"[.-][0-9][0-9T:_.-]*"
_COMPRESSED: Final = r"(?:\.(?:gz|xz|zst))?"


def rotated_files(path: Path) -> list[Path]:
    """Return the former files of a log in its folder, the one written last at the end.

    ``dns.log.1``, ``dns.log-20261128`` and ``dns.2026-11-28-13-00-00.log`` (Zeek) are such of
    ``dns.log``, compressed or not.
    """
    stem, suffix = re.escape(path.stem), re.escape(path.suffix)
    pattern = re.compile(
        rf"(?:{re.escape(path.name)}{_MARK}|{stem}{_MARK}{suffix}){_COMPRESSED}", re.ASCII
    )
    found: list[tuple[int, str, Path]] = []
    try:
        for other in path.parent.iterdir():
            if pattern.fullmatch(other.name) and other.is_file():
                found.append((other.stat().st_mtime_ns, other.name, other))
    except OSError:
        return []  # gone, or moved on while it was looked at; the next look finds it
    return [other for _, _, other in sorted(found)[-MAX_FILES:]]
