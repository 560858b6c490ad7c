"""Numbers and moments as text, in the usual forms."""

import numpy as np

from unflux.model.times import (
    LATEST_US,
    MICROSECONDS_FROM,
    MICROSECONDS_PER_S,
    MILLISECONDS_FROM,
)
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.octets import octet
from unflux.read.kernel.scan.layout import OTHER

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
_NO_OFFSET = 1 << 30
_LONGEST_MOMENT = 40


@shared
def read_whole_numbers(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray, numbers: np.ndarray
) -> None:
    """Read the whole part of each number of up to fifteen digits, a dot among them.

    OTHER for a negative start and for all other text.
    """
    for row in range(len(starts)):
        start, end = np.int64(starts[np.uintp(row)]), np.int64(ends[np.uintp(row)])
        numbers[np.uintp(row)] = OTHER
        if start < 0 or not 0 < end - start <= _MOST_DIGITS + 1:
            continue
        number, digits, dots = 0, 0, 0
        is_good = True
        for at in range(start, end):
            letter = octet(octets, at)
            if letter == _DOT:
                dots += 1
                is_good = is_good and dots == 1 and digits > 0
                continue
            digit = letter - _ZERO
            if not 0 <= digit <= 9:
                is_good = False
                break
            digits += 1
            if dots == 0:
                number = 10 * number + digit
        if is_good and 0 < digits <= _MOST_DIGITS:
            numbers[np.uintp(row)] = number


@inlined
def number_at(octets: np.ndarray, at: int, length: int) -> int:
    """Return a number of so many digits, or -1."""
    number = 0
    for place in range(at, at + length):
        digit = octet(octets, place) - _ZERO
        if not 0 <= digit <= 9:
            return -1
        number = 10 * number + digit
    return number


@shared
def read_number(octets: np.ndarray, start: int, end: int) -> int:
    """Return the microseconds of a number since the epoch, rounded as float64 is.

    Its size tells its unit; nanoseconds have too many digits and are OTHER.
    """
    mantissa, scale, dots = 0, 1.0, 0
    for at in range(start, end):
        letter = octet(octets, at)
        if letter == _DOT:
            dots += 1
            if dots > 1 or at == start:
                return OTHER
            continue
        digit = letter - _ZERO
        if not 0 <= digit <= 9:
            return OTHER
        mantissa = 10 * mantissa + digit
        if mantissa > _EXACT:
            return OTHER
        if dots:
            scale *= 10.0
    # Both are exact, so the quotient is the nearest float64, as the text's own.
    number = mantissa / scale
    if number < MILLISECONDS_FROM:
        number *= MICROSECONDS_PER_S
    elif number < MICROSECONDS_FROM:
        number *= 1000
    return np.int64(np.rint(number))


@inlined
def month_length(month: int, is_leap: bool) -> int:
    """Return the days of a month."""
    if month == 2:
        return 29 if is_leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


@shared
def days_since_epoch(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date up to 2099, or -1 where there is no such day."""
    if not (1970 <= year < 2100 and 1 <= month <= 12 and day >= 1):
        return -1
    is_leap = year % 4 == 0  # true of 2000, too
    if day > month_length(month, is_leap):
        return -1
    days = 365 * (year - 1970) + (year - 1969) // 4 + day - 1
    for before in range(1, month):
        days += month_length(before, is_leap)
    return days


@inlined
def read_offset(octets: np.ndarray, at: int, end: int) -> int:
    """Return the seconds that ``Z``, ``+HHMM`` or ``+HH:MM`` lies east of UTC; 1 << 30 if none."""
    if at == end:
        return 0
    letter = octet(octets, at)
    if letter == _UPPER_Z:
        return 0 if at + 1 == end else _NO_OFFSET
    if letter != _PLUS and letter != _MINUS:
        return _NO_OFFSET
    minutes_at = at + 3
    if end - at == 6 and octet(octets, at + 3) == _COLON:
        minutes_at = at + 4
    elif end - at != 5:
        return _NO_OFFSET
    hours, minutes = number_at(octets, at + 1, 2), number_at(octets, minutes_at, 2)
    if not (0 <= hours < 24 and 0 <= minutes < 60):
        return _NO_OFFSET
    east_s = 3600 * hours + 60 * minutes
    return -east_s if letter == _MINUS else east_s


@shared
def read_iso(octets: np.ndarray, start: int, end: int) -> int:
    """Return the microseconds of ``YYYY-MM-DDTHH:MM:SS[.f][offset]``, in UTC if none is named."""
    between = octet(octets, start + 10)
    if not (
        octet(octets, start + 4) == _MINUS
        and octet(octets, start + 7) == _MINUS
        and (between == _UPPER_T or between == _BLANK)
        and octet(octets, start + 13) == _COLON
        and octet(octets, start + 16) == _COLON
    ):
        return OTHER
    days = days_since_epoch(
        number_at(octets, start, 4),
        number_at(octets, start + 5, 2),
        number_at(octets, start + 8, 2),
    )
    hours, minutes = number_at(octets, start + 11, 2), number_at(octets, start + 14, 2)
    seconds = number_at(octets, start + 17, 2)
    if days < 0 or not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 60):
        return OTHER
    at, fraction_us = start + 19, 0
    if at < end and octet(octets, at) == _DOT:
        at += 1
        unit = 100_000
        while at < end and 0 <= octet(octets, at) - _ZERO <= 9:
            if unit == 0:
                return OTHER
            fraction_us += unit * (octet(octets, at) - _ZERO)
            unit //= 10
            at += 1
        if octet(octets, at - 1) == _DOT:
            return OTHER
    east_s = read_offset(octets, at, end)
    if east_s == _NO_OFFSET:
        return OTHER
    moment_s = 86_400 * days + 3600 * hours + 60 * minutes + seconds - east_s
    return moment_s * MICROSECONDS_PER_S + fraction_us


@shared
def read_moments(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray, numbers: np.ndarray
) -> None:
    """Read numbers or ISO 8601 as logs write them, as microseconds since the epoch.

    OTHER for a negative start, for moments outside 1970 to 2100, and for all other text.
    """
    for row in range(len(starts)):
        start, end = np.int64(starts[np.uintp(row)]), np.int64(ends[np.uintp(row)])
        numbers[np.uintp(row)] = OTHER
        if start < 0 or not 0 < end - start <= _LONGEST_MOMENT:
            continue
        if end - start >= 19 and octet(octets, start + 4) == _MINUS:
            moment_us = read_iso(octets, start, end)
        else:
            moment_us = read_number(octets, start, end)
        if 0 <= moment_us < LATEST_US:
            numbers[np.uintp(row)] = moment_us
