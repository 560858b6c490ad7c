"""What bounds a watch: memory, rows, age and disk, as the command line says them."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from unflux.engine.retention import Bounds
from unflux.model.columns import STORED
from unflux.model.errors import UsageError
from unflux.watch.allotment import DEFAULT_OCTETS, LEAST_OCTETS, OCTETS_PER_ROW, Allotment

_SIZE: Final = re.compile(r"(\d{1,12})([KMGT]?)")
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
LEAST_DISK_OCTETS: Final = 256 << 20
"""What a batch of the greatest size, its log and what it replaces may take at once."""
MOST_KEEP_D: Final = 36_500


def scan_size(option: str, text: str, least_octets: int) -> int:
    """Return the octets of a size such as 512M or 4G (of 1024); raises UsageError."""
    found = _SIZE.fullmatch(text.strip().upper().removesuffix("B").removesuffix("I"))
    if found is None:
        message = f"{option} {text!r} is no size such as 512M or 4G"
        raise UsageError(message)
    octets = int(found[1]) * _UNITS[found[2]]
    if octets < least_octets:
        message = f"{option} {text} is less than the {least_octets >> 20}M that it takes at least"
        raise UsageError(message)
    return octets


def compose_allotment(memory: str | None) -> Allotment:
    """Return what --memory allots; raises UsageError."""
    octets = DEFAULT_OCTETS if memory is None else scan_size("--memory", memory, LEAST_OCTETS)
    return Allotment(octets=octets)


def compose_bounds(
    window_h: float,
    keep: Sequence[str],
    max_rows: int | None,
    max_disk: str | None,
    allotment: Allotment,
) -> Bounds:
    """Check the bounds of a store against each other and the memory; raises UsageError."""
    window = timedelta(hours=window_h)
    ages = _scan_keep(keep)
    for name, age in ages.items():
        if age < window:
            days = age / timedelta(days=1)
            message = f"--keep {days:g} days of {name} is less than --window {window_h:g} hours"
            raise UsageError(message)
    if max_rows is not None and max_rows > allotment.rows:
        needed = -(-max_rows * OCTETS_PER_ROW >> 20)
        message = f"--max-rows {max_rows} need --memory {needed}M"
        raise UsageError(message)
    return Bounds(
        window=window,
        keep=ages,
        max_rows=allotment.rows if max_rows is None else max_rows,
        max_octets=None
        if max_disk is None
        else scan_size("--max-disk", max_disk, LEAST_DISK_OCTETS),
    )


def _scan_keep(texts: Sequence[str]) -> dict[str, timedelta]:
    """Return the age up to which rows of each table are kept; what names one comes after."""
    names = [shape.name for shape in STORED]
    ages: dict[str, timedelta] = {}
    for text in sorted(texts, key=lambda text: "=" in text):
        name, _, days_text = text.rpartition("=")
        try:
            days = float(days_text)
        except ValueError:
            days = 0.0
        if (name and name not in names) or not 0.001 <= days <= MOST_KEEP_D:
            message = f"--keep {text!r} is neither DAYS nor TABLE=DAYS; tables: {', '.join(names)}"
            raise UsageError(message)
        ages |= dict.fromkeys([name] if name else names, timedelta(days=days))
    return ages
