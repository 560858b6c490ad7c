"""Rows of the rollup: sightings, lookups and answer sets, merged as they come."""

import numpy as np

from unflux.read.kernel.hashing import hash_row, row_in, slot_of
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    BUCKET_US,
    LOOKUP_ANSWERED,
    LOOKUP_BUCKET,
    LOOKUP_FIRST,
    LOOKUP_LAST,
    LOOKUP_LAST_SET,
    LOOKUP_MAX,
    LOOKUP_QUESTION,
    LOOKUP_RCODES,
    LOOKUP_RESPONSES,
    LOOKUP_SUM,
    LOOKUPS,
    SET_ADDRESSES,
    SET_FIRST,
    SET_HASH,
    SET_LAST,
    SET_LOOKUP,
    SET_RESPONSES,
    SET_SLASH16S,
    SET_SLASH24S,
    SETS,
    SIGHTING_BUCKET,
    SIGHTING_COUNT,
    SIGHTING_DATA,
    SIGHTING_FIRST,
    SIGHTING_LAST,
    SIGHTING_MARK,
    SIGHTING_NAMES,
    SIGHTING_TTLS,
    SIGHTINGS,
    TEXT_LAST_LOOKUP,
    UNKNOWN_TIME,
    Tables,
)

_LATEST = (1 << 63) - 1
_LOW = 0xFFFF_FFFF
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
def first_of(ts_us: int) -> int:
    """Return a moment as a least one: unknown is later than any."""
    return _LATEST if ts_us == UNKNOWN_TIME else ts_us


@inlined
def join_ttls(ttls: int, least_s: int, greatest_s: int) -> int:
    """Widen a range of TTLs by another; -1 is unknown."""
    if greatest_s < 0:
        return ttls
    low, high = (ttls >> 32) & _LOW, ttls & _LOW
    return min(low, least_s) << 32 | max(high, greatest_s + 1)


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
    rows[new, SIGHTING_BUCKET] = bucket
    rows[new, SIGHTING_NAMES] = names
    rows[new, SIGHTING_DATA] = data
    rows[new, SIGHTING_COUNT] = 0
    rows[new, SIGHTING_FIRST] = _LATEST
    rows[new, SIGHTING_LAST] = UNKNOWN_TIME
    rows[new, SIGHTING_TTLS] = NO_TTLS
    rows[new, SIGHTING_MARK] = 0
    return row


@inlined
def see(tables: Tables, row: int, ts_us: int, ttl_s: int, stamp: int) -> None:
    """Add one record of the response in hand to its row; twice in it counts once."""
    rows, at = tables.sighting_rows, np.uintp(row)
    rows[at, SIGHTING_TTLS] = join_ttls(rows[at, SIGHTING_TTLS], ttl_s, ttl_s)
    mark = rows[at, SIGHTING_MARK]
    if mark >> 32 == stamp:
        return
    rows[at, SIGHTING_MARK] = stamp << 32 | (mark & _LOW)
    rows[at, SIGHTING_COUNT] += 1
    rows[at, SIGHTING_FIRST] = min(rows[at, SIGHTING_FIRST], first_of(ts_us))
    rows[at, SIGHTING_LAST] = max(rows[at, SIGHTING_LAST], ts_us)


@inlined
def follower_of(tables: Tables, row: int) -> int:
    """Return the sighting that came after another in a response the last time, or -1."""
    return (tables.sighting_rows[np.uintp(row), SIGHTING_MARK] & _LOW) - 1


@inlined
def set_follower(tables: Tables, row: int, follower: int) -> None:
    """Note which sighting came after another in the response in hand."""
    mark = tables.sighting_rows[np.uintp(row), SIGHTING_MARK]
    tables.sighting_rows[np.uintp(row), SIGHTING_MARK] = (mark & ~_LOW) | (follower + 1)


