"""Spans of a block: their distinct texts, and copies of them."""

import numpy as np

from unflux.read.scan.jit import compiled, inlined

_PRIME = np.uint64(0x9FB21C651E98DF25)
_SHIFT = np.uint64(32)
"""An odd number with as many ones as zeros. Whoever makes texts collide costs a block the square
of its rows, and no more: the table is made anew for each."""


@inlined
def _octet(octets: np.ndarray, at: int) -> np.uint64:
    return np.uint64(octets[np.uintp(at)])


@inlined
def _word(octets: np.ndarray, at: int) -> np.uint64:
    """Return eight octets; the compiler makes one load of it."""
    low = (
        _octet(octets, at)
        | _octet(octets, at + 1) << np.uint64(8)
        | _octet(octets, at + 2) << np.uint64(16)
        | _octet(octets, at + 3) << np.uint64(24)
    )
    high = (
        _octet(octets, at + 4)
        | _octet(octets, at + 5) << np.uint64(8)
        | _octet(octets, at + 6) << np.uint64(16)
        | _octet(octets, at + 7) << np.uint64(24)
    )
    return low | high << np.uint64(32)


@inlined
def _hash(octets: np.ndarray, start: int, end: int) -> np.uint64:
    hashed = np.uint64(end - start) * _PRIME
    at = start
    while at + 8 <= end:
        hashed = (hashed ^ _word(octets, at)) * _PRIME
        hashed ^= hashed >> _SHIFT
        at += 8
    rest = np.uint64(0)
    while at < end:
        rest = rest << np.uint64(8) | _octet(octets, at)
        at += 1
    hashed = (hashed ^ rest) * _PRIME
    return hashed ^ hashed >> _SHIFT


@inlined
def _is_same(octets: np.ndarray, start: int, other: int, length: int) -> bool:
    """Tell whether as many octets from two places on are the same."""
    same = 0
    while same + 8 <= length:
        if _word(octets, start + same) != _word(octets, other + same):
            return False
        same += 8
    while same < length:
        if _octet(octets, start + same) != _octet(octets, other + same):
            return False
        same += 1
    return True


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
    mask = np.uint64(size - 1)
    slots = np.full(size, -1, dtype=np.int32)
    hashes = np.empty(count, dtype=np.uint64)
    firsts = np.empty(count, dtype=np.int64)
    codes = np.empty(count, dtype=np.int32)
    used, last_code = 0, -1
    last_start, last_length = 0, -1
    for row in range(count):
        start = int(starts[row])
        if start < 0:
            codes[row] = -1
            continue
        length = int(ends[row]) - start
        # The same as the one before, as often: no need to look it up.
        if length == last_length and _is_same(octets, start, last_start, length):
            codes[row] = last_code
            continue
        hashed = _hash(octets, start, start + length)
        slot = hashed & mask
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
                first = firsts[code]
                other = int(starts[first])
                if ends[first] - other == length and _is_same(octets, start, other, length):
                    break
            slot = (slot + np.uint64(1)) & mask
        codes[row] = code
        last_code, last_start, last_length = code, start, length
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
            copy[np.uintp(to)] = octets[np.uintp(at)]
            to += 1
    return copy, offsets
