"""The tables of addresses and their prefixes: each once."""

import numpy as np

from unflux.read.kernel.hashing import hash_row, mix, row_in, slot_of
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    ADDRESS_FAMILY,
    ADDRESS_HIGH,
    ADDRESS_LOW,
    ADDRESS_SLASH16,
    ADDRESS_SLASH24,
    ADDRESS_STAMP,
    ADDRESSES,
    PREFIX_BITS,
    PREFIX_KIND,
    PREFIX_STAMP,
    PREFIXES,
    Tables,
)

IPV4 = 4
IPV6 = 6
_IS_ADDRESS = 1 << 8
"""Sets the keys of addresses apart from those of prefixes."""


@inlined
def is_address(tables: Tables, row: int, family: int, high: int, low: int) -> bool:
    """Tell whether a row holds this address."""
    rows, at = tables.address_rows, np.uintp(row)
    is_same = rows[at, ADDRESS_LOW] == low and rows[at, ADDRESS_HIGH] == high
    return is_same and rows[at, ADDRESS_FAMILY] == family


@inlined
def hash_of_address(tables: Tables, family: int, high: int, low: int) -> np.uint64:
    """Hash the key of an address."""
    return hash_row(tables, _IS_ADDRESS | family, high, low)


@shared
def intern_address(tables: Tables, family: int, high: int, low: int) -> int:
    """Return the row of an address, a new one where it is not there yet.

    ``high`` and ``low`` are the halves of its number, that of IPv4 in the lower alone.
    """
    hashed = hash_of_address(tables, family, high, low)
    mask = len(tables.address_slots) - 1
    at = np.int64(hashed) & mask
    while tables.address_slots[np.uintp(at)]:
        row = row_in(tables.address_slots[np.uintp(at)], hashed)
        if row >= 0 and is_address(tables, row, family, high, low):
            return row
        at = (at + 1) & mask
    row = tables.state[ADDRESSES]
    tables.address_slots[np.uintp(at)] = slot_of(hashed, row)
    tables.state[ADDRESSES] = row + 1
    rows, new = tables.address_rows, np.uintp(row)
    rows[new, ADDRESS_HIGH] = high
    rows[new, ADDRESS_LOW] = low
    rows[new, ADDRESS_FAMILY] = family
    rows[new, ADDRESS_STAMP] = 0
    is_ipv6 = family == IPV6
    rows[new, ADDRESS_SLASH24] = intern_prefix(
        tables, 48 if is_ipv6 else 24, high >> 16 if is_ipv6 else low >> 8
    )
    rows[new, ADDRESS_SLASH16] = intern_prefix(
        tables, 32 if is_ipv6 else 16, high >> 32 if is_ipv6 else low >> 16
    )
    return row


@shared
def intern_prefix(tables: Tables, kind: int, bits: int) -> int:
    """Return the row of a prefix, a new one where it is not there yet.

    ``kind`` is its length, ``bits`` its leading bits.
    """
    hashed = hash_row(tables, kind, 0, bits)
    mask = len(tables.prefix_slots) - 1
    at = np.int64(hashed) & mask
    while tables.prefix_slots[np.uintp(at)]:
        row = row_in(tables.prefix_slots[np.uintp(at)], hashed)
        if row >= 0:
            held = tables.prefix_rows
            if (
                held[np.uintp(row), PREFIX_BITS] == bits
                and held[np.uintp(row), PREFIX_KIND] == kind
            ):
                return row
        at = (at + 1) & mask
    row = tables.state[PREFIXES]
    tables.prefix_slots[np.uintp(at)] = slot_of(hashed, row)
    tables.state[PREFIXES] = row + 1
    tables.prefix_rows[np.uintp(row), PREFIX_BITS] = bits
    tables.prefix_rows[np.uintp(row), PREFIX_KIND] = kind
    tables.prefix_rows[np.uintp(row), PREFIX_STAMP] = 0
    return row


@inlined
def hash_address(family: int, high: int, low: int) -> np.uint64:
    """Hash an address to what it adds to the hash of an answer set (decision 0004)."""
    return mix(np.uint64(low) ^ mix(np.uint64(high) ^ mix(np.uint64(family))))


@inlined
def is_first_in_response(tables: Tables, address: int, stamp: int) -> bool:
    """Tell whether the response in hand shows the address for the first time, and note it."""
    if tables.address_rows[np.uintp(address), ADDRESS_STAMP] == stamp:
        return False
    tables.address_rows[np.uintp(address), ADDRESS_STAMP] = stamp
    return True


@inlined
def count_prefix(tables: Tables, address: int, column: int, stamp: int) -> int:
    """Return 1 where the response in hand shows the prefix for the first time, and note it."""
    prefix = np.uintp(tables.address_rows[np.uintp(address), column])
    if tables.prefix_rows[prefix, PREFIX_STAMP] == stamp:
        return 0
    tables.prefix_rows[prefix, PREFIX_STAMP] = stamp
    return 1


@shared
def count_answers(tables: Tables, count: int, stamp: int) -> tuple[int, int, int, int]:
    """Count the distinct ones among the first answers of the message in hand.

    Returns addresses, /24 (IPv6: /48), /16 (IPv6: /32), and the hash of the set.
    """
    addresses, slash24s, slash16s, hashed = 0, 0, 0, np.uint64(0)
    for index in range(count):
        at = np.uintp(index)
        family, high, low = tables.answers[at, 0], tables.answers[at, 1], tables.answers[at, 2]
        row = intern_address(tables, family, high, low)
        if is_first_in_response(tables, row, stamp):
            addresses += 1
            slash24s += count_prefix(tables, row, ADDRESS_SLASH24, stamp)
            slash16s += count_prefix(tables, row, ADDRESS_SLASH16, stamp)
            hashed += hash_address(family, high, low)
    return addresses, slash24s, slash16s, np.int64(hashed)
