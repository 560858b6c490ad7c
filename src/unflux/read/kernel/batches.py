"""Messages in batches: what each will look at is asked for before the first one is taken.

Reading a message is waiting for memory, one place after the other: the name that was asked, the
rows it led to last, the answer set seen last. Steps of the same kind for several messages wait side
by side. Nothing here changes a table or depends on what a message says being so: a wrong guess
costs time only.
"""

import numpy as np

from unflux.read.kernel.hashing import hash_row, hash_words
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    BATCH_END,
    BATCH_HASH,
    BATCH_PUT,
    BATCH_ROWS,
    BATCH_START,
    BATCH_TAKEN,
    BATCH_TEXT,
    BATCH_TIME,
    BATCH_TYPE,
    LOOKUP_MOST,
    LOOKUP_QUESTION,
    TRAIL_LENGTH,
    Tables,
)
from unflux.read.kernel.messages import HEADER_BYTES, decode_message, is_response
from unflux.read.kernel.names import read_name
from unflux.read.kernel.octets import big16
from unflux.read.kernel.prefetching import prefetch
from unflux.read.kernel.rows import bucket_of, on_trail
from unflux.read.kernel.texts import last_lookup, place_of

_LOW = 0xFFFF_FFFF
_NONE = -1


@shared
def take_batch(tables: Tables, octets: np.ndarray) -> bool:
    """Take the messages that wait; false where the tables must grow before the rest is taken."""
    state = tables.state
    first, behind = state[BATCH_TAKEN], state[BATCH_PUT]
    for index in range(first, behind):
        look_for_name(tables, octets, index)
    for index in range(first, behind):
        look_for_text(tables, index)
    for index in range(first, behind):
        look_for_lookup(tables, index)
    for index in range(first, behind):
        look_for_rows(tables, index)
    for index in range(first, behind):
        at, batch = np.uintp(index), tables.batch
        start, end, ts_us = batch[at, BATCH_START], batch[at, BATCH_END], batch[at, BATCH_TIME]
        if not decode_message(tables, octets, start, end, ts_us):
            state[BATCH_TAKEN] = index
            return False
    state[BATCH_TAKEN] = state[BATCH_PUT] = 0
    return True


@inlined
def put_message(tables: Tables, start: int, end: int, ts_us: int) -> None:
    """Let a message wait for those that are taken with it."""
    index, batch = tables.state[BATCH_PUT], tables.batch
    batch[np.uintp(index), BATCH_START] = start
    batch[np.uintp(index), BATCH_END] = end
    batch[np.uintp(index), BATCH_TIME] = ts_us
    tables.state[BATCH_PUT] = index + 1


@inlined
def is_batch_full(tables: Tables) -> bool:
    """Tell whether no more messages can wait."""
    return tables.state[BATCH_PUT] == BATCH_ROWS


@inlined
def look_for_name(tables: Tables, octets: np.ndarray, index: int) -> None:
    """Ask for the slot of the name in the question."""
    at, batch = np.uintp(index), tables.batch
    start, end = batch[at, BATCH_START], batch[at, BATCH_END]
    batch[at, BATCH_HASH], batch[at, BATCH_TEXT] = 0, _NONE
    if not is_response(octets, start, end):
        return
    behind, length, _ = read_name(tables, octets, start, start + HEADER_BYTES, end, 0)
    if behind < 0 or behind + 2 > end:
        return
    hashed = hash_words(tables.keys, tables.scratch, 0, length)
    batch[at, BATCH_HASH] = np.int64(hashed)
    batch[at, BATCH_TYPE] = big16(octets, behind)
    prefetch(tables.text_slots, place_of(hashed, len(tables.text_slots) - 1))


@inlined
def look_for_text(tables: Tables, index: int) -> None:
    """Ask for the text in that slot, if it may be the one."""
    at, batch = np.uintp(index), tables.batch
    hashed = np.uint64(batch[at, BATCH_HASH])
    slot = tables.text_slots[np.uintp(place_of(hashed, len(tables.text_slots) - 1))]
    if slot and (np.uint64(slot) ^ hashed) >> np.uint64(32) == 0:
        text = (slot & _LOW) - 1
        batch[at, BATCH_TEXT] = text
        prefetch(tables.text_words, text)
        prefetch(tables.text_words, text + 7)


@inlined
def look_for_lookup(tables: Tables, index: int) -> None:
    """Ask for the lookup that the name was the question of last, its trail, and its slot."""
    at, batch = np.uintp(index), tables.batch
    text, qtype = batch[at, BATCH_TEXT], batch[at, BATCH_TYPE]
    if text < 0:
        return
    row = last_lookup(tables, text, qtype)
    prefetch(tables.lookup_rows, row)
    prefetch(tables.lookup_trails, row)
    bucket = bucket_of(tables, batch[at, BATCH_TIME])
    hashed = np.int64(hash_row(tables, bucket, text << 32 | qtype, 0))
    batch[at, BATCH_HASH] = hashed
    prefetch(tables.lookup_slots, hashed & (len(tables.lookup_slots) - 1))


@inlined
def look_for_rows(tables: Tables, index: int) -> None:
    """Ask for the sightings and the answer set that the lookup led to last."""
    at, batch = np.uintp(index), tables.batch
    text, qtype = batch[at, BATCH_TEXT], batch[at, BATCH_TYPE]
    if text < 0:
        return
    row, rows = last_lookup(tables, text, qtype), tables.lookup_rows
    if row >= 0 and rows[np.uintp(row), LOOKUP_QUESTION] == text << 32 | qtype:
        prefetch(tables.set_rows, (rows[np.uintp(row), LOOKUP_MOST] >> 32) - 1)
        for place in range(TRAIL_LENGTH):
            sighting = on_trail(tables, row, place)
            if sighting < 0:
                break
            prefetch(tables.sighting_rows, sighting)
        return
    place = batch[at, BATCH_HASH] & (len(tables.lookup_slots) - 1)
    row = (tables.lookup_slots[np.uintp(place)] & _LOW) - 1
    prefetch(tables.lookup_rows, row)
    prefetch(tables.lookup_trails, row)
