"""Plain names: letters, digits, hyphens and underscores in labels of legal length."""

import numpy as np

from unflux.model.names import MAX_NAME_LENGTH
from unflux.read.scan.jit import compiled

MAX_LABEL_LENGTH = 63
"""RFC 1035 section 2.3.4."""

_PLAIN_LENGTH = MAX_NAME_LENGTH - 2  # one length octet in front, the root behind
_DOT = ord(".")
_ODD = 0


def _lower_case() -> np.ndarray:
    """Return the lower-case form of each octet that may stand in a plain label, else 0."""
    table = np.zeros(256, dtype=np.uint8)
    for octet in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_":
        table[octet] = ord(chr(octet).lower())
    return table


_LOWER_CASE = _lower_case()


@compiled
def lower_plain_names(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Write the plain names among some spans in lower case, without a final dot.

    Returns their octets, the offsets (int32, one more than spans), and which spans are plain
    names; the others are left empty.
    """
    count = len(starts)
    room = 0
    for row in range(count):
        room += ends[row] - starts[row]
    copy = np.empty(room, dtype=np.uint8)
    offsets = np.zeros(count + 1, dtype=np.int32)
    is_plain = np.zeros(count, dtype=np.bool_)
    to = 0
    for row in range(count):
        begin, label = to, 0
        start, end = starts[row], ends[row]
        if end > start and octets[end - 1] == _DOT:
            end -= 1
        is_good = 0 < end - start <= _PLAIN_LENGTH
        if is_good:
            for at in range(start, end):
                octet = octets[np.uintp(at)]
                if octet == _DOT:
                    if label == 0:
                        is_good = False
                        break
                    label = 0
                else:
                    octet = _LOWER_CASE[octet]
                    label += 1
                    if octet == _ODD or label > MAX_LABEL_LENGTH:
                        is_good = False
                        break
                copy[to] = octet
                to += 1
        if is_good and label > 0:
            is_plain[row] = True
        else:
            to = begin
        offsets[row + 1] = to
    return copy[:to].copy(), offsets, is_plain
