"""Domain names of a message (RFC 1035 section 4.1.4), spelt out as text."""

import numpy as np

from unflux.model.names import MAX_NAME_LENGTH
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import Tables
from unflux.read.kernel.octets import big16, octet
from unflux.read.wire_names import MAX_LABEL_LENGTH, MAX_POINTERS, POINTER

_EIGHT = np.uint64(8)
_DOT = ord(".")
NOT_A_NAME = -1


@inlined
def append(scratch: np.ndarray, written: int, octets: int, count: int) -> int:
    """Write up to eight octets, the first one lowest, behind what is written; return the end.

    All octets behind the end of its last word stay zero.
    """
    word, bits = written >> 3, np.uint64(written & 7) * _EIGHT
    value = np.uint64(octets)
    if bits:
        scratch[np.uintp(word)] |= value << bits
        if (written & 7) + count > 8:
            scratch[np.uintp(word + 1)] = value >> (np.uint64(64) - bits)
    else:
        scratch[np.uintp(word)] = value
    return written + count


@inlined
def append_label(tables: Tables, octets: np.ndarray, at: int, end: int, written: int) -> int:
    """Write the octets of a label as they are shown behind what is written; return the end."""
    while at < end:
        value, count = 0, 0
        while at < end and count < 8:
            shown = tables.presentation[np.uintp(octet(octets, at))]
            if shown >> 32 != 1:
                break
            value |= (shown & 0xFF) << 8 * count
            count += 1
            at += 1
        if count:
            written = append(tables.scratch, written, value, count)
        else:
            shown = tables.presentation[np.uintp(octet(octets, at))]
            written = append(tables.scratch, written, shown & 0xFFFF_FFFF, shown >> 32)
            at += 1
    return written


@shared
def read_name(
    tables: Tables, octets: np.ndarray, start: int, at: int, end: int, written: int
) -> tuple[int, int, int]:
    """Spell out the name that begins at ``at`` behind what is written to ``tables.scratch``.

    ``start`` is where the message begins; octets from ``end`` on are not part of the name.
    A pointer leads to an earlier place only, and what it leads to ends before the part of the name
    that holds the pointer begins. Returns where the octets of the name end, the end of what is
    written, and how many parts the name has; :data:`NOT_A_NAME` first where there is none.
    """
    scratch = tables.scratch
    begin, behind, parts, size_bytes = written, NOT_A_NAME, 0, 1
    limit = end
    while True:
        part = at
        while True:
            if at >= limit:
                return NOT_A_NAME, written, parts
            label = octet(octets, at)
            if label == 0 or label >= POINTER:
                break
            if label > MAX_LABEL_LENGTH or at + 1 + label > limit:
                return NOT_A_NAME, written, parts
            size_bytes += 1 + label
            if size_bytes > MAX_NAME_LENGTH:
                return NOT_A_NAME, written, parts
            if written > begin:
                written = append(scratch, written, _DOT, 1)
            written = append_label(tables, octets, at + 1, at + 1 + label, written)
            at += 1 + label
        parts += 1
        if label == 0:
            if behind < 0:
                behind = at + 1
            break
        if at + 2 > limit:
            return NOT_A_NAME, written, parts
        if behind < 0:
            behind = at + 2
        target = start + (big16(octets, at) & 0x3FFF)
        if target >= part or parts > MAX_POINTERS:
            return NOT_A_NAME, written, parts
        at, limit = target, part
    if written == begin:
        written = append(scratch, written, _DOT, 1)
    return behind, written, parts


@shared
def append_number(scratch: np.ndarray, written: int, number: int) -> int:
    """Write a number of up to 32 bits in decimal, a blank before it; return the end."""
    written = append(scratch, written, ord(" "), 1)
    divisor = 1_000_000_000
    while divisor > 1 and number < divisor:
        divisor //= 10
    while divisor > 0:
        written = append(scratch, written, ord("0") + number // divisor % 10, 1)
        divisor //= 10
    return written
