"""Spans of a block: their distinct texts, and copies of them."""

import numpy as np

from unflux.read.scan.jit import compiled

_BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
"""FNV-1a, 64 bit. Whoever makes texts collide costs a block the square of its rows, and no more:
the table is made anew for each."""


@compiled
def encode(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Number the distinct texts in the order they come.

    Returns the number of each span's text (int32, -1 where ``starts`` is negative) and, for each
    number, the first span that has it (int64).
    """
    count = len(starts)
    size = 16
    while size < 2 * count:
        size *= 2
    mask = size - 1
    slots = np.full(size, -1, dtype=np.int32)
    hashes = np.empty(count, dtype=np.uint64)
    firsts = np.empty(count, dtype=np.int64)
    codes = np.empty(count, dtype=np.int32)
    used = 0
    for row in range(count):
        start, end = starts[row], ends[row]
        if start < 0:
            codes[row] = -1
            continue
        hashed = _BASIS
        for at in range(start, end):
            hashed = (hashed ^ np.uint64(octets[np.uintp(at)])) * _PRIME
        hashed ^= hashed >> np.uint64(32)
        slot = np.int64(hashed & np.uint64(mask))
        while True:
            code = slots[slot]
            if code < 0:
                code = used
                slots[slot] = code
                hashes[code] = hashed
                firsts[code] = row
                used += 1
                break
            if hashes[code] == hashed:
                other = np.int64(starts[firsts[code]])
                length = end - start
                if ends[firsts[code]] - other == length:
                    same = 0
                    while (
                        same < length
                        and octets[np.uintp(start + same)] == octets[np.uintp(other + same)]
                    ):
                        same += 1
                    if same == length:
                        break
            slot = (slot + 1) & mask
        codes[row] = code
    return codes, firsts[:used].copy()


@compiled
def gather(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Copy spans behind each other; return the octets and the offsets (int32), one more."""
    count = len(starts)
    offsets = np.empty(count + 1, dtype=np.int32)
    total = 0
    for row in range(count):
        offsets[row] = total
        total += ends[row] - starts[row]
    offsets[count] = total
    copy = np.empty(total, dtype=np.uint8)
    to = 0
    for row in range(count):
        for at in range(starts[row], ends[row]):
            copy[to] = octets[np.uintp(at)]
            to += 1
    return copy, offsets
