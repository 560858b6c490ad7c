"""Rows that come from elsewhere: from other tables, or from decoded text."""

import numpy as np

from unflux.read.kernel.addresses import (
    IPV4,
    IPV6,
    count_prefix,
    hash_address,
    hash_of_address,
    intern_address,
    is_first_in_response,
)
from unflux.read.kernel.framing import stop
from unflux.read.kernel.hashing import hash_row, slot_of
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    ADDRESS_FAMILY,
    ADDRESS_HIGH,
    ADDRESS_LOW,
    ADDRESS_SLASH16,
    ADDRESS_SLASH24,
    ADDRESSES,
    COUNT,
    DONE,
    KIND_IPV6,
    KIND_NAME,
    LOOKUP_BUCKET,
    LOOKUP_MOST,
    LOOKUP_QUESTION,
    LOOKUP_RESPONSES,
    LOOKUP_SEEN,
    LOOKUP_SUM,
    LOOKUPS,
    NO_ROOM,
    PREFIX_BITS,
    PREFIX_KIND,
    PREFIXES,
    RECORD_HIGH,
    RECORD_KIND,
    RECORD_LOW,
    RECORD_OWNER,
    RECORD_TTL,
    RESPONSE_CODE,
    RESPONSE_QUERY,
    RESPONSE_RECORDS,
    RESPONSE_TIME,
    RESPONSE_TYPE,
    RESPONSES,
    SET_ADDRESSES,
    SET_HASH,
    SET_LOOKUP,
    SET_RESPONSES,
    SET_SEEN,
    SET_SLASH16S,
    SET_SLASH24S,
    SETS,
    SIGHTING_BUCKET,
    SIGHTING_COUNT,
    SIGHTING_DATA,
    SIGHTING_NAMES,
    SIGHTING_SEEN,
    SIGHTING_TTLS,
    SIGHTINGS,
    STAMP,
    STOPPED_AT,
    TEXT_HEADER,
    TEXT_LENGTH_MASK,
    UNKNOWN_TIME,
    WORDS,
    Tables,
)
from unflux.read.kernel.names import append
from unflux.read.kernel.octets import octet
from unflux.read.kernel.rows import (
    bucket_of,
    count_lookup,
    count_set,
    describe_set,
    find_lookup,
    find_set,
    find_sighting,
    join_seen,
    join_ttls,
    see,
)
from unflux.read.kernel.texts import intern_text, place_of, text_length, text_slot

_ANS = 1
_LOW = 0xFFFF_FFFF


@inlined
def text_behind(tables: Tables, text: int) -> int:
    """Return where the text behind another begins."""
    return text + TEXT_HEADER + (text_length(tables, text) + 7 >> 3)


@shared
def refill_slots(tables: Tables) -> None:
    """Put every row into the slots, which are empty."""
    text = 0
    while text < tables.state[WORDS]:
        hashed = tables.text_words[np.uintp(text)] & ~np.uint64(TEXT_LENGTH_MASK)
        at = free_slot(tables.text_slots, place_of(hashed, len(tables.text_slots) - 1))
        tables.text_slots[np.uintp(at)] = text_slot(hashed, text)
        text = text_behind(tables, text)
    for row in range(tables.state[ADDRESSES]):
        at, rows = np.uintp(row), tables.address_rows
        high, low = rows[at, ADDRESS_HIGH], rows[at, ADDRESS_LOW]
        fill(
            tables.address_slots, hash_of_address(tables, rows[at, ADDRESS_FAMILY], high, low), row
        )
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
def free_slot(slots: np.ndarray, at: int) -> int:
    """Return the first free slot from a place on."""
    while slots[np.uintp(at)]:
        at = (at + 1) & (len(slots) - 1)
    return at


@inlined
def fill(slots: np.ndarray, hashed: np.uint64, row: int) -> None:
    """Put a row into the first free slot from where its hash points."""
    at = free_slot(slots, np.int64(hashed) & (len(slots) - 1))
    slots[np.uintp(at)] = slot_of(hashed, row)


@shared
def absorb_tables(
    tables: Tables, other: Tables, renamed: np.ndarray, moved: np.ndarray, progress: np.ndarray
) -> None:
    """Merge all rows of other tables into these, which have room for its texts and addresses.

    ``renamed``: int32, as many as the other has words of text; ``moved``: as many as it has
    addresses or lookups. ``progress`` is zero at first; where there is NO_ROOM for more sightings,
    lookups or sets the call is made again: COUNT says which come next, STOPPED_AT from which row.
    """
    if progress[COUNT] == 0:
        text = 0
        while text < other.state[WORDS]:
            renamed[np.uintp(text)] = intern_text(
                tables, other.text_words, text + TEXT_HEADER, text_length(other, text)
            )
            text = text_behind(other, text)
        for row in range(other.state[ADDRESSES]):
            at, rows = np.uintp(row), other.address_rows
            moved[at] = intern_address(
                tables, rows[at, ADDRESS_FAMILY], rows[at, ADDRESS_HIGH], rows[at, ADDRESS_LOW]
            )
        stop(progress, 0, NO_ROOM, 1)
    if progress[COUNT] == 1:
        for row in range(progress[STOPPED_AT], other.state[SIGHTINGS]):
            if tables.state[SIGHTINGS] == len(tables.sighting_rows):
                stop(progress, row, NO_ROOM, 1)
                return
            absorb_sighting(tables, other, row, renamed, moved)
        stop(progress, 0, NO_ROOM, 2)
    if progress[COUNT] == 2:
        for row in range(progress[STOPPED_AT], other.state[LOOKUPS]):
            if tables.state[LOOKUPS] == len(tables.lookup_rows):
                stop(progress, row, NO_ROOM, 2)
                return
            moved[np.uintp(row)] = absorb_lookup(tables, other, row, renamed)
        stop(progress, 0, NO_ROOM, 3)
    for row in range(progress[STOPPED_AT], other.state[SETS]):
        if tables.state[SETS] == len(tables.set_rows):
            stop(progress, row, NO_ROOM, 3)
            return
        absorb_set(tables, other, row, moved)
    stop(progress, 0, DONE, 4)


