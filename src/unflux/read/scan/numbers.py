"""Numbers and moments as text, in the usual forms."""

import numpy as np

from unflux.model.times import LATEST_US, MICROSECONDS_PER_S
from unflux.read.scan.jit import compiled

OTHER = -1
"""Stands for text of another form, which may be a number all the same."""

_DOT = ord(".")
_ZERO = ord("0")
_MINUS = ord("-")
_PLUS = ord("+")
_COLON = ord(":")
_BLANK = ord(" ")
_UPPER_T = ord("T")
_UPPER_Z = ord("Z")
_EXACT = 1 << 53  # whole numbers up to here are exact in float64 (IEEE 754)
_MOST_DIGITS = 15  # any number of so many digits is told from a whole one in float64
_DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365])


@compiled
def read_whole_numbers(octets: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the whole part of each number of up to fifteen digits, a dot among them, as int64.

    :data:`OTHER` for a negative start and for all other text.
    """
    count = len(starts)
    numbers = np.full(count, OTHER, dtype=np.int64)
    for row in range(count):
        start, end = starts[row], ends[row]
        if start < 0 or not 0 < end - start <= _MOST_DIGITS + 1:
            continue
        number, digits, dots = 0, 0, 0
        is_good = True
        for at in range(start, end):
            octet = octets[np.uintp(at)]
            if octet == _DOT:
                dots += 1
                is_good = is_good and dots == 1 and digits > 0
                continue
            digit = int(octet) - _ZERO
            if not 0 <= digit <= 9:
                is_good = False
                break
            digits += 1
            if dots == 0:
                number = 10 * number + digit
        if is_good and 0 < digits <= _MOST_DIGITS:
            numbers[row] = number
    return numbers


@compiled
def _number_at(octets: np.ndarray, at: int, length: int) -> int:
    """Return a number of so many digits, or -1."""
    number = 0
    for place in range(at, at + length):
        digit = int(octets[np.uintp(place)]) - _ZERO
        if not 0 <= digit <= 9:
            return -1
        number = 10 * number + digit
    return number


@compiled
def _read_seconds(octets: np.ndarray, start: int, end: int) -> int:
    """Return the microseconds of seconds since the epoch, rounded as float64 is."""
    mantissa, scale, dots = 0, 1.0, 0
    for at in range(start, end):
        octet = octets[np.uintp(at)]
        if octet == _DOT:
            dots += 1
            if dots > 1 or at == start:
                return OTHER
            continue
        digit = int(octet) - _ZERO
        if not 0 <= digit <= 9:
            return OTHER
        mantissa = 10 * mantissa + digit
        if mantissa > _EXACT:
            return OTHER
        if dots:
            scale *= 10.0
    # Both are exact, so the quotient is the nearest float64, as the text's own.
    return int(np.rint(mantissa / scale * MICROSECONDS_PER_S))


@compiled
def _days_since_epoch(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date up to 2099, or -1 where there is no such day."""
    if not (1970 <= year < 2100 and 1 <= month <= 12 and day >= 1):
        return -1
    is_leap = year % 4 == 0  # true of 2000, too
    length = _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1]
    if month == 2 and is_leap:
        length += 1
    if day > length:
        return -1
    days: int = 365 * (year - 1970) + (year - 1969) // 4 + int(_DAYS_BEFORE[month - 1]) + day - 1
    return days + 1 if is_leap and month > 2 else days


@compiled
def _read_offset(octets: np.ndarray, at: int, end: int) -> int:
    """Return the seconds that ``Z``, ``+HHMM`` or ``+HH:MM`` lies east of UTC; 1 << 30 if none."""
    none = 1 << 30
    if at == end:
        return 0
    if octets[np.uintp(at)] == _UPPER_Z:
        return 0 if at + 1 == end else none
    if octets[np.uintp(at)] != _PLUS and octets[np.uintp(at)] != _MINUS:
        return none
    minutes_at = at + 3
    if end - at == 6 and octets[at + 3] == _COLON:
        minutes_at = at + 4
    elif end - at != 5:
        return none
    hours, minutes = _number_at(octets, at + 1, 2), _number_at(octets, minutes_at, 2)
    if not (0 <= hours < 24 and 0 <= minutes < 60):
        return none
    east_s = 3600 * hours + 60 * minutes
    return -east_s if octets[np.uintp(at)] == _MINUS else east_s


@compiled
def _read_iso(octets: np.ndarray, start: int, end: int) -> int:
    """Return the microseconds of ``YYYY-MM-DDTHH:MM:SS[.f][offset]``, in UTC if none is named."""
    if not (
        octets[start + 4] == _MINUS
        and octets[start + 7] == _MINUS
        and (octets[start + 10] == _UPPER_T or octets[start + 10] == _BLANK)
        and octets[start + 13] == _COLON
        and octets[start + 16] == _COLON
    ):
        return OTHER
    days = _days_since_epoch(
        _number_at(octets, start, 4),
        _number_at(octets, start + 5, 2),
        _number_at(octets, start + 8, 2),
    )
    hours, minutes = _number_at(octets, start + 11, 2), _number_at(octets, start + 14, 2)
    seconds = _number_at(octets, start + 17, 2)
    if days < 0 or not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 60):
        return OTHER
    at, fraction_us = start + 19, 0
    if at < end and octets[np.uintp(at)] == _DOT:
        at += 1
        unit = 100_000
        while at < end and 0 <= int(octets[np.uintp(at)]) - _ZERO <= 9:
            if unit == 0:
                return OTHER
            fraction_us += unit * (int(octets[np.uintp(at)]) - _ZERO)
            unit //= 10
            at += 1
        if octets[at - 1] == _DOT:
            return OTHER
    east_s = _read_offset(octets, at, end)
    if east_s == 1 << 30:
        return OTHER
    moment_s = 86_400 * days + 3600 * hours + 60 * minutes + seconds - east_s
    return moment_s * MICROSECONDS_PER_S + fraction_us


@compiled
def read_moments(octets: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return microseconds since the epoch (int64) of seconds or ISO 8601 as logs write them.

    :data:`OTHER` for a negative start, for moments outside 1970 to 2100, and for all other text.
    """
    count = len(starts)
    moments = np.full(count, OTHER, dtype=np.int64)
    for row in range(count):
        start, end = starts[row], ends[row]
        if start < 0 or not 0 < end - start <= 40:
            continue
        if end - start >= 19 and octets[start + 4] == _MINUS:
            moment_us = _read_iso(octets, start, end)
        else:
            moment_us = _read_seconds(octets, start, end)
        if 0 <= moment_us < LATEST_US:
            moments[row] = moment_us
    return moments
