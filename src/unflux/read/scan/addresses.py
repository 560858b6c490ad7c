"""Addresses as text: the canonical form of the usual ones."""

import numpy as np

from unflux.read.scan.jit import compiled

MAX_CANONICAL_LENGTH = 39
"""Characters of the longest canonical text, IPv4-mapped addresses apart."""

_DOT = ord(".")
_COLON = ord(":")
_ZERO = ord("0")
_HEXADECIMAL = b"0123456789abcdef"


def _hex_values() -> np.ndarray:
    table = np.full(256, -1, dtype=np.int64)
    for value, octet in enumerate(_HEXADECIMAL):
        table[octet] = table[ord(chr(octet).upper())] = value
    return table


_HEX_VALUES = _hex_values()
_HEX_DIGITS = np.frombuffer(_HEXADECIMAL, dtype=np.uint8)


@compiled
def _is_dotted_quad(octets: np.ndarray, start: int, end: int) -> bool:
    """Tell whether a span is four numbers up to 255 without leading zeros."""
    if not 7 <= end - start <= 15:
        return False
    number, digits, dots = 0, 0, 0
    for at in range(start, end):
        octet = octets[np.uintp(at)]
        if octet == _DOT:
            if digits == 0:
                return False
            dots += 1
            number, digits = 0, 0
            continue
        digit = int(octet) - _ZERO
        if not 0 <= digit <= 9 or (digits > 0 and number == 0):
            return False
        number = 10 * number + digit
        digits += 1
        if number > 255:
            return False
    return dots == 3 and digits > 0


@compiled
def _read_groups(octets: np.ndarray, start: int, end: int, groups: np.ndarray) -> bool:
    """Read the eight groups of an IPv6 address in hexadecimal; false where it is not that."""
    if not 2 <= end - start <= MAX_CANONICAL_LENGTH:
        return False
    count, gap, at = 0, -1, start
    if octets[np.uintp(at)] == _COLON:
        if octets[at + 1] != _COLON:
            return False
        gap = 0
        at += 2
    while at < end:
        value, digits = 0, 0
        while at < end and octets[np.uintp(at)] != _COLON:
            digit = _HEX_VALUES[octets[np.uintp(at)]]
            digits += 1
            if digit < 0 or digits > 4:
                return False
            value = 16 * value + digit
            at += 1
        if digits == 0 or count == 8:
            return False
        groups[count] = value
        count += 1
        if at == end:
            break
        at += 1  # the colon
        if at == end:
            return False
        if octets[np.uintp(at)] == _COLON:
            if gap >= 0:
                return False
            gap = count
            at += 1
    if gap < 0:
        return count == 8
    if count > 7:
        return False
    missing = 8 - count
    for index in range(7, gap + missing - 1, -1):
        groups[index] = groups[index - missing]
    for index in range(gap, gap + missing):
        groups[index] = 0
    return True


@compiled
def _is_mapped(groups: np.ndarray) -> bool:
    for index in range(5):
        if groups[index] != 0:
            return False
    return bool(groups[5] == 0xFFFF)


@compiled
def _write_groups(groups: np.ndarray, copy: np.ndarray, to: int) -> int:
    """Write an IPv6 address as RFC 5952 section 4 asks; return the end."""
    gap, gap_length = -1, 1  # a single group is not shortened
    index = 0
    while index < 8:
        run = index
        while run < 8 and groups[run] == 0:
            run += 1
        if run - index > gap_length:
            gap, gap_length = index, run - index
        index = max(run, index + 1)
    index = 0
    while index < 8:
        if index == gap:
            copy[to] = _COLON
            copy[to + 1] = _COLON
            to += 2
            index += gap_length
            continue
        if (index > 0 and index != gap + gap_length) or (index > 0 and gap < 0):
            copy[to] = _COLON
            to += 1
        value = groups[index]
        is_started = False
        for shift in (12, 8, 4, 0):
            digit = (value >> shift) & 15
            is_started = is_started or digit != 0 or shift == 0
            if is_started:
                copy[to] = _HEX_DIGITS[digit]
                to += 1
        index += 1
    return to


@compiled
def write_addresses(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Write the canonical text of the addresses among some spans.

    Returns the octets, the offsets (int32, one more than spans), and the family of each: 4, 6, or
    0 where a span is no address in a usual form (IPv4-mapped ones are not), which is left empty.
    """
    count = len(starts)
    copy = np.empty(MAX_CANONICAL_LENGTH * count, dtype=np.uint8)
    offsets = np.zeros(count + 1, dtype=np.int32)
    family = np.zeros(count, dtype=np.uint8)
    groups = np.zeros(8, dtype=np.int64)
    to = 0
    for row in range(count):
        start, end = starts[row], ends[row]
        if _is_dotted_quad(octets, start, end):
            family[row] = 4
            for at in range(start, end):
                copy[to] = octets[np.uintp(at)]
                to += 1
        elif _read_groups(octets, start, end, groups) and not _is_mapped(groups):
            family[row] = 6
            to = _write_groups(groups, copy, to)
        offsets[row + 1] = to
    return copy[:to].copy(), offsets, family