@inlined
def absorb_sighting(
    tables: Tables, other: Tables, row: int, renamed: np.ndarray, moved: np.ndarray
) -> None:
    """Merge one sighting."""
    at, rows = np.uintp(row), other.sighting_rows
    names, data = rows[at, SIGHTING_NAMES], rows[at, SIGHTING_DATA]
    kind, target = data & _LOW, (data >> 32) & _LOW
    if kind >= KIND_NAME:
        target = renamed[np.uintp(target)]
    elif kind >= KIND_IPV6:
        target = moved[np.uintp(target)]
    names = renamed[np.uintp(names >> 32)] << 32 | renamed[np.uintp(names & _LOW)]
    mine = find_sighting(tables, rows[at, SIGHTING_BUCKET], names, target << 32 | kind)
    held, to = tables.sighting_rows, np.uintp(mine)
    ttls, seen = rows[at, SIGHTING_TTLS], rows[at, SIGHTING_SEEN]
    held[to, SIGHTING_TTLS] = join_ttls(
        held[to, SIGHTING_TTLS], (ttls >> 32) & _LOW, (ttls & _LOW) - 1
    )
    held[to, SIGHTING_COUNT] += rows[at, SIGHTING_COUNT]
    held[to, SIGHTING_SEEN] = join_seen(held[to, SIGHTING_SEEN], seen & _LOW, (seen >> 32) & _LOW)


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
    most, seen = held[to, LOOKUP_MOST], rows[at, LOOKUP_SEEN]
    held[to, LOOKUP_MOST] = (most & ~_LOW) | max(most & _LOW, rows[at, LOOKUP_MOST] & _LOW)
    held[to, LOOKUP_SEEN] = join_seen(held[to, LOOKUP_SEEN], seen & _LOW, (seen >> 32) & _LOW)
    return mine


@inlined
def absorb_set(tables: Tables, other: Tables, row: int, moved: np.ndarray) -> None:
    """Merge one answer set."""
    at, rows = np.uintp(row), other.set_rows
    mine = find_set(tables, moved[np.uintp(rows[at, SET_LOOKUP])], rows[at, SET_HASH])
    held, to, seen = tables.set_rows, np.uintp(mine), rows[at, SET_SEEN]
    held[to, SET_RESPONSES] += rows[at, SET_RESPONSES]
    for column in (SET_ADDRESSES, SET_SLASH24S, SET_SLASH16S):
        held[to, column] = max(held[to, column], rows[at, column])
    held[to, SET_SEEN] = join_seen(held[to, SET_SEEN], seen & _LOW, (seen >> 32) & _LOW)


@shared
def intern_all(
    tables: Tables, octets: np.ndarray, offsets: np.ndarray, renamed: np.ndarray
) -> None:
    """Find each of several texts, which lie behind each other; ``offsets``: int32, one more.

    None is longer than MAX_TEXT_BYTES.
    """
    for index in range(len(renamed)):
        start, end = offsets[np.uintp(index)], offsets[np.uintp(index + 1)]
        written = 0
        for place in range(start, end):
            written = append(tables.scratch, written, octet(octets, place), 1)
        renamed[np.uintp(index)] = intern_text(tables, tables.scratch, 0, written)


@shared
def read_addresses(
    octets: np.ndarray, offsets: np.ndarray, lows: np.ndarray, highs: np.ndarray
) -> None:
    """Read canonical addresses, which lie behind each other, into the halves of their numbers.

    ``highs`` is 0 for IPv4. One that mixes both notations (RFC 5952 section 5) is left for others
    to read: both halves are -1, as they are of the last address of all.
    """
    for index in range(len(lows)):
        at = np.uintp(index)
        start, end = offsets[at], offsets[np.uintp(index + 1)]
        lows[at], highs[at] = read_ipv4_text(octets, start, end), 0
        if lows[at] < 0:
            highs[at], lows[at] = read_ipv6_text(octets, start, end)


