"""Rows of the rollup: sightings, lookups and answer sets, merged as they come."""

import numpy as np

from unflux.read.kernel.hashing import hash_row, row_in, slot_of
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    BUCKET_US,
    LOOKUP_ANSWERED,
    LOOKUP_BUCKET,
    LOOKUP_FAILED,
    LOOKUP_MOST,
    LOOKUP_QUESTION,
    LOOKUP_RESPONSES,
    LOOKUP_SEEN,
    LOOKUP_SUM,
    LOOKUP_WIDTH,
    LOOKUPS,
    NEVER_SEEN,
    SET_ADDRESSES,
    SET_HASH,
    SET_LOOKUP,
    SET_RESPONSES,
    SET_SEEN,
    SET_SLASH16S,
    SET_SLASH24S,
    SET_WIDTH,
    SETS,
    SIGHTING_BUCKET,
    SIGHTING_COUNT,
    SIGHTING_DATA,
    SIGHTING_NAMES,
    SIGHTING_SEEN,
    SIGHTING_STAMP,
    SIGHTING_TTLS,
    SIGHTING_WIDTH,
    SIGHTINGS,
    TRAIL_LENGTH,
    UNKNOWN_TIME,
    Tables,
)
from unflux.read.kernel.texts import last_lookup, set_last_lookup

_LOW = 0xFFFF_FFFF
_ONE_ABOVE = 1 << 32
NO_TTLS = -(1 << 63)
"""TTLs of which none is known: the least is 2^31, more than any, 1 + the greatest is 0."""


@inlined
def bucket_of(tables: Tables, ts_us: int) -> int:
    """Return the start of the bucket of a moment, microseconds; unknown stays unknown."""
    if ts_us == UNKNOWN_TIME:
        return UNKNOWN_TIME
    width_us = tables.state[BUCKET_US]
    return ts_us // width_us * width_us


@inlined
def join_seen(seen: int, first_us: int, last_us: int) -> int:
    """Widen a range of moments, microseconds into their bucket, by another."""
    return min(seen & _LOW, first_us) | max((seen >> 32) & _LOW, last_us) << 32


@inlined
def join_ttls(ttls: int, least_s: int, greatest_s: int) -> int:
    """Widen a range of TTLs by another; -1 is unknown."""
    if greatest_s < 0:
        return ttls
    return min((ttls >> 32) & _LOW, least_s) << 32 | max(ttls & _LOW, greatest_s + 1)


@inlined
def is_sighting(tables: Tables, row: int, bucket: int, names: int, data: int) -> bool:
    """Tell whether a row is that of this record."""
    rows, at = tables.sighting_rows, np.uintp(row)
    is_same = rows[at, SIGHTING_DATA] == data and rows[at, SIGHTING_NAMES] == names
    return is_same and rows[at, SIGHTING_BUCKET] == bucket


@shared
def find_sighting(tables: Tables, bucket: int, names: int, data: int) -> int:
    """Return the row of a record, a new and empty one where it is not there yet."""
    hashed = hash_row(tables, bucket, names, data)
    mask = len(tables.sighting_slots) - 1
    at = np.int64(hashed) & mask
    while tables.sighting_slots[np.uintp(at)]:
        row = row_in(tables.sighting_slots[np.uintp(at)], hashed)
        if row >= 0 and is_sighting(tables, row, bucket, names, data):
            return row
        at = (at + 1) & mask
    row = tables.state[SIGHTINGS]
    tables.sighting_slots[np.uintp(at)] = slot_of(hashed, row)
    tables.state[SIGHTINGS] = row + 1
    rows, new = tables.sighting_rows, np.uintp(row)
    for column in range(SIGHTING_WIDTH):
        rows[new, column] = 0
    rows[new, SIGHTING_BUCKET] = bucket
    rows[new, SIGHTING_NAMES] = names
    rows[new, SIGHTING_DATA] = data
    rows[new, SIGHTING_SEEN] = NEVER_SEEN
    rows[new, SIGHTING_TTLS] = NO_TTLS
    return row


@inlined
def see(tables: Tables, row: int, since_us: int, ttl_s: int, stamp: int) -> bool:
    """Add one record of the response in hand to its row; twice in it counts once.

    ``since_us``: from the start of the bucket. Tells whether it is there for the first time.
    """
    rows, at = tables.sighting_rows, np.uintp(row)
    rows[at, SIGHTING_TTLS] = join_ttls(rows[at, SIGHTING_TTLS], ttl_s, ttl_s)
    if rows[at, SIGHTING_STAMP] == stamp:
        return False
    rows[at, SIGHTING_STAMP] = stamp
    rows[at, SIGHTING_COUNT] += 1
    rows[at, SIGHTING_SEEN] = join_seen(rows[at, SIGHTING_SEEN], since_us, since_us)
    return True


@inlined
def is_lookup(tables: Tables, row: int, bucket: int, question: int) -> bool:
    """Tell whether a row is that of this question."""
    rows, at = tables.lookup_rows, np.uintp(row)
    return rows[at, LOOKUP_QUESTION] == question and rows[at, LOOKUP_BUCKET] == bucket


