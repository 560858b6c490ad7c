"""Rows that come from elsewhere: from other tables, or from decoded text."""

import numpy as np

from unflux.read.kernel.addresses import (
    count_prefix,
    intern_address,
    is_first_in_response,
)
from unflux.read.kernel.hashing import hash_row, slot_of
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    ADDRESS_FAMILY,
    ADDRESS_HASH,
    ADDRESS_HIGH,
    ADDRESS_LOW,
    ADDRESS_SLASH16,
    ADDRESS_SLASH24,
    ADDRESSES,
    LOOKUP_ANSWERED,
    LOOKUP_BUCKET,
    LOOKUP_FIRST,
    LOOKUP_LAST,
    LOOKUP_MAX,
    LOOKUP_QUESTION,
    LOOKUP_RESPONSES,
    LOOKUP_SUM,
    LOOKUPS,
    PREFIX_BITS,
    PREFIX_KIND,
    PREFIXES,
    RESPONSES,
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
    SIGHTING_NAMES,
    SIGHTING_TTLS,
    SIGHTINGS,
    STAMP,
    TEXT_HASH,
    TEXTS,
    Tables,
)
from unflux.read.kernel.rows import (
    bucket_of,
    count_lookup,
    count_set,
    find_lookup,
    find_set,
    find_sighting,
    see,
)
from unflux.read.kernel.texts import intern_text, text_length, text_start

IS_ADDRESS_KIND = 8
"""Kinds below are of addresses: types A and AAAA, times 4, plus section."""

_ANS = 1
_LOW = 0xFFFF_FFFF
_IS_ADDRESS = 1 << 8


@shared
def refill_slots(tables: Tables) -> None:
    """Put every row into the slots, which are empty."""
    for row in range(tables.state[TEXTS]):
        fill(tables.text_slots, np.uint64(tables.text_rows[np.uintp(row), TEXT_HASH]), row)
    for row in range(tables.state[ADDRESSES]):
        at, rows = np.uintp(row), tables.address_rows
        family = rows[at, ADDRESS_FAMILY]
        hashed = hash_row(
            tables, _IS_ADDRESS | family, rows[at, ADDRESS_HIGH], rows[at, ADDRESS_LOW]
        )
        fill(tables.address_slots, hashed, row)
    for row in range(tables.state[PREFIXES]):
        at, rows = np.uintp(row), tables.prefix_rows
        hashed = hash_row(tables, rows[at, PREFIX_KIND], 0, rows[at, PREFIX_BITS])
        fill(tables.prefix_slots, hashed, row)
    for row in range(tables.state[SIGHTINGS]):
        at, rows = np.uintp(row), tables.sighting_rows
        hashed = hash_row(
            tables, rows[at, SIGHTING_BUCKET], rows[at, SIGHTING_NAMES], rows[at, SIGHTING_DATA]
        )
        fill(tables.sighting_slots, hashed, row)
    for row in range(tables.state[LOOKUPS]):
        at, rows = np.uintp(row), tables.lookup_rows
        hashed = hash_row(tables, rows[at, LOOKUP_BUCKET], rows[at, LOOKUP_QUESTION], 0)
        fill(tables.lookup_slots, hashed, row)
    for row in range(tables.state[SETS]):
        at, rows = np.uintp(row), tables.set_rows
        hashed = hash_row(tables, rows[at, SET_LOOKUP], rows[at, SET_HASH], 0)
        fill(tables.set_slots, hashed, row)


@inlined
def fill(slots: np.ndarray, hashed: np.uint64, row: int) -> None:
    """Put a row into the first free slot from where its hash points."""
    mask = len(slots) - 1
    at = np.int64(hashed) & mask
    while slots[np.uintp(at)]:
        at = (at + 1) & mask
    slots[np.uintp(at)] = slot_of(hashed, row)


