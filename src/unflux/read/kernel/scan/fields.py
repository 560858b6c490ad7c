"""Fields of lines, and elements of fields, between single octets."""

import numpy as np

from unflux.read.kernel.jit import shared
from unflux.read.kernel.octets import octet

_LINE_END = ord("\n")
_COMMENT = ord("#")


@shared
def split_fields(
    octets: np.ndarray,
    separator: int,
    columns: np.ndarray,
    field_starts: np.ndarray,
    field_ends: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Find the fields of each line; empty lines and those that begin with ``#`` are no rows.

    ``octets`` end with a line end. ``columns`` has the row of ``field_starts`` and ``field_ends``
    that takes each field, or -1; both have a column for each row there may be. ``counts`` takes
    how many rows have as many fields as ``columns``, which are written, and how many have not.
    """
    row, odd, at, size = 0, 0, 0, len(octets)
    count = len(columns)
    while at < size:
        if octet(octets, at) == _COMMENT or octet(octets, at) == _LINE_END:
            while octet(octets, at) != _LINE_END:
                at += 1
            at += 1
            continue
        field, start = 0, at
        while True:
            letter = octet(octets, at)
            if letter == separator or letter == _LINE_END:
                if field < count:
                    column = columns[np.uintp(field)]
                    if column >= 0:
                        field_starts[np.uintp(column), np.uintp(row)] = start
                        field_ends[np.uintp(column), np.uintp(row)] = at
                field += 1
                start = at + 1
                if letter == _LINE_END:
                    break
            at += 1
        at += 1
        if field == count:
            row += 1
        else:
            odd += 1
    counts[0], counts[1] = row, odd


@shared
def split_elements(
    octets: np.ndarray,
    separator: int,
    starts: np.ndarray,
    ends: np.ndarray,
    element_starts: np.ndarray,
    element_ends: np.ndarray,
    firsts: np.ndarray,
) -> None:
    """Split spans into elements; one that starts below 0 has none, an empty one has one.

    ``element_starts``, ``element_ends``: int32, an element more than each span has octets;
    ``firsts``: int64, one more than spans, takes where the elements of each begin and the last one
    ends.
    """
    number = 0
    for row in range(len(starts)):
        start, end = np.int64(starts[np.uintp(row)]), np.int64(ends[np.uintp(row)])
        firsts[np.uintp(row)] = number
        if start < 0:
            continue
        for at in range(start, end):
            if octet(octets, at) == separator:
                element_starts[np.uintp(number)] = start
                element_ends[np.uintp(number)] = at
                number += 1
                start = at + 1
        element_starts[np.uintp(number)] = start
        element_ends[np.uintp(number)] = end
        number += 1
    firsts[np.uintp(len(starts))] = number


@shared
def blank_out(octets: np.ndarray, starts: np.ndarray, ends: np.ndarray, text: np.ndarray) -> None:
    """Set the start of each span that is exactly ``text`` to -1."""
    length = len(text)
    for row in range(len(starts)):
        start = np.int64(starts[np.uintp(row)])
        if start >= 0 and ends[np.uintp(row)] - start == length:
            same = 0
            while same < length and octet(octets, start + same) == octet(text, same):
                same += 1
            if same == length:
                starts[np.uintp(row)] = -1
