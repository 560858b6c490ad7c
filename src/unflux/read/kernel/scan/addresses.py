"""Addresses among spans: those in a usual form, by their numbers."""

import numpy as np

from unflux.read.kernel.address_texts import write_ipv4, write_ipv6
from unflux.read.kernel.addresses import IPV4, IPV6
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import MAX_ADDRESS_TEXT
from unflux.read.kernel.octets import octet

_DOT = ord(".")
_COLON = ord(":")
_ZERO = ord("0")
_MAPPED = 0xFFFF
_NONE = -1


@inlined
def read_ipv4(octets: np.ndarray, start: int, end: int) -> int:
    """Return the number of four decimal ones up to 255 without leading zeros, else -1."""
    if not 7 <= end - start <= 15:
        return _NONE
    number, part, digits, dots = 0, 0, 0, 0
    for at in range(start, end):
        letter = octet(octets, at)
        if letter == _DOT:
            if digits == 0:
                return _NONE
            number, part, digits, dots = number << 8 | part, 0, 0, dots + 1
            continue
        digit = letter - _ZERO
        if not 0 <= digit <= 9 or (digits > 0 and part == 0):
            return _NONE
        part = 10 * part + digit
        digits += 1
        if part > 255:
            return _NONE
    return number << 8 | part if dots == 3 and digits > 0 else _NONE


@inlined
def hexadecimal(letter: int) -> int:
    """Return the value of a digit, -1 where it is none."""
    if _ZERO <= letter <= ord("9"):
        return letter - _ZERO
    letter |= 0x20  # lower case
    return letter - ord("a") + 10 if ord("a") <= letter <= ord("f") else _NONE


@shared
def read_ipv6(octets: np.ndarray, start: int, end: int) -> tuple[bool, int, int]:
    """Return whether a span is eight groups in hexadecimal, ``::`` for some, and their halves.

    Groups before the gap fill the number from its upper end, those behind it from its lower.
    """
    if not 2 <= end - start <= MAX_ADDRESS_TEXT:
        return False, 0, 0
    high, low, before_high, before_low = 0, 0, 0, 0
    groups, gap, at = 0, -1, start
    if octet(octets, at) == _COLON:
        if octet(octets, at + 1) != _COLON:
            return False, 0, 0
        gap = 0
        at += 2
    while at < end:
        group, digits = 0, 0
        while at < end and octet(octets, at) != _COLON:
            digit = hexadecimal(octet(octets, at))
            digits += 1
            if digit < 0 or digits > 4:
                return False, 0, 0
            group = group << 4 | digit
            at += 1
        if digits == 0 or groups == 8:
            return False, 0, 0
        high, low = high << 16 | (low >> 48) & 0xFFFF, low << 16 | group
        groups += 1
        if at == end:
            break
        at += 1  # the colon
        if at == end:
            return False, 0, 0
        if octet(octets, at) == _COLON:
            if gap >= 0:
                return False, 0, 0
            gap = groups
            before_high, before_low, high, low = high, low, 0, 0
            at += 1
    if gap < 0:
        return groups == 8, high, low
    if groups > 7:
        return False, 0, 0
    for _ in range(8 - gap):
        before_high, before_low = before_high << 16 | (before_low >> 48) & 0xFFFF, before_low << 16
    return True, before_high | high, before_low | low


@shared
def canonical_addresses(
    octets: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    copy: np.ndarray,
    offsets: np.ndarray,
    families: np.ndarray,
) -> None:
    """Write the canonical text of the addresses among some spans behind each other.

    ``copy``: MAX_ADDRESS_TEXT octets for each span; ``offsets``: int32, one more than spans, from
    0; ``families``: 4, 6, or 0 where a span is no address in a usual form (IPv4-mapped ones are
    not), which is left empty.
    """
    to = 0
    for row in range(len(starts)):
        at = np.uintp(row)
        start, end = np.int64(starts[at]), np.int64(ends[at])
        families[at] = 0
        number = read_ipv4(octets, start, end)
        if number >= 0:
            families[at] = IPV4
            to = write_ipv4(number, copy, to)
        else:
            is_ipv6, high, low = read_ipv6(octets, start, end)
            if is_ipv6 and not (high == 0 and (low >> 32) & 0xFFFF_FFFF == _MAPPED):
                families[at] = IPV6
                to = write_ipv6(high, low, copy, to)
        offsets[np.uintp(row + 1)] = to
