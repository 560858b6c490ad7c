"""Spans of a block: their distinct texts, and copies of them."""

import numpy as np

from unflux.read.kernel.hashing import mix, product
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.octets import octet

_CHUNK_WORDS = 256
"""Hashed with keys of their own; longer texts are hashed chunk by chunk."""


@inlined
def word_at(octets: np.ndarray, at: int) -> np.uint64:
    """Return eight octets, the first one lowest; the compiler makes one load of it."""
    word = np.uint64(0)
    for place in range(8):
        word |= np.uint64(octet(octets, at + place)) << np.uint64(8 * place)
    return word


@inlined
def last_word(octets: np.ndarray, at: int, end: int) -> np.uint64:
    """Return the one to seven octets up to ``end``, the first one lowest."""
    if end >= 8:
        return word_at(octets, end - 8) >> np.uint64(8 * (8 - (end - at)))
    word = np.uint64(0)
    for place in range(end - at):
        word |= np.uint64(octet(octets, at + place)) << np.uint64(8 * place)
    return word


@inlined
def hash_span(octets: np.ndarray, keys: np.ndarray, start: int, end: int) -> np.uint64:
    """Hash a text as :mod:`unflux.read.kernel.hashing` does, chunk by chunk."""
    total, at, key = np.uint64(end - start), start, 0
    while at + 8 <= end:
        total += product(keys, key, word_at(octets, at))
        at += 8
        key += 2
        if key == 2 * _CHUNK_WORDS:
            total, key = mix(total), 0
    if at < end:
        total += product(keys, key, last_word(octets, at, end))
    return mix(total)


@inlined
def is_same(octets: np.ndarray, start: int, other: int, length: int) -> bool:
    """Tell whether as many octets from two places on are the same."""
    same = 0
    while same + 8 <= length:
        if word_at(octets, start + same) != word_at(octets, other + same):
            return False
        same += 8
    while same < length:
        if octet(octets, start + same) != octet(octets, other + same):
            return False
        same += 1
    return True


@shared
def encode_spans(
    octets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    keys: np.ndarray,
    code_slots: np.ndarray,
    hashes: np.ndarray,
    codes: np.ndarray,
    firsts: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Number the distinct texts in the order they come.

    ``keys``: as of the tables. ``code_slots``: int32, zeros, a power of two and twice as many as
    spans at least; ``hashes``: uint64, as many as spans. ``codes`` (int32) takes the number of
    each span's text, -1 where its start is negative; ``firsts`` (int64), for each number, the
    first span that has it; ``counts`` how many numbers there are.
    """
    mask = len(code_slots) - 1
    used, last_code = 0, -1
    last_start, last_length = 0, -1
    for row in range(len(starts)):
        start = np.int64(starts[np.uintp(row)])
        if start < 0:
            codes[np.uintp(row)] = -1
            continue
        length = ends[np.uintp(row)] - start
        # The same as the one before, as often: no need to look it up.
        if length == last_length and is_same(octets, start, last_start, length):
            codes[np.uintp(row)] = last_code
            continue
        hashed = hash_span(octets, keys, start, start + length)
        slot = np.int64(hashed) & mask
        while True:
            code = np.int64(code_slots[np.uintp(slot)]) - 1
            if code < 0:
                code = used
                code_slots[np.uintp(slot)] = code + 1
                hashes[np.uintp(code)] = hashed
                firsts[np.uintp(code)] = row
                used += 1
                break
            if hashes[np.uintp(code)] == hashed:
                first = np.uintp(firsts[np.uintp(code)])
                other = np.int64(starts[first])
                if ends[first] - other == length and is_same(octets, start, other, length):
                    break
            slot = (slot + 1) & mask
        codes[np.uintp(row)] = code
        last_code, last_start, last_length = code, start, length
    counts[0] = used


@shared
def gather_spans(
    octets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    copy: np.ndarray,
    offsets: np.ndarray,
) -> None:
    """Copy spans behind each other; ``offsets``: int32, one more than spans, from 0."""
    to = 0
    for row in range(len(starts)):
        for at in range(np.int64(starts[np.uintp(row)]), np.int64(ends[np.uintp(row)])):
            copy[np.uintp(to)] = octets[np.uintp(at)]
            to += 1
        offsets[np.uintp(row + 1)] = to
