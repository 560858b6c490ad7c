"""Addresses as numbers become canonical text."""

import numpy as np

from unflux.read.kernel.addresses import IPV4, IPV6
from unflux.read.kernel.jit import inlined, shared

_DOT = ord(".")
_COLON = ord(":")
_ZERO = ord("0")
_LETTERS = ord("a") - 10
_MAPPED = 0xFFFF
"""The 32 bits above the IPv4 address of an IPv4-mapped one (RFC 4291 section 2.5.5.2)."""


@inlined
def put(copy: np.ndarray, to: int, value: int) -> int:
    """Write an octet; return the end."""
    copy[np.uintp(to)] = value
    return to + 1


@inlined
def write_part(copy: np.ndarray, to: int, part: int) -> int:
    """Write a number up to 255 in decimal; return the end."""
    if part >= 100:
        to = put(copy, to, _ZERO + part // 100)
    if part >= 10:
        to = put(copy, to, _ZERO + part // 10 % 10)
    return put(copy, to, _ZERO + part % 10)


@shared
def write_ipv4(number: int, copy: np.ndarray, to: int) -> int:
    """Write an IPv4 address; return the end."""
    for shift in (24, 16, 8):
        to = put(copy, write_part(copy, to, (number >> shift) & 255), _DOT)
    return write_part(copy, to, number & 255)


@inlined
def group_of(high: int, low: int, index: int) -> int:
    """Return one of the eight groups of an IPv6 address."""
    return ((high if index < 4 else low) >> (48 - 16 * (index & 3))) & 0xFFFF


@shared
def write_ipv6(high: int, low: int, copy: np.ndarray, to: int) -> int:
    """Write an IPv6 address as RFC 5952 sections 4 and 5 ask; return the end."""
    if high == 0 and (low >> 32) & 0xFFFF_FFFF == _MAPPED:
        for letter in (_COLON, _COLON, ord("f"), ord("f"), ord("f"), ord("f"), _COLON):
            to = put(copy, to, letter)
        return write_ipv4(low & 0xFFFF_FFFF, copy, to)
    gap, gap_length = -1, 1  # a single group is not shortened
    run = 0
    for index in range(8):
        run = run + 1 if group_of(high, low, index) == 0 else 0
        if run > gap_length:
            gap, gap_length = index + 1 - run, run
    index = 0
    while index < 8:
        if index == gap:
            to = put(copy, put(copy, to, _COLON), _COLON)
            index += gap_length
            continue
        if index > 0 and (gap < 0 or index != gap + gap_length):
            to = put(copy, to, _COLON)
        group, is_begun = group_of(high, low, index), False
        for shift in (12, 8, 4, 0):
            digit = (group >> shift) & 15
            is_begun = is_begun or digit > 0 or shift == 0
            if is_begun:
                to = put(copy, to, digit + (_ZERO if digit < 10 else _LETTERS))
        index += 1
    return to


@shared
def write_addresses(
    families: np.ndarray, highs: np.ndarray, lows: np.ndarray, copy: np.ndarray, offsets: np.ndarray
) -> None:
    """Write addresses behind each other; one of another family than 4 and 6 is left empty.

    ``copy``: MAX_ADDRESS_TEXT octets for each; ``offsets``: int32, one more than addresses, from 0.
    """
    to = 0
    for row in range(len(families)):
        at = np.uintp(row)
        if families[at] == IPV4:
            to = write_ipv4(lows[at], copy, to)
        elif families[at] == IPV6:
            to = write_ipv6(highs[at], lows[at], copy, to)
        offsets[np.uintp(row + 1)] = to
