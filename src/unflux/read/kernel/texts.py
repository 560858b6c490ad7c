"""The table of texts: each name, and each SOA record, once."""

import numpy as np

from unflux.read.kernel.hashing import hash_words, row_in, slot_of
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    TEXT_FIRST_SIGHTING,
    TEXT_HASH,
    TEXT_LAST_LOOKUP,
    TEXT_LENGTH_BITS,
    TEXT_PLACE,
    TEXTS,
    WORDS,
    Tables,
)

_LENGTH_MASK = (1 << TEXT_LENGTH_BITS) - 1


@inlined
def text_length(tables: Tables, text: int) -> int:
    """Return how many octets a text has."""
    return tables.text_rows[np.uintp(text), TEXT_PLACE] & _LENGTH_MASK


@inlined
def text_start(tables: Tables, text: int) -> int:
    """Return the word at which a text begins."""
    return tables.text_rows[np.uintp(text), TEXT_PLACE] >> TEXT_LENGTH_BITS


@shared
def intern_text(tables: Tables, words: np.ndarray, first: int, length: int) -> int:
    """Return the row of a text, a new one where it is not there yet.

    It begins at a word of ``words``; the rest of its last word is zero.
    """
    hashed = hash_words(tables.keys, words, first, length)
    mask = len(tables.text_slots) - 1
    at = np.int64(hashed) & mask
    while tables.text_slots[np.uintp(at)]:
        row = row_in(tables.text_slots[np.uintp(at)], hashed)
        if row >= 0 and is_text(tables, row, words, first, length):
            return row
        at = (at + 1) & mask
    row = tables.state[TEXTS]
    start = tables.state[WORDS]
    size = (length + 7) >> 3
    for index in range(size):
        tables.text_words[np.uintp(start + index)] = words[np.uintp(first + index)]
    tables.text_rows[np.uintp(row), TEXT_PLACE] = start << TEXT_LENGTH_BITS | length
    tables.text_rows[np.uintp(row), TEXT_HASH] = np.int64(hashed)
    tables.text_rows[np.uintp(row), TEXT_FIRST_SIGHTING] = 0
    tables.text_rows[np.uintp(row), TEXT_LAST_LOOKUP] = 0
    tables.text_slots[np.uintp(at)] = slot_of(hashed, row)
    tables.state[TEXTS] = row + 1
    tables.state[WORDS] = start + size
    return row


@inlined
def is_text(tables: Tables, row: int, words: np.ndarray, first: int, length: int) -> bool:
    """Tell whether a row holds exactly this text."""
    if text_length(tables, row) != length:
        return False
    start = text_start(tables, row)
    for index in range((length + 7) >> 3):
        if tables.text_words[np.uintp(start + index)] != words[np.uintp(first + index)]:
            return False
    return True
