"""Ranges of addresses as step functions: which row of a table an address falls to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final

import numpy as np
import pyarrow as pa

Range = tuple[int, int, int]
"""(first address, last address, row of the facts that hold there or NO_ROW), as numbers."""

Step = tuple[int, int]
"""(address from which it holds, row or NO_ROW)."""

NO_ROW: Final = -1
"""The row of addresses that no range covers."""

WIDTH_BYTES: Final = {4: 4, 6: 16}
"""Bytes of an address, by family."""

_KEY_TYPES: Final = {4: np.dtype(">u4"), 6: np.dtype("S16")}
"""How addresses in network order are read: byte strings of equal width sort as the numbers do."""


class BadRowError(ValueError):
    """A row of a table cannot be used; the message is a fixed phrase."""


@dataclass(frozen=True, slots=True)
class Steps:
    """One family's ranges, flattened: ``rows[i]`` holds from ``bounds[i]`` to ``bounds[i + 1]``.

    ``bounds`` rises strictly from address zero (uint32 for IPv4, 16 bytes for IPv6); ``rows`` is
    int32 with ``NO_ROW`` in the holes.
    """

    bounds: np.ndarray
    rows: np.ndarray

    def find(self, keys: np.ndarray) -> np.ndarray:
        """Return the row of each address, ``NO_ROW`` where no range covers it."""
        return self.rows[np.searchsorted(self.bounds, keys, side="right") - 1]


@dataclass(frozen=True, slots=True)
class AddressKeys:
    """Addresses of a column as keys to search for, and where in the column they stand."""

    count: int
    positions: dict[int, np.ndarray]
    """int64 by family; a position in neither holds no address."""
    keys: dict[int, np.ndarray]


@dataclass(frozen=True, slots=True)
class AddressRanges:
    """Ranges of both families."""

    steps: dict[int, Steps]

    def find(self, addresses: AddressKeys) -> np.ndarray:
        """Return the int32 row of each address, ``NO_ROW`` where no range covers it."""
        rows = np.full(addresses.count, NO_ROW, dtype=np.int32)
        for family, steps in self.steps.items():
            rows[addresses.positions[family]] = steps.find(addresses.keys[family])
        return rows

    def to_table(self) -> pa.Table:
        """Write the steps as columns that compress well: ``family, gap, low, row``.

        ``gap`` is the distance of an IPv4 address, or of the upper half of an IPv6 address, from
        that of the step before; ``low`` is the lower half of an IPv6 address. Rows count from
        one; 0 is a hole.
        """
        tables = []
        for family, steps in sorted(self.steps.items()):
            high, low = _halves(family, steps.bounds)
            columns = {
                "family": np.full(len(high), family, dtype=np.uint8),
                "gap": np.diff(high, prepend=np.uint64(0)),
                "low": low,
                "row": (steps.rows + 1).astype(np.uint32),
            }
            tables.append(pa.table(columns))
        return pa.concat_tables(tables)

    @classmethod
    def from_table(cls, table: pa.Table) -> "AddressRanges":
        """Read what :meth:`to_table` wrote."""
        families, gaps, lows, rows = (
            table.column(name).to_numpy() for name in ("family", "gap", "low", "row")
        )
        steps = {}
        for family in WIDTH_BYTES:
            chosen = families == family
            bounds = _from_halves(family, np.cumsum(gaps[chosen]), lows[chosen])
            steps[family] = Steps(bounds, rows[chosen].astype(np.int32) - 1)
        return cls(steps)


def pack_address(text: str | None) -> bytes | None:
    """Return an address in network order, or null where the text is none."""
    if text is None:
        return None
    try:
        return inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except (OSError, ValueError):
        return None


def address_keys(addresses: Iterable[str | None]) -> AddressKeys:
    """Read a column of addresses; what is no address is found in no range."""
    positions: dict[int, list[int]] = {family: [] for family in WIDTH_BYTES}
    packed: dict[int, list[bytes]] = {family: [] for family in WIDTH_BYTES}
    count = 0
    for position, text in enumerate(addresses):
        count = position + 1
        key = pack_address(text)
        if key is not None:
            family = _family_of(key)
            positions[family].append(position)
            packed[family].append(key)
    return AddressKeys(
        count,
        {family: np.array(places, dtype=np.int64) for family, places in positions.items()},
        {family: _keys(family, b"".join(parts)) for family, parts in packed.items()},
    )


def parse_block(text: str) -> tuple[int, int, int]:
    """Return (family, first, last) of an address or a prefix; raises BadRowError on neither.

    Host bits below the prefix are ignored (RFC 4632 section 3.1 has them zero).
    """
    address, slash, length = text.partition("/")
    packed = pack_address(address)
    if packed is None:
        raise BadRowError("no address")
    bits = 8 * len(packed)
    if not slash:
        length = str(bits)
    if not (length.isascii() and length.isdigit() and len(length) <= 3 and int(length) <= bits):
        raise BadRowError("no prefix length")
    hosts = (1 << bits - int(length)) - 1
    first = int.from_bytes(packed, "big") & ~hosts
    return _family_of(packed), first, first | hosts


def parse_span(start: str, end: str) -> tuple[int, int, int]:
    """Return (family, first, last) of a range; raises BadRowError where it is none.

    The ends are addresses or plain numbers; numbers are IPv6 where the last one exceeds 32 bits.
    """
    if is_number(start) and is_number(end):
        first, last = int(start), int(end)
        family = 4 if last < 1 << 32 else 6
        if last >= 1 << 128:
            raise BadRowError("no address")
    else:
        one, other = pack_address(start), pack_address(end)
        if one is None or other is None:
            raise BadRowError("no address")
        if len(one) != len(other):
            raise BadRowError("range of two address families")
        family, first, last = (
            _family_of(one),
            int.from_bytes(one, "big"),
            int.from_bytes(other, "big"),
        )
    if first > last:
        raise BadRowError("range ends before it starts")
    return family, first, last


def is_number(text: str) -> bool:
    """Tell whether the text is a plain number of at most the 39 digits an IPv6 address has."""
    return text.isascii() and text.isdigit() and len(text) <= 39


def build_ranges(ranges: Mapping[int, Sequence[Range]]) -> AddressRanges:
    """Flatten the ranges of each family, in any order; see :func:`flatten`."""
    return AddressRanges(
        {family: build_steps(family, flatten(ranges.get(family, ()))) for family in WIDTH_BYTES}
    )


def build_steps(family: int, steps: Iterable[Step]) -> Steps:
    """Turn rising steps that begin at address zero into arrays."""
    width = WIDTH_BYTES[family]
    bounds, rows = [], []
    for bound, row in steps:
        if bound < 1 << 8 * width:
            bounds.append(bound.to_bytes(width, "big"))
            rows.append(row)
    return Steps(_keys(family, b"".join(bounds)), np.array(rows, dtype=np.int32))


def flatten(ranges: Sequence[Range]) -> Iterator[Step]:
    """Yield the steps of ranges that may overlap: the most specific one holds at each address.

    Most specific is the range of fewest addresses; of equal ones the first in ``ranges``. Equal
    neighbours become one step. The last step may begin one past the end of the address space.
    """
    waiting = sorted(((first, index) for index, (first, _, _) in enumerate(ranges)), reverse=True)
    open_ranges: list[tuple[int, int]] = []  # (size, index): most specific first
    position, held = 0, None
    while True:
        while waiting and waiting[-1][0] == position:
            _, index = waiting.pop()
            first, last, _ = ranges[index]
            heappush(open_ranges, (last - first, index))
        while open_ranges and ranges[open_ranges[0][1]][1] < position:
            heappop(open_ranges)
        row = ranges[open_ranges[0][1]][2] if open_ranges else NO_ROW
        if row != held:
            yield position, row
            held = row
        changes = [waiting[-1][0]] if waiting else []
        if open_ranges:
            changes.append(ranges[open_ranges[0][1]][1] + 1)
        if not changes:
            return
        position = min(changes)


def _family_of(packed: bytes) -> int:
    return 4 if len(packed) == WIDTH_BYTES[4] else 6


def _keys(family: int, packed: bytes) -> np.ndarray:
    keys = np.frombuffer(bytearray(packed), dtype=_KEY_TYPES[family])
    return keys.astype(np.uint32) if family == 4 else keys


def _halves(family: int, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if family == 4:
        return bounds.astype(np.uint64), np.zeros(len(bounds), dtype=np.uint64)
    both = np.ascontiguousarray(bounds).view(">u8").reshape(-1, 2).astype(np.uint64)
    return both[:, 0], both[:, 1]


def _from_halves(family: int, high: np.ndarray, low: np.ndarray) -> np.ndarray:
    if family == 4:
        return high.astype(np.uint32)
    both = np.stack([high, low], axis=1).astype(">u8")
    return np.ascontiguousarray(both).view("S16").reshape(-1)
