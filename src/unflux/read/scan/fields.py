"""Fields of lines, and elements of fields, between single octets."""

import numpy as np

from unflux.read.scan.jit import compiled

_LINE_END = ord("\n")
_COMMENT = ord("#")


@compiled
def find_comments(octets: np.ndarray) -> np.ndarray:
    """Return where the lines begin (int64) that begin with ``#``."""
    found = np.empty(1 + len(octets) // 2, dtype=np.int64)
    count = 0
    for at in range(len(octets)):
        if octets[np.uintp(at)] == _COMMENT and (at == 0 or octets[np.uintp(at - 1)] == _LINE_END):
            found[count] = at
            count += 1
    return found[:count].copy()


@compiled
def split_fields(
    octets: np.ndarray,
    separator: int,
    slots: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
) -> tuple[int, int]:
    """Find the fields of each line; empty lines and those that begin with ``#`` are no rows.

    ``octets`` end with a line end. ``slots`` has the row of ``starts`` and ``ends`` that takes each
    field, or -1; both have a column for each row there may be. Returns how many rows have as many
    fields as ``slots``, which are written, and how many have not.
    """
    row, odd, at, size = 0, 0, 0, len(octets)
    count = len(slots)
    while at < size:
        if octets[np.uintp(at)] == _COMMENT or octets[np.uintp(at)] == _LINE_END:
            while octets[np.uintp(at)] != _LINE_END:
                at += 1
            at += 1
            continue
        field, start = 0, at
        while True:
            octet = octets[np.uintp(at)]
            if octet == separator or octet == _LINE_END:
                if field < count:
                    slot = slots[np.uintp(field)]
                    if slot >= 0:
                        starts[np.uintp(slot), np.uintp(row)] = start
                        ends[np.uintp(slot), np.uintp(row)] = at
                field += 1
                start = at + 1
                if octet == _LINE_END:
                    break
            at += 1
        at += 1
        if field == count:
            row += 1
        else:
            odd += 1
    return row, odd


@compiled
def split_elements(
    octets: np.ndarray, separator: int, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split spans into elements; one that starts below 0 has none, an empty one has one.

    Returns starts and ends of the elements (int32), and where those of each span begin (int64,
    one more than spans).
    """
    count = len(starts)
    room = 0
    for row in range(count):
        if starts[row] >= 0:
            room += ends[row] - starts[row] + 1
    element_starts = np.empty(room, dtype=np.int32)
    element_ends = np.empty(room, dtype=np.int32)
    firsts = np.zeros(count + 1, dtype=np.int64)
    number = 0
    for row in range(count):
        if starts[row] >= 0:
            start = starts[row]
            for at in range(starts[row], ends[row]):
                if octets[np.uintp(at)] == separator:
                    element_starts[number] = start
                    element_ends[number] = at
                    number += 1
                    start = at + 1
            element_starts[number] = start
            element_ends[number] = ends[row]
            number += 1
        firsts[row + 1] = number
    return element_starts[:number].copy(), element_ends[:number].copy(), firsts


@compiled
def blank_out(octets: np.ndarray, starts: np.ndarray, ends: np.ndarray, text: np.ndarray) -> None:
    """Set the start of each span that is exactly ``text`` to -1."""
    length = len(text)
    for row in range(len(starts)):
        start = starts[row]
        if start >= 0 and ends[row] - start == length:
            same = 0
            while same < length and octets[np.uintp(start + same)] == text[same]:
                same += 1
            if same == length:
                starts[row] = -1
