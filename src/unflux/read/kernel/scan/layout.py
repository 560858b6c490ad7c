"""What the passes over text and their callers agree on."""

from typing import Final

OTHER: Final = -1
"""Stands for text that is no number or moment in a usual form; it may be one all the same."""

ABSENT, NULL, TRUE, FALSE, INTEGER, FLOAT, STRING, OBJECT, ARRAY = range(9)
"""Kinds of JSON values. The span of a string lies between its quotation marks; it has no
escapes."""

(CHILD, SIBLING, KEY_START, KEY_END, SLOT, LIST, FLAGS, MARKS) = range(8)
"""Columns of the nodes of a shape: first member (or element), next member of its parent, span of
its key, slot that takes its value, list that takes its elements, flags, and a bit for each mark
(see :func:`mark_of`) that the keys of its members have."""

NODE_WIDTH: Final = 8
NONE: Final = -1

IS_STRICT: Final = 1
"""Flag of an object of which a member that is not in the shape makes the line odd."""

MAX_DEPTH: Final = 48
"""Of nesting. Suricata's deepest events have 8 levels."""

LEVEL_WIDTH: Final = 5
"""Columns of the stack of a scan; see :mod:`unflux.read.kernel.scan.objects`."""

MAX_ITEMS: Final = 4096
"""Elements of lists in one line, beyond which it is odd."""

MAX_DIGITS: Final = 18
"""Of a whole number; they fit in 64 bits."""

(SCAN_AT, SCAN_ROWS, SCAN_ITEMS, SCAN_ODD) = range(4)
"""Places in ``scanned``, by which the scan of objects says how far it came: octet, and how many
rows, items and odd lines there are."""


def mark_of(length: int, first: int, last: int) -> int:
    """Return a number below 64 by which most keys that are not in a shape are told from those."""
    return (7 * length + 5 * first + last) & 63
