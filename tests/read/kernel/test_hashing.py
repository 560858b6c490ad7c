"""Whoever chooses names and addresses cannot make them collide."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import make_response
from tests.read.two_ways import decode, kernel

from unflux.read.kernel import layout
from unflux.read.kernel.layout import PACKET_WIDTH
from unflux.read.kernel.tables import TableSet
from unflux.read.source import Options

SLOTS = 1 << 14


def words_of(text: bytes) -> list[int]:
    padded = text + b"\0" * (-len(text) % 8)
    return [int.from_bytes(padded[at : at + 8], "little") for at in range(0, len(padded), 8)]


def mix(value: int) -> int:
    mask = (1 << 64) - 1
    value = (value + 0x9E3779B97F4A7C15) & mask
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & mask
    return value ^ value >> 31


def reference_hash(keys: list[int], text: bytes) -> int:
    """NH (RFC 4418 section 5.2.2) over 32-bit halves, then a bijective mix."""
    total = len(text)
    for index, word in enumerate(words_of(text)):
        low = (word + keys[2 * index]) & 0xFFFFFFFF
        high = ((word >> 32) + keys[2 * index + 1]) & 0xFFFFFFFF
        total += low * high
    return mix(total & ((1 << 64) - 1))


def stored_hashes(held: TableSet, names: list[str]) -> dict[str, int]:
    """Let the kernel keep names, and return the word by which it knows each."""
    messages = [make_response(f"{name}.") for name in names]
    rows = np.zeros((len(messages), PACKET_WIDTH), np.int64)
    ends = np.cumsum([len(message) for message in messages])
    rows[:, 0], rows[:, 1] = ends - [len(m) for m in messages], ends
    held.run(held.kernel.take_messages, np.frombuffer(b"".join(messages), np.uint8), rows)
    words = held.tables.text_words
    found, at = {}, 0
    while at < held.tables.state[layout.WORDS]:
        length = int(words[at]) & layout.TEXT_LENGTH_MASK
        start = at + layout.TEXT_HEADER
        size = (length + 7) // 8
        text = words[start : start + size].tobytes()[:length].decode()
        found[text] = int(words[at])
        at = start + size
    return found


@given(st.lists(st.from_regex(r"[a-z0-9-]{1,60}(\.[a-z0-9]{1,9})?", fullmatch=True), max_size=20))
def test_the_hash_is_the_family_it_claims_to_be(names: list[str]) -> None:
    held = TableSet(kernel(), Options())
    keys = [int(key) for key in held.tables.keys]
    for text, known_by in stored_hashes(held, names).items():
        expected = reference_hash(keys, text.encode())
        assert known_by >> 12 == expected >> 12


def test_each_run_has_keys_of_its_own() -> None:
    one, other = (TableSet(kernel(), Options()).tables.keys for _ in range(2))
    assert (one < 1 << 32).all()
    assert len(set(one.tolist())) > layout.KEY_COUNT // 2
    assert not np.array_equal(one, other)


def crowding(held: TableSet) -> float:
    """Return how many slots a look-up of a text passes on average, the one it is in included."""
    slots, words = held.tables.text_slots, held.tables.text_words
    mask, steps = len(slots) - 1, []
    for at in np.flatnonzero(slots):
        text = (int(slots[at]) & 0xFFFFFFFF) - 1
        first = int(words[text]) >> 12 & mask
        steps.append((int(at) - first & mask) + 1)
    return float(np.mean(steps))


@pytest.mark.slow
def test_a_collision_flood_made_for_one_run_is_none_in_the_next() -> None:
    """Names that one run's keys put into few slots spread as any others under other keys."""
    victim = TableSet(kernel(), Options())
    keys = [int(key) for key in victim.tables.keys]
    letters = "abcdefghijklmnop"
    flood: list[str] = []
    for label in itertools.product(letters, repeat=6):
        name = "".join(label) + ".example"
        if reference_hash(keys, name.encode()) >> 12 & SLOTS - 1 < 4:
            flood.append(name)
        if len(flood) == 200:
            break
    stored_hashes(victim, flood)
    stored_hashes(fresh := TableSet(kernel(), Options()), flood)
    assert len(victim.tables.text_slots) <= SLOTS
    assert crowding(victim) > 20  # the flood does what it was made for
    assert crowding(fresh) < 2


@pytest.mark.parametrize("count", [1, 2000])
def test_names_that_differ_in_one_octet_stay_apart(count: int) -> None:
    names = [f"n{number}.example" for number in range(count)]
    rollup, _ = decode(*(make_response(f"{name}.") for name in names))
    assert not isinstance(rollup, str)
    assert rollup.lookups["query"].to_pylist() == sorted(names)
