"""The answer set of a response: how many addresses and prefixes, and a hash that stands for it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from unflux.model.addresses import AddressNumbers, address_facts, address_numbers
from unflux.model.distinct import encode_distinct

GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIER_1: Final = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLIER_2: Final = np.uint64(0x94D049BB133111EB)
"""Constants of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014; variant 13 of Stafford's mixers)."""


@dataclass(frozen=True, slots=True)
class AnswerSets:
    """One entry per response, 0 where it has no address in its answer section."""

    addresses: np.ndarray
    """int64: distinct addresses."""
    slash24s: np.ndarray
    """int64: distinct /24 (IPv6: /48)."""
    slash16s: np.ndarray
    """int64: distinct /16 (IPv6: /32)."""
    hashes: np.ndarray
    """int64: the hash of the set."""


def answer_sets(
    response: np.ndarray, addresses: pa.Array | pa.ChunkedArray, response_count: int
) -> AnswerSets:
    """Collect the distinct addresses of each response.

    ``response`` holds the number of the response, 0..``response_count``-1, of each canonical
    address; a pair may occur more than once.
    """
    values, codes = encode_distinct(addresses)
    pairs = _distinct_pairs(response, np.asarray(codes), len(values))
    owner, code = pairs // max(len(values), 1), pairs % max(len(values), 1)
    facts = address_facts(values)

    def count_prefixes(prefixes: pa.Array) -> np.ndarray:
        names, prefix_codes = encode_distinct(prefixes)
        distinct = _distinct_pairs(owner, np.asarray(prefix_codes)[code], len(names))
        return np.bincount(distinct // max(len(names), 1), minlength=response_count)

    sums = np.zeros(response_count, dtype=np.uint64)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    if len(starts):
        hashes = hash_addresses(address_numbers(values))
        sums[owner[starts]] = np.add.reduceat(hashes[code], starts)
    return AnswerSets(
        np.bincount(owner, minlength=response_count),
        count_prefixes(facts.slash24),
        count_prefixes(facts.slash16),
        sums.view(np.int64),
    )


def _distinct_pairs(owner: np.ndarray, code: np.ndarray, code_count: int) -> np.ndarray:
    """Return the distinct pairs, sorted, as ``owner * code_count + code`` in int64."""
    return np.unique(owner.astype(np.int64) * code_count + code.astype(np.int64))


def hash_addresses(numbers: AddressNumbers) -> np.ndarray:
    """Hash each address to 64 bits (uint64): ``mix(low ^ mix(high ^ mix(family)))``.

    The hash of a set is the sum of the hashes of its members modulo 2^64, read as a signed
    number: any order gives the same, and every machine too. See docs/decisions/0004.
    """
    return _mix(numbers.low ^ _mix(numbers.high ^ _mix(numbers.family.astype(np.uint64))))


def _mix(values: np.ndarray) -> np.ndarray:
    """Return the SplitMix64 output for each state, all arithmetic modulo 2^64."""
    mixed = values + GAMMA
    mixed = (mixed ^ (mixed >> np.uint64(30))) * MULTIPLIER_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * MULTIPLIER_2
    return mixed ^ (mixed >> np.uint64(31))