@inlined
def read_ipv4_text(octets: np.ndarray, start: int, end: int) -> int:
    """Return the number of a canonical IPv4 address, -1 where the text is none."""
    number, part, dots = 0, 0, 0
    for place in range(start, end):
        digit = octet(octets, place) - ord("0")
        if 0 <= digit <= 9:
            part = part * 10 + digit
        elif digit == ord(".") - ord("0"):
            number, part, dots = number << 8 | part, 0, dots + 1
        else:
            return -1
    return number << 8 | part if dots == 3 else -1


@inlined
def read_ipv6_text(octets: np.ndarray, start: int, end: int) -> tuple[int, int]:
    """Return the halves of a canonical IPv6 address in hexadecimal; both -1 for any other text.

    Groups before the gap ``::`` fill the number from its upper end, those behind it from its lower.
    """
    high, low, behind_high, behind_low = 0, 0, 0, 0
    group, groups, gap, is_open = 0, 0, -1, False
    for place in range(start, end):
        letter = octet(octets, place)
        if letter == ord(":"):
            if is_open:
                high, low = high << 16 | (low >> 48) & 0xFFFF, low << 16 | group
                groups += 1
            elif place > start:
                gap = groups
                behind_high, behind_low = high, low
                high, low = 0, 0
            group, is_open = 0, False
            continue
        digit = letter - ord("0") if letter <= ord("9") else letter - ord("a") + 10
        if letter == ord(".") or not 0 <= digit <= 15 or groups == 8:
            return -1, -1
        group, is_open = group << 4 | digit, True
    if is_open:
        high, low = high << 16 | (low >> 48) & 0xFFFF, low << 16 | group
        groups += 1
    if gap < 0:
        return (high, low) if groups == 8 else (-1, -1)
    for _ in range(8 - gap):
        behind_high, behind_low = behind_high << 16 | (behind_low >> 48) & 0xFFFF, behind_low << 16
    return behind_high | high, behind_low | low


@shared
def add_responses(tables: Tables, responses: np.ndarray, records: np.ndarray) -> None:
    """Add responses given as numbers; the tables have room for them."""
    first = 0
    for index in range(len(responses)):
        at = np.uintp(index)
        behind = first + responses[at, RESPONSE_RECORDS]
        add_response(tables, responses, at, records, first, behind)
        first = behind


@inlined
def add_response(
    tables: Tables, responses: np.ndarray, at: int, records: np.ndarray, first: int, behind: int
) -> None:
    """Add one response, which may have any number of records."""
    ts_us, query = responses[at, RESPONSE_TIME], responses[at, RESPONSE_QUERY]
    bucket = bucket_of(tables, ts_us)
    since_us = 0 if ts_us == UNKNOWN_TIME else ts_us - bucket
    stamp = tables.state[STAMP] + 1
    tables.state[STAMP] = stamp
    tables.state[RESPONSES] += 1
    answer_hash, addresses, slash24s, slash16s = np.uint64(0), 0, 0, 0
    for record in range(first, behind):
        place = np.uintp(record)
        kind, low, high = (
            records[place, RECORD_KIND], records[place, RECORD_LOW], records[place, RECORD_HIGH],
        )  # fmt: skip
        address, family = -1, IPV4 if kind < KIND_IPV6 else IPV6
        is_answer = kind < KIND_NAME and kind & 3 == _ANS
        if is_answer or KIND_IPV6 <= kind < KIND_NAME:
            address = intern_address(tables, family, high, low)
        target = address if KIND_IPV6 <= kind < KIND_NAME else low
        names = query << 32 | records[place, RECORD_OWNER]
        row = find_sighting(tables, bucket, names, target << 32 | kind)
        see(tables, row, since_us, records[place, RECORD_TTL], stamp)
        if is_answer and is_first_in_response(tables, address, stamp):
            addresses += 1
            answer_hash += hash_address(family, high, low)
            slash24s += count_prefix(tables, address, ADDRESS_SLASH24, stamp)
            slash16s += count_prefix(tables, address, ADDRESS_SLASH16, stamp)
    lookup = find_lookup(tables, bucket, query, responses[at, RESPONSE_TYPE])
    count_lookup(tables, lookup, since_us, responses[at, RESPONSE_CODE], addresses)
    if addresses > 0:
        row = find_set(tables, lookup, np.int64(answer_hash))
        describe_set(tables, row, addresses, slash24s, slash16s)
        count_set(tables, row, since_us)


@shared
def pack_texts(
    tables: Tables, octets: np.ndarray, offsets: np.ndarray, renamed: np.ndarray
) -> None:
    """Write all texts behind each other, where each begins and the last one ends, and its number.

    ``octets``: as many as the texts have in all; ``offsets``: int32, one more than texts;
    ``renamed``: int64, as many as words of text.
    """
    written, number, text = 0, 0, 0
    while text < tables.state[WORDS]:
        offsets[np.uintp(number)] = written
        renamed[np.uintp(text)] = number
        length = text_length(tables, text)
        for place in range(length):
            word = tables.text_words[np.uintp(text + TEXT_HEADER + (place >> 3))]
            octets[np.uintp(written + place)] = (word >> np.uint64(8 * (place & 7))) & np.uint64(
                255
            )
        written += length
        number += 1
        text = text_behind(tables, text)
    offsets[np.uintp(number)] = written