@shared
def absorb_tables(tables: Tables, other: Tables, renamed: np.ndarray, moved: np.ndarray) -> None:
    """Merge all rows of other tables into these, which have room for them.

    ``renamed`` and ``moved``: int64, as many as the other has texts, and addresses or lookups.
    """
    for row in range(other.state[TEXTS]):
        start, length = text_start(other, row), text_length(other, row)
        renamed[np.uintp(row)] = intern_text(tables, other.text_words, start, length)
    for row in range(other.state[ADDRESSES]):
        at, rows = np.uintp(row), other.address_rows
        moved[at] = intern_address(
            tables, rows[at, ADDRESS_FAMILY], rows[at, ADDRESS_HIGH], rows[at, ADDRESS_LOW]
        )
    for row in range(other.state[SIGHTINGS]):
        absorb_sighting(tables, other, row, renamed, moved)
    for row in range(other.state[LOOKUPS]):
        moved[np.uintp(row)] = absorb_lookup(tables, other, row, renamed)
    for row in range(other.state[SETS]):
        absorb_set(tables, other, row, moved)


@inlined
def absorb_sighting(
    tables: Tables, other: Tables, row: int, renamed: np.ndarray, moved: np.ndarray
) -> None:
    """Merge one sighting."""
    at, rows = np.uintp(row), other.sighting_rows
    names, data = rows[at, SIGHTING_NAMES], rows[at, SIGHTING_DATA]
    kind, target = data & _LOW, np.uintp(data >> 32)
    target = moved[target] if kind < IS_ADDRESS_KIND else renamed[target]
    query, owner = renamed[np.uintp(names >> 32)], renamed[np.uintp(names & _LOW)]
    mine = find_sighting(tables, rows[at, SIGHTING_BUCKET], query << 32 | owner, target << 32 | kind)
    held, to = tables.sighting_rows, np.uintp(mine)
    ttls, more = held[to, SIGHTING_TTLS], rows[at, SIGHTING_TTLS]
    least = min((ttls >> 32) & _LOW, (more >> 32) & _LOW)
    held[to, SIGHTING_TTLS] = least << 32 | max(ttls & _LOW, more & _LOW)
    held[to, SIGHTING_COUNT] += rows[at, SIGHTING_COUNT]
    held[to, SIGHTING_FIRST] = min(held[to, SIGHTING_FIRST], rows[at, SIGHTING_FIRST])
    held[to, SIGHTING_LAST] = max(held[to, SIGHTING_LAST], rows[at, SIGHTING_LAST])


@inlined
def absorb_lookup(tables: Tables, other: Tables, row: int, renamed: np.ndarray) -> int:
    """Merge one lookup; return its row here."""
    at, rows = np.uintp(row), other.lookup_rows
    question = rows[at, LOOKUP_QUESTION]
    query = renamed[np.uintp(question >> 32)]
    mine = find_lookup(tables, rows[at, LOOKUP_BUCKET], query, question & _LOW)
    held, to = tables.lookup_rows, np.uintp(mine)
    for column in range(LOOKUP_RESPONSES, LOOKUP_SUM + 1):
        held[to, column] += rows[at, column]
    held[to, LOOKUP_MAX] = max(held[to, LOOKUP_MAX], rows[at, LOOKUP_MAX])
    held[to, LOOKUP_FIRST] = min(held[to, LOOKUP_FIRST], rows[at, LOOKUP_FIRST])
    held[to, LOOKUP_LAST] = max(held[to, LOOKUP_LAST], rows[at, LOOKUP_LAST])
    return mine


@inlined
def absorb_set(tables: Tables, other: Tables, row: int, moved: np.ndarray) -> None:
    """Merge one answer set."""
    at, rows = np.uintp(row), other.set_rows
    mine = find_set(tables, moved[np.uintp(rows[at, SET_LOOKUP])], rows[at, SET_HASH])
    held, to = tables.set_rows, np.uintp(mine)
    held[to, SET_RESPONSES] += rows[at, SET_RESPONSES]
    for column in (SET_ADDRESSES, SET_SLASH24S, SET_SLASH16S, SET_LAST):
        held[to, column] = max(held[to, column], rows[at, column])
    held[to, SET_FIRST] = min(held[to, SET_FIRST], rows[at, SET_FIRST])


