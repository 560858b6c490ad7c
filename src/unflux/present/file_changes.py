"""Changes of files: a bounded unified diff between what is deployed and what would be."""

import difflib
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from unflux.present.visible import make_visible

MOST_LINES: Final = 60
"""Lines of a diff that are shown. Chosen: 2026-11-24; a screen or two: who wants all of them has
the files."""
MOST_CELLS: Final = 200
"""Characters of a line that are shown."""
MOST_COMPARED: Final = 200_000
"""Lines on either side that are compared in their order, which takes two seconds; above it only
counts are told."""
CONTEXT: Final = 1
"""Unchanged lines around a change."""


def describe_changes(
    name: str, before: bytes | None, after: bytes | None, *, most: int = MOST_LINES
) -> Iterator[str]:
    """Yield the lines of a unified diff; null is a file that is not there.

    Whatever the file holds, every line is visible ASCII. Nothing is yielded where nothing changes.
    """
    if before == after:
        return
    shown = _visible(name)
    yield f"--- {shown if before is not None else '/dev/null'} (deployed)"
    yield f"+++ {shown if after is not None else '/dev/null'} (planned)"
    old, new = _lines(before), _lines(after)
    if max(len(old), len(new)) <= MOST_COMPARED:
        changes = difflib.unified_diff(old, new, n=CONTEXT, lineterm="")
        hunks = islice(changes, 2, None)  # its own two lines of names are above
        yield from map(_visible, islice(hunks, most))
        left = sum(1 for _ in hunks)
        if left:
            yield f"... and {left:,} more lines"
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    yield f"({come.total():,} lines come, {gone.total():,} go)"


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode("utf-8", "surrogateescape").split("\n")


def _visible(line: str) -> str:
    text = make_visible(line, ascii_only=True)
    return text if len(text) <= MOST_CELLS else f"{text[:MOST_CELLS]}..."
