"""Hashes that nobody without the keys of this run can make collide.

Products of key and data, summed: the NH family of UMAC (RFC 4418 section 5.2), under which two
different inputs of a length collide with a chance of 2^-32 at most, whoever chose them. A bijective
mix spreads what comes out over all bits.
"""

import numpy as np

from unflux.read.kernel.jit import inlined
from unflux.read.kernel.layout import KEY_COUNT, Tables

_LOW = np.uint64(0xFFFF_FFFF)
_HALF = np.uint64(32)
_ROW_KEYS = KEY_COUNT - 8

GAMMA = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
"""Constants of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014; variant 13 of Stafford's mixers)."""


@inlined
def mix(value: np.uint64) -> np.uint64:
    """Return the SplitMix64 output for a state; all arithmetic is modulo 2^64."""
    mixed = value + GAMMA
    mixed = (mixed ^ (mixed >> np.uint64(30))) * MULTIPLIER_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * MULTIPLIER_2
    return mixed ^ (mixed >> np.uint64(31))


@inlined
def product(keys: np.ndarray, key: int, word: np.uint64) -> np.uint64:
    """Return the term that eight octets add to a hash."""
    low = (word + keys[np.uintp(key)]) & _LOW
    high = ((word >> _HALF) + keys[np.uintp(key + 1)]) & _LOW
    return low * high


@inlined
def hash_words(keys: np.ndarray, words: np.ndarray, first: int, length: int) -> np.uint64:
    """Hash ``length`` octets that begin at a word; the rest of their last word is zero."""
    total = np.uint64(length)
    for index in range((length + 7) >> 3):
        total += product(keys, 2 * index, words[np.uintp(first + index)])
    return mix(total)


@inlined
def hash_row(tables: Tables, first: int, second: int, third: int) -> np.uint64:
    """Hash the key of a row."""
    total = product(tables.keys, _ROW_KEYS, np.uint64(first))
    total += product(tables.keys, _ROW_KEYS + 2, np.uint64(second))
    return mix(total + product(tables.keys, _ROW_KEYS + 4, np.uint64(third)))


@inlined
def slot_of(hashed: np.uint64, row: int) -> int:
    """Return what a slot holds for a row: half of its hash, and 1 + the row."""
    return np.int64(hashed & ~_LOW) | (row + 1)


@inlined
def row_in(slot: int, hashed: np.uint64) -> int:
    """Return the row in a slot if the half of the hash fits, else -1."""
    if (np.uint64(slot) ^ hashed) >> _HALF:
        return -1
    return (slot & 0xFFFF_FFFF) - 1