@shared
def intern_all(
    tables: Tables, words: np.ndarray, starts: np.ndarray, lengths: np.ndarray, rows: np.ndarray
) -> None:
    """Find the row of each of several texts, which begin at words of ``words``."""
    for index in range(len(starts)):
        at = np.uintp(index)
        rows[at] = intern_text(tables, words, starts[at], lengths[at])


@shared
def intern_all_addresses(tables: Tables, numbers: np.ndarray, rows: np.ndarray) -> None:
    """Find the row of each of several addresses, given as (family, high, low)."""
    for index in range(len(numbers)):
        at = np.uintp(index)
        rows[at] = intern_address(tables, numbers[at, 0], numbers[at, 1], numbers[at, 2])


RESPONSE_TIME = 0
RESPONSE_QUERY = 1
RESPONSE_TYPE = 2
RESPONSE_CODE = 3
RESPONSE_RECORDS = 4
RESPONSE_WIDTH = 5
"""Columns of responses given as numbers: moment, row of the query's text, type, place in RCODES,
and how many of the records are theirs."""

RECORD_OWNER = 0
RECORD_KIND = 1
RECORD_TARGET = 2
RECORD_TTL = 3
RECORD_WIDTH = 4
"""Columns of their records, response after response."""


@shared
def add_responses(
    tables: Tables, responses: np.ndarray, records: np.ndarray, lookups: np.ndarray
) -> None:
    """Add responses given as numbers; the tables have room for them.

    ``lookups``: int64, one for each response: there the row of its lookup is written.
    """
    first = 0
    for index in range(len(responses)):
        at = np.uintp(index)
        behind = first + responses[at, RESPONSE_RECORDS]
        lookups[at] = add_response(tables, responses, at, records, first, behind)
        first = behind


@inlined
def add_response(
    tables: Tables, responses: np.ndarray, at: int, records: np.ndarray, first: int, behind: int
) -> int:
    """Add one response; return the row of its lookup."""
    ts_us, query = responses[at, RESPONSE_TIME], responses[at, RESPONSE_QUERY]
    bucket = bucket_of(tables, ts_us)
    stamp = tables.state[STAMP] + 1
    tables.state[STAMP] = stamp
    tables.state[RESPONSES] += 1
    answer_hash, addresses, slash24s, slash16s = 0, 0, 0, 0
    for record in range(first, behind):
        place = np.uintp(record)
        kind, target = records[place, RECORD_KIND], records[place, RECORD_TARGET]
        names = query << 32 | records[place, RECORD_OWNER]
        row = find_sighting(tables, bucket, names, target << 32 | kind)
        see(tables, row, ts_us, records[place, RECORD_TTL], stamp)
        is_answer = kind < IS_ADDRESS_KIND and kind & 3 == _ANS
        if is_answer and is_first_in_response(tables, target, stamp):
            addresses += 1
            answer_hash += tables.address_rows[np.uintp(target), ADDRESS_HASH]
            slash24s += count_prefix(tables, target, ADDRESS_SLASH24, stamp)
            slash16s += count_prefix(tables, target, ADDRESS_SLASH16, stamp)
    lookup = find_lookup(tables, bucket, query, responses[at, RESPONSE_TYPE])
    count_lookup(tables, lookup, ts_us, responses[at, RESPONSE_CODE], addresses)
    if addresses > 0:
        count_set(
            tables, find_set(tables, lookup, answer_hash), ts_us, addresses, slash24s, slash16s
        )
    return lookup


@shared
def pack_texts(tables: Tables, octets: np.ndarray, offsets: np.ndarray) -> None:
    """Write all texts behind each other, and where each begins and the last one ends.

    ``octets``: as many as the texts have in all; ``offsets``: int32, one more than texts.
    """
    written = 0
    for row in range(tables.state[TEXTS]):
        offsets[np.uintp(row)] = written
        start, length = text_start(tables, row), text_length(tables, row)
        for place in range(length):
            word = tables.text_words[np.uintp(start + (place >> 3))]
            octets[np.uintp(written + place)] = (word >> np.uint64(8 * (place & 7))) & np.uint64(255)
        written += length
    offsets[np.uintp(tables.state[TEXTS])] = written
