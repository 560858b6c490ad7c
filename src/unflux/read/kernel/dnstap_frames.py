"""dnstap frames (dnstap.proto), their Protocol Buffers fields walked in place."""

import numpy as np

from unflux.model.times import LATEST_US, MICROSECONDS_PER_S
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    MALFORMED_FRAME,
    NO_MESSAGE,
    NO_RESPONSE,
    QUERIES,
    UNKNOWN_MESSAGE,
    UNKNOWN_TIME,
    UPDATE_MESSAGE,
    Tables,
)
from unflux.read.kernel.octets import octet
from unflux.read.message import MAX_MESSAGE_SIZE_BYTES

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_MESSAGE, _TYPE = 14, 15
_KIND, _RESPONSE = 1, 14
_QUERY_SECONDS, _QUERY_NANOSECONDS = 8, 9
_RESPONSE_SECONDS, _RESPONSE_NANOSECONDS = 12, 13
_ABSENT, _NUMBER, _OCTETS = 0, 1, 2
_BAD = -1


@inlined
def read_varint(octets: np.ndarray, at: int, end: int) -> tuple[int, int]:
    """Return an integer of seven bits an octet, least first, and where it ends; -1 for none."""
    value, shift = 0, 0
    last = min(end, at + _MAX_VARINT_BYTES)
    while at < last:
        part = octet(octets, at)
        if shift < 64:
            value |= (part & 0x7F) << shift
        at += 1
        if part < 0x80:
            return value, at
        shift += 7
    return 0, _BAD


@inlined
def read_field(octets: np.ndarray, at: int, end: int) -> tuple[int, int, int, int, int]:
    """Return number, form, value or first octet, end of the value, and where the next one begins.

    Where the octets are no field, the last of these is -1.
    """
    tag, at = read_varint(octets, at, end)
    if at < 0:
        return 0, _ABSENT, 0, 0, _BAD
    kind, number = tag & 7, np.int64(np.uint64(tag) >> np.uint64(3))
    if kind == _VARINT:
        value, at = read_varint(octets, at, end)
        return number, _NUMBER, value, 0, at
    if kind == _BYTES:
        size_bytes, at = read_varint(octets, at, end)
    elif kind in (_FIXED32, _FIXED64):
        size_bytes = 4 if kind == _FIXED32 else 8
    else:
        at = _BAD
        size_bytes = 0
    if at < 0 or size_bytes < 0 or size_bytes > end - at:
        return 0, _ABSENT, 0, 0, _BAD
    if kind == _BYTES:
        return number, _OCTETS, at, at + size_bytes, at + size_bytes
    value = 0
    for place in range(size_bytes):
        value |= octet(octets, at + place) << 8 * place
    return number, _NUMBER, value, 0, at + size_bytes


@inlined
def moment_us(form: int, seconds: int, fraction_form: int, nanoseconds: int) -> int:
    """Return a moment, microseconds; what is far beyond 2100 stays beyond, none is unknown."""
    if form != _NUMBER or fraction_form == _OCTETS:
        return UNKNOWN_TIME
    if seconds < 0 or nanoseconds < 0 or seconds > 2 * LATEST_US // MICROSECONDS_PER_S:
        return 2 * LATEST_US
    return seconds * MICROSECONDS_PER_S + nanoseconds // 1000


@shared
def find_response(tables: Tables, octets: np.ndarray, at: int, end: int) -> tuple[int, int, int]:
    """Return where the response in a dnstap frame begins and ends, and its moment.

    What holds none is counted, and begins at -1.
    """
    form, type_form, kind, begin, behind = _ABSENT, _ABSENT, 0, 0, 0
    while at < end:
        number, found, value, stop, at = read_field(octets, at, end)
        if at < 0:
            tables.drops[MALFORMED_FRAME] += 1
            return _BAD, 0, 0
        if number == _MESSAGE:
            form, begin, behind = found, value, stop
        elif number == _TYPE:
            type_form, kind = found, value
    if type_form != _NUMBER or kind != 1 or form != _OCTETS:
        tables.drops[NO_MESSAGE] += 1
        return _BAD, 0, 0
    return find_in_message(tables, octets, begin, behind)


@inlined
def find_in_message(tables: Tables, octets: np.ndarray, at: int, end: int) -> tuple[int, int, int]:
    """Find the response in the Message of a frame."""
    kind_form, kind, wire_form, begin, behind = _ABSENT, 0, _ABSENT, 0, 0
    asked_form, asked, asked_part_form, asked_part = _ABSENT, 0, _ABSENT, 0
    given_form, given, given_part_form, given_part = _ABSENT, 0, _ABSENT, 0
    while at < end:
        number, found, value, stop, at = read_field(octets, at, end)
        if at < 0:
            tables.drops[MALFORMED_FRAME] += 1
            return _BAD, 0, 0
        if number == _KIND:
            kind_form, kind = found, value
        elif number == _RESPONSE:
            wire_form, begin, behind = found, value, stop
        elif number == _QUERY_SECONDS:
            asked_form, asked = found, value
        elif number == _QUERY_NANOSECONDS:
            asked_part_form, asked_part = found, value
        elif number == _RESPONSE_SECONDS:
            given_form, given = found, value
        elif number == _RESPONSE_NANOSECONDS:
            given_part_form, given_part = found, value
    if kind_form != _NUMBER or kind < 1 or kind > 14:
        tables.drops[UNKNOWN_MESSAGE] += 1
        return _BAD, 0, 0
    if kind > 12:
        tables.drops[UPDATE_MESSAGE] += 1
        return _BAD, 0, 0
    if kind & 1:
        tables.state[QUERIES] += 1
        return _BAD, 0, 0
    if wire_form != _OCTETS:
        tables.drops[NO_RESPONSE] += 1
        return _BAD, 0, 0
    ts_us = moment_us(given_form, given, given_part_form, given_part)
    if ts_us == UNKNOWN_TIME:
        ts_us = moment_us(asked_form, asked, asked_part_form, asked_part)
    return begin, min(behind, begin + MAX_MESSAGE_SIZE_BYTES), ts_us