@shared
def find_lookup(tables: Tables, bucket: int, query: int, qtype: int) -> int:
    """Return the row of a question in a bucket, a new and empty one where it is not there yet."""
    question = query << 32 | qtype
    row = last_lookup(tables, query, qtype)
    if row >= 0 and is_lookup(tables, row, bucket, question):
        return row
    hashed = hash_row(tables, bucket, question, 0)
    mask = len(tables.lookup_slots) - 1
    at = np.int64(hashed) & mask
    while tables.lookup_slots[np.uintp(at)]:
        row = row_in(tables.lookup_slots[np.uintp(at)], hashed)
        if row >= 0 and is_lookup(tables, row, bucket, question):
            set_last_lookup(tables, query, qtype, row)
            return row
        at = (at + 1) & mask
    row = tables.state[LOOKUPS]
    tables.lookup_slots[np.uintp(at)] = slot_of(hashed, row)
    tables.state[LOOKUPS] = row + 1
    set_last_lookup(tables, query, qtype, row)
    rows, new = tables.lookup_rows, np.uintp(row)
    for column in range(LOOKUP_WIDTH):
        rows[new, column] = 0
    for place in range(TRAIL_LENGTH):
        tables.lookup_trails[new, place] = 0
    rows[new, LOOKUP_BUCKET] = bucket
    rows[new, LOOKUP_QUESTION] = question
    rows[new, LOOKUP_SEEN] = NEVER_SEEN
    return row


@inlined
def count_lookup(tables: Tables, row: int, since_us: int, rcode: int, addresses: int) -> None:
    """Add one response; ``rcode`` is a place in RCODES, ``addresses`` of its answer section."""
    rows, at = tables.lookup_rows, np.uintp(row)
    rows[at, LOOKUP_RESPONSES] += _ONE_ABOVE + 1 if rcode == 0 else 1
    if rcode in (1, 2):
        rows[at, LOOKUP_FAILED] += 1 if rcode == 1 else _ONE_ABOVE
    if rcode == 3:
        rows[at, LOOKUP_ANSWERED] += 1
    if addresses > 0:
        rows[at, LOOKUP_ANSWERED] += _ONE_ABOVE
        rows[at, LOOKUP_SUM] += addresses
        most = rows[at, LOOKUP_MOST]
        rows[at, LOOKUP_MOST] = (most & ~_LOW) | max(most & _LOW, addresses)
    rows[at, LOOKUP_SEEN] = join_seen(rows[at, LOOKUP_SEEN], since_us, since_us)


@inlined
def is_set(tables: Tables, row: int, lookup: int, hashed_set: int) -> bool:
    """Tell whether a row is that of this answer set."""
    rows, at = tables.set_rows, np.uintp(row)
    return rows[at, SET_HASH] == hashed_set and rows[at, SET_LOOKUP] == lookup


@shared
def find_set(tables: Tables, lookup: int, hashed_set: int) -> int:
    """Return the row of an answer set of a lookup, a new and empty one where there is none yet."""
    rows = tables.set_rows
    row = (tables.lookup_rows[np.uintp(lookup), LOOKUP_MOST] >> 32) - 1
    if row >= 0 and rows[np.uintp(row), SET_HASH] == hashed_set:
        return row
    hashed = hash_row(tables, lookup, hashed_set, 0)
    mask = len(tables.set_slots) - 1
    at = np.int64(hashed) & mask
    while tables.set_slots[np.uintp(at)]:
        row = row_in(tables.set_slots[np.uintp(at)], hashed)
        if row >= 0 and is_set(tables, row, lookup, hashed_set):
            set_last_set(tables, lookup, row)
            return row
        at = (at + 1) & mask
    row = tables.state[SETS]
    tables.set_slots[np.uintp(at)] = slot_of(hashed, row)
    tables.state[SETS] = row + 1
    set_last_set(tables, lookup, row)
    for column in range(SET_WIDTH):
        rows[np.uintp(row), column] = 0
    rows[np.uintp(row), SET_LOOKUP] = lookup
    rows[np.uintp(row), SET_HASH] = hashed_set
    rows[np.uintp(row), SET_SEEN] = NEVER_SEEN
    return row


@inlined
def set_last_set(tables: Tables, lookup: int, row: int) -> None:
    """Note the answer set that a lookup saw last."""
    most = tables.lookup_rows[np.uintp(lookup), LOOKUP_MOST]
    tables.lookup_rows[np.uintp(lookup), LOOKUP_MOST] = (row + 1) << 32 | (most & _LOW)


@inlined
def describe_set(tables: Tables, row: int, addresses: int, slash24s: int, slash16s: int) -> None:
    """Say what a new answer set holds."""
    rows, at = tables.set_rows, np.uintp(row)
    rows[at, SET_ADDRESSES] = addresses
    rows[at, SET_SLASH24S] = slash24s
    rows[at, SET_SLASH16S] = slash16s


@inlined
def count_set(tables: Tables, row: int, since_us: int) -> None:
    """Add one response with an answer set."""
    rows, at = tables.set_rows, np.uintp(row)
    rows[at, SET_RESPONSES] += 1
    rows[at, SET_SEEN] = join_seen(rows[at, SET_SEEN], since_us, since_us)


@inlined
def on_trail(tables: Tables, lookup: int, place: int) -> int:
    """Return the sighting that a response of the lookup led to at this place last, or -1."""
    if place >= TRAIL_LENGTH:
        return -1
    return np.int64(tables.lookup_trails[np.uintp(lookup), np.uintp(place)]) - 1


@inlined
def locate(tables: Tables, lookup: int, place: int, bucket: int, names: int, data: int) -> int:
    """Return the row of a record, which is looked for on the trail of its lookup first.

    Servers rotate the records of a response: what was found further on is put here, and what was
    here there.
    """
    trails, trail = tables.lookup_trails, np.uintp(lookup)
    for other in range(place, TRAIL_LENGTH):
        row = on_trail(tables, lookup, other)
        if row < 0:
            break
        if is_sighting(tables, row, bucket, names, data):
            if other != place:
                trails[trail, np.uintp(other)] = trails[trail, np.uintp(place)]
                trails[trail, np.uintp(place)] = row + 1
            return row
    row = find_sighting(tables, bucket, names, data)
    if place < TRAIL_LENGTH:
        trails[trail, np.uintp(place)] = row + 1
    return row
