"""The table of texts: each name, and each SOA record, once, known by where it begins."""

import numpy as np

from unflux.read.kernel.hashing import hash_words
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    TEXT_HEADER,
    TEXT_LENGTH_MASK,
    TEXT_LOOKUPS,
    TEXTS,
    WORDS,
    Tables,
)

_LOW = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)
_LENGTH = np.uint64(TEXT_LENGTH_MASK)
_LENGTH_BITS = np.uint64(12)
_A = 1


@inlined
def text_length(tables: Tables, text: int) -> int:
    """Return how many octets a text has."""
    return np.int64(tables.text_words[np.uintp(text)] & _LENGTH)


@inlined
def place_of(hashed: np.uint64, mask: int) -> int:
    """Return the slot where a text is looked for first."""
    return np.int64(hashed >> _LENGTH_BITS) & mask


@inlined
def text_slot(hashed: np.uint64, text: int) -> int:
    """Return what a slot holds for a text."""
    return np.int64(hashed & ~_LOW) | (text + 1)


@shared
def intern_text(tables: Tables, words: np.ndarray, first: int, length: int) -> int:
    """Return where a text is, a new one where it is not there yet.

    It begins at a word of ``words``; the rest of its last word is zero.
    """
    hashed = hash_words(tables.keys, words, first, length)
    mask = len(tables.text_slots) - 1
    at = place_of(hashed, mask)
    while tables.text_slots[np.uintp(at)]:
        slot = tables.text_slots[np.uintp(at)]
        if (np.uint64(slot) ^ hashed) >> _HALF == 0:
            text = (slot & 0xFFFF_FFFF) - 1
            if is_text(tables, text, words, first, length):
                return text
        at = (at + 1) & mask
    text = tables.state[WORDS]
    size = (length + 7) >> 3
    for index in range(size):
        tables.text_words[np.uintp(text + TEXT_HEADER + index)] = words[np.uintp(first + index)]
    tables.text_words[np.uintp(text)] = (hashed & ~_LENGTH) | np.uint64(length)
    tables.text_words[np.uintp(text + TEXT_LOOKUPS)] = np.uint64(0)
    tables.text_slots[np.uintp(at)] = text_slot(hashed, text)
    tables.state[TEXTS] += 1
    tables.state[WORDS] = text + TEXT_HEADER + size
    return text


@inlined
def is_text(tables: Tables, text: int, words: np.ndarray, first: int, length: int) -> bool:
    """Tell whether a text is exactly this."""
    if text_length(tables, text) != length:
        return False
    start = text + TEXT_HEADER
    for index in range((length + 7) >> 3):
        if tables.text_words[np.uintp(start + index)] != words[np.uintp(first + index)]:
            return False
    return True


@inlined
def last_lookup(tables: Tables, text: int, qtype: int) -> int:
    """Return the lookup that this name was the question of last, or -1."""
    shift = np.uint64(0) if qtype == _A else _HALF
    return np.int64((tables.text_words[np.uintp(text + TEXT_LOOKUPS)] >> shift) & _LOW) - 1


@inlined
def set_last_lookup(tables: Tables, text: int, qtype: int, row: int) -> None:
    """Note the lookup that this name is the question of."""
    shift, at = np.uint64(0) if qtype == _A else _HALF, np.uintp(text + TEXT_LOOKUPS)
    others = tables.text_words[at] & ~(_LOW << shift)
    tables.text_words[at] = others | np.uint64(row + 1) << shift
