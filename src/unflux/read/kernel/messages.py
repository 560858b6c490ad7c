"""One DNS message into the tables (RFC 1035 section 4)."""

import numpy as np

from unflux.model.times import EARLIEST_US, LATEST_US
from unflux.model.ttl import MAX_TTL_S
from unflux.read.kernel.addresses import (
    IPV4,
    IPV6,
    count_answers,
    hash_address,
    intern_address,
    is_address,
)
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    ADDRESSES,
    BAD_CLASS,
    BAD_OPCODE,
    BAD_QUESTION,
    DAMAGED_MESSAGE,
    FOREIGN_CLASS,
    IMPLAUSIBLE_TIME,
    KIND_NAME,
    LOOKUPS,
    MISSING_TIME,
    OUT_OF_SPAN,
    PREFIXES,
    QUERIES,
    QUESTION_COUNT,
    RESPONSES,
    SET_RESPONSES,
    SETS,
    SHORT,
    SIGHTING_DATA,
    SIGHTING_NAMES,
    SIGHTINGS,
    SINCE,
    STAMP,
    TEXT_WORDS,
    TEXTS,
    UNKNOWN_TIME,
    UNTIL,
    WORDS,
    Tables,
)
from unflux.read.kernel.names import append, append_number, read_name
from unflux.read.kernel.octets import big16, big32, big64, octet
from unflux.read.kernel.rows import (
    bucket_of,
    count_lookup,
    count_set,
    describe_set,
    find_lookup,
    find_set,
    locate,
    on_trail,
    see,
)
from unflux.read.kernel.texts import (
    intern_text,
    is_text,
)

HEADER_BYTES = 12
LEAST_RECORD_BYTES = 11
_IS_RESPONSE = 0x8000
_OPCODE = 0x7800
_IN, _ANY = 1, 255
_A, _NS, _CNAME, _SOA, _AAAA, _OPT = 1, 2, 5, 6, 28, 41
_ADD, _ANS, _AUTH = 0, 1, 2
_BAD = -1


@inlined
def has_room(tables: Tables, record_count: int) -> bool:
    """Tell whether all that a message of so many records can bring fits into the tables.

    Slots are never more than half full.
    """
    state = tables.state
    texts = 3 * record_count + 1
    is_free = 2 * (state[TEXTS] + texts) <= len(tables.text_slots)
    is_free &= state[WORDS] + texts * TEXT_WORDS <= len(tables.text_words)
    is_free &= state[ADDRESSES] + record_count <= len(tables.address_rows)
    is_free &= state[PREFIXES] + 2 * record_count <= len(tables.prefix_rows)
    is_free &= state[SIGHTINGS] + record_count <= len(tables.sighting_rows)
    is_free &= state[LOOKUPS] < len(tables.lookup_rows)
    return is_free & (state[SETS] < len(tables.set_rows))


@inlined
def is_plausible(ts_us: int) -> bool:
    """Tell whether a moment lies between 1970 and 2100."""
    return EARLIEST_US <= ts_us < LATEST_US


@inlined
def is_asked_for(tables: Tables, ts_us: int) -> bool:
    """Tell whether a moment lies in the span asked for; count the response where it does not."""
    since_us, until_us = tables.state[SINCE], tables.state[UNTIL]
    if since_us == UNKNOWN_TIME and until_us == UNKNOWN_TIME:
        return True
    if ts_us == UNKNOWN_TIME:
        tables.drops[MISSING_TIME] += 1
        return False
    if ts_us < since_us or (until_us != UNKNOWN_TIME and ts_us >= until_us):
        tables.drops[OUT_OF_SPAN] += 1
        return False
    return True


@inlined
def is_response(octets: np.ndarray, start: int, end: int) -> bool:
    """Tell whether octets begin as a response to one question does."""
    if end - start < HEADER_BYTES:
        return False
    is_asked_once = big16(octets, start + 4) == 1
    return is_asked_once and big16(octets, start + 2) & (_IS_RESPONSE | _OPCODE) == _IS_RESPONSE


