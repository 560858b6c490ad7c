"""Plain names: letters, digits, hyphens and underscores in labels of legal length."""

import numpy as np

from unflux.model.names import MAX_NAME_LENGTH
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.octets import octet
from unflux.read.wire_names import MAX_LABEL_LENGTH

_PLAIN_LENGTH = MAX_NAME_LENGTH - 2  # one length octet in front, the root behind
_DOT = ord(".")
_ODD = 0


@inlined
def lower_case(letter: int) -> int:
    """Return the lower-case form of an octet that may stand in a plain label, else 0."""
    if ord("a") <= letter <= ord("z"):
        return letter
    if ord("0") <= letter <= ord("9") or letter == ord("-") or letter == ord("_"):
        return letter
    return letter | 0x20 if ord("A") <= letter <= ord("Z") else _ODD


@shared
def lower_plain_names(
    octets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    copy: np.ndarray,
    offsets: np.ndarray,
    flags: np.ndarray,
) -> None:
    """Write the plain names among some spans in lower case, without a final dot.

    ``copy``: as many octets as the spans have; ``offsets``: int32, one more than spans, from 0;
    ``flags`` tell which spans are plain names; the others are left empty.
    """
    to = 0
    for row in range(len(starts)):
        begin, label = to, 0
        start, end = np.int64(starts[np.uintp(row)]), np.int64(ends[np.uintp(row)])
        if end > start and octet(octets, end - 1) == _DOT:
            end -= 1
        is_plain = 0 < end - start <= _PLAIN_LENGTH
        if is_plain:
            for at in range(start, end):
                letter = octet(octets, at)
                if letter == _DOT:
                    if label == 0:
                        is_plain = False
                        break
                    label = 0
                else:
                    letter = lower_case(letter)
                    label += 1
                    if letter == _ODD or label > MAX_LABEL_LENGTH:
                        is_plain = False
                        break
                copy[np.uintp(to)] = letter
                to += 1
        is_plain = is_plain and label > 0
        if not is_plain:
            to = begin
        flags[np.uintp(row)] = is_plain
        offsets[np.uintp(row + 1)] = to