@shared
def find_lookup(tables: Tables, bucket: int, query: int, qtype: int) -> int:
    """Return the row of a question in a bucket, a new and empty one where it is not there yet."""
    question = query << 32 | qtype
    rows = tables.lookup_rows
    row = tables.text_rows[np.uintp(query), TEXT_LAST_LOOKUP] - 1
    if row >= 0 and rows[np.uintp(row), LOOKUP_QUESTION] == question:
        if rows[np.uintp(row), LOOKUP_BUCKET] == bucket:
            return row
    hashed = hash_row(tables, bucket, question, 0)
    mask = len(tables.lookup_slots) - 1
    at = np.int64(hashed) & mask
    while tables.lookup_slots[np.uintp(at)]:
        row = row_in(tables.lookup_slots[np.uintp(at)], hashed)
        if row >= 0 and rows[np.uintp(row), LOOKUP_QUESTION] == question:
            if rows[np.uintp(row), LOOKUP_BUCKET] == bucket:
                tables.text_rows[np.uintp(query), TEXT_LAST_LOOKUP] = row + 1
                return row
        at = (at + 1) & mask
    row = tables.state[LOOKUPS]
    tables.lookup_slots[np.uintp(at)] = slot_of(hashed, row)
    tables.state[LOOKUPS] = row + 1
    tables.text_rows[np.uintp(query), TEXT_LAST_LOOKUP] = row + 1
    for column in range(LOOKUP_RESPONSES, LOOKUP_LAST_SET + 1):
        rows[np.uintp(row), column] = 0
    rows[np.uintp(row), LOOKUP_BUCKET] = bucket
    rows[np.uintp(row), LOOKUP_QUESTION] = question
    rows[np.uintp(row), LOOKUP_FIRST] = _LATEST
    rows[np.uintp(row), LOOKUP_LAST] = UNKNOWN_TIME
    return row


@inlined
def count_lookup(tables: Tables, row: int, ts_us: int, rcode: int, addresses: int) -> None:
    """Add one response; ``rcode`` is a place in RCODES, ``addresses`` of its answer section."""
    rows, at = tables.lookup_rows, np.uintp(row)
    rows[at, LOOKUP_RESPONSES] += 1
    if rcode < 4:
        rows[at, LOOKUP_RCODES + rcode] += 1
    if addresses > 0:
        rows[at, LOOKUP_ANSWERED] += 1
        rows[at, LOOKUP_SUM] += addresses
        rows[at, LOOKUP_MAX] = max(rows[at, LOOKUP_MAX], addresses)
    rows[at, LOOKUP_FIRST] = min(rows[at, LOOKUP_FIRST], first_of(ts_us))
    rows[at, LOOKUP_LAST] = max(rows[at, LOOKUP_LAST], ts_us)


@shared
def find_set(tables: Tables, lookup: int, hashed_set: int) -> int:
    """Return the row of an answer set of a lookup, a new and empty one where there is none yet."""
    rows = tables.set_rows
    row = tables.lookup_rows[np.uintp(lookup), LOOKUP_LAST_SET] - 1
    if row >= 0 and rows[np.uintp(row), SET_HASH] == hashed_set:
        return row
    hashed = hash_row(tables, lookup, hashed_set, 0)
    mask = len(tables.set_slots) - 1
    at = np.int64(hashed) & mask
    while tables.set_slots[np.uintp(at)]:
        row = row_in(tables.set_slots[np.uintp(at)], hashed)
        if row >= 0 and rows[np.uintp(row), SET_HASH] == hashed_set:
            if rows[np.uintp(row), SET_LOOKUP] == lookup:
                tables.lookup_rows[np.uintp(lookup), LOOKUP_LAST_SET] = row + 1
                return row
        at = (at + 1) & mask
    row = tables.state[SETS]
    tables.set_slots[np.uintp(at)] = slot_of(hashed, row)
    tables.state[SETS] = row + 1
    tables.lookup_rows[np.uintp(lookup), LOOKUP_LAST_SET] = row + 1
    rows[np.uintp(row), SET_LOOKUP] = lookup
    rows[np.uintp(row), SET_HASH] = hashed_set
    for column in range(SET_RESPONSES, SET_SLASH16S + 1):
        rows[np.uintp(row), column] = 0
    rows[np.uintp(row), SET_FIRST] = _LATEST
    rows[np.uintp(row), SET_LAST] = UNKNOWN_TIME
    return row


@inlined
def count_set(
    tables: Tables, row: int, ts_us: int, addresses: int, slash24s: int, slash16s: int
) -> None:
    """Add one response with an answer set."""
    rows, at = tables.set_rows, np.uintp(row)
    rows[at, SET_RESPONSES] += 1
    rows[at, SET_ADDRESSES] = addresses
    rows[at, SET_SLASH24S] = slash24s
    rows[at, SET_SLASH16S] = slash16s
    rows[at, SET_FIRST] = min(rows[at, SET_FIRST], first_of(ts_us))
    rows[at, SET_LAST] = max(rows[at, SET_LAST], ts_us)