@shared
def decode_message(tables: Tables, octets: np.ndarray, start: int, end: int, ts_us: int) -> bool:
    """Take the message between two places; return false where the tables must grow first.

    Nothing of it is counted then, and it is to be given again. What is wrong with a message is
    counted in ``tables.drops``.
    """
    if end - start < HEADER_BYTES:
        tables.drops[SHORT] += 1
        return True
    flags = big16(octets, start + 2)
    if not flags & _IS_RESPONSE:
        tables.state[QUERIES] += 1
        return True
    if flags & _OPCODE:
        tables.drops[BAD_OPCODE] += 1
        return True
    if big16(octets, start + 4) != 1:
        tables.drops[QUESTION_COUNT] += 1
        return True
    counted = big32(octets, start + 6)
    announced = (counted >> 16) + (counted & 0xFFFF) + big16(octets, start + 10)
    record_count = min(announced, (end - start - HEADER_BYTES) // LEAST_RECORD_BYTES)
    if not has_room(tables, record_count):
        return False
    name_at = start + HEADER_BYTES
    at, length, parts = read_name(tables, octets, start, name_at, end, 0)
    if at < 0 or at + 4 > end:
        tables.drops[BAD_QUESTION] += 1
        return True
    qtype, qclass = big16(octets, at), big16(octets, at + 2)
    if qclass not in (_IN, _ANY):
        tables.drops[BAD_CLASS] += 1
        return True
    if ts_us != UNKNOWN_TIME and not is_plausible(ts_us):
        tables.drops[IMPLAUSIBLE_TIME] += 1
        ts_us = UNKNOWN_TIME
    if not is_asked_for(tables, ts_us):
        return True
    stamp = tables.state[STAMP] + 1
    tables.state[STAMP] = stamp
    tables.state[RESPONSES] += 1
    query = intern_text(tables, tables.scratch, 0, length)
    remember(tables, name_at - start, stamp, query, at - start, parts)
    take_records(tables, octets, start, at + 4, end, ts_us, query, qtype, flags & 15)
    return True


@inlined
def remember(tables: Tables, place: int, stamp: int, text: int, end: int, parts: int) -> None:
    """Keep the name that begins at a place of the message in hand."""
    if place < len(tables.memo):
        memo, at = tables.memo, np.uintp(place)
        memo[at, 0] = stamp
        memo[at, 1] = text
        memo[at, 2] = end
        memo[at, 3] = parts


@inlined
def take_name(
    tables: Tables, octets: np.ndarray, start: int, at: int, end: int, guess: int
) -> tuple[int, int]:
    """Return the text of the name that begins at a place, and where its octets end.

    A name that is a pointer to one already read is not read again; ``guess`` is the text that it
    may be, or -1. Where there is no name both are -1.
    """
    stamp = tables.state[STAMP]
    if at + 2 <= end and octet(octets, at) >= 0xC0:
        memo, place = tables.memo, np.uintp(big16(octets, at) & 0x3FFF)
        if memo[place, 0] == stamp:
            if memo[place, 2] > at - start or memo[place, 3] > 16:
                return _BAD, _BAD
            return memo[place, 1], at + 2
    behind, length, parts = read_name(tables, octets, start, at, end, 0)
    if behind < 0:
        return _BAD, _BAD
    if guess >= 0 and is_text(tables, guess, tables.scratch, 0, length):
        text = guess
    else:
        text = intern_text(tables, tables.scratch, 0, length)
    remember(tables, at - start, stamp, text, behind - start, parts)
    return text, behind


@inlined
def take_soa(tables: Tables, octets: np.ndarray, start: int, at: int, end: int) -> int:
    """Return the text of SOA data (RFC 1035 section 3.3.13), or -1."""
    behind, written, _ = read_name(tables, octets, start, at, end, 0)
    if behind < 0:
        return _BAD
    written = append(tables.scratch, written, ord(" "), 1)
    behind, written, _ = read_name(tables, octets, start, behind, end, written)
    if behind < 0 or behind + 20 != end:
        return _BAD
    for place in range(behind, end, 4):
        written = append_number(tables.scratch, written, big32(octets, place))
    return intern_text(tables, tables.scratch, 0, written)


@shared
def take_records(
    tables: Tables,
    octets: np.ndarray,
    start: int,
    at: int,
    end: int,
    ts_us: int,
    query: int,
    qtype: int,
    rcode: int,
) -> None:
    """Take the records of all sections, and the response that they make."""
    bucket, stamp = bucket_of(tables, ts_us), tables.state[STAMP]
    since_us = 0 if ts_us == UNKNOWN_TIME else ts_us - bucket
    answer_hash, new_answers, answers, answer_owner = np.uint64(0), 0, 0, -1
    foreign_count, is_damaged, taken = 0, False, 0
    lookup = find_lookup(tables, bucket, query, qtype)
    section, left = _ANS, big16(octets, start + 6)
    while True:
        while left == 0 and section >= 0:
            if section == _ANS:
                section, left = _AUTH, big16(octets, start + 8)
            elif section == _AUTH:
                section, left = _ADD, big16(octets, start + 10)
            else:
                section = -1
        if section < 0:
            break
        left -= 1
        likely_data, likely_owner = -1, -1
        expected = on_trail(tables, lookup, taken)
        if expected >= 0:
            likely_data = tables.sighting_rows[np.uintp(expected), SIGHTING_DATA]
            likely_owner = tables.sighting_rows[np.uintp(expected), SIGHTING_NAMES] & _LOW
        owner, at = take_name(tables, octets, start, at, end, likely_owner)
        if owner < 0 or at + 10 > end:
            is_damaged = True
            break
        rrtype, rrclass = big16(octets, at), big16(octets, at + 2)
        ttl_s = big32(octets, at + 4)
        data, at = at + 10, at + 10 + big16(octets, at + 8)
        if at > end:
            is_damaged = True
            break
        if rrtype == _OPT and section == _ADD:
            rcode = (rcode & 15) | ttl_s >> 24 << 4
            continue
        kind = kind_of(rrtype)
        if kind < 0:
            continue
        if rrclass != _IN:
            foreign_count += 1
            continue
        if ttl_s > MAX_TTL_S:
            ttl_s = 0
        kind = kind << 2 | section
        is_likely = likely_data & _LOW == kind and expected >= 0
        high, low = 0, 0
        if rrtype == _A:
            target = -1
            if at - data == 4:
                low = big32(octets, data)
                target = low
        elif rrtype == _AAAA:
            target = -1
            if at - data == 16:
                high, low = big64(octets, data), big64(octets, data + 8)
                target = (likely_data >> 32) & _LOW
                if not (is_likely and is_address(tables, target, IPV6, high, low)):
                    target = intern_address(tables, IPV6, high, low)
        elif rrtype == _SOA:
            target = take_soa(tables, octets, start, data, at)
        else:
            guess = (likely_data >> 32) & _LOW if is_likely else -1
            target, behind = take_name(tables, octets, start, data, at, guess)
            if behind != at:
                target = -1
        if target < 0:
            is_damaged = True
            continue
        names, wanted = query << 32 | owner, target << 32 | kind
        row = locate(tables, lookup, taken, bucket, names, wanted)
        taken += 1
        is_new = see(tables, row, since_us, ttl_s, stamp)
        if section == _ANS and kind < KIND_NAME:
            family = IPV4 if rrtype == _A else IPV6
            slot = np.uintp(answers)
            tables.answers[slot, 0] = family
            tables.answers[slot, 1] = high
            tables.answers[slot, 2] = low
            answers += 1
            if is_new:
                new_answers += 1
                answer_hash += hash_address(family, high, low)
            if answer_owner != owner:
                answer_owner = owner if answer_owner == -1 else _SEVERAL
    if foreign_count:
        tables.drops[FOREIGN_CLASS] += foreign_count
    if is_damaged:
        tables.drops[DAMAGED_MESSAGE] += 1
    if answer_owner == _SEVERAL:  # an address may stand under two names, and counts once
        stamp = tables.state[STAMP] + 1
        tables.state[STAMP] = stamp
        new_answers, slash24s, slash16s, hashed = count_answers(tables, answers, stamp)
        answer_hash = np.uint64(hashed)
    if new_answers > 0:
        row = find_set(tables, lookup, np.int64(answer_hash))
        if tables.set_rows[np.uintp(row), SET_RESPONSES] == 0:
            stamp = tables.state[STAMP] + 1
            tables.state[STAMP] = stamp
            addresses, slash24s, slash16s, hashed = count_answers(tables, answers, stamp)
            describe_set(tables, row, addresses, slash24s, slash16s)
        count_set(tables, row, since_us)
    count_lookup(tables, lookup, since_us, class_of(rcode), new_answers)


_SEVERAL = -2
_LOW = 0xFFFF_FFFF


@inlined
def kind_of(rrtype: int) -> int:
    """Return the number of a kept type, -1 for any other."""
    if rrtype == _A:
        return 0
    if rrtype == _AAAA:
        return 1
    if rrtype == _CNAME:
        return 2
    if rrtype == _NS:
        return 3
    return 4 if rrtype == _SOA else -1


@inlined
def class_of(rcode: int) -> int:
    """Return the place of a response code in RCODES."""
    if rcode == 0:
        return 0
    if rcode == 3:
        return 1
    return 2 if rcode == 2 else 3
