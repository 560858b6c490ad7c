"""JSON objects of a block as columns: the members that a shape names."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.read.kernel.scan import layout
from unflux.read.kernel.scan.layout import NONE, STRING
from unflux.read.passes import scan_objects
from unflux.read.spans import Spans

BYTES_PER_ROW: Final = 200
BYTES_PER_ITEM: Final = 48
"""Of a block: room that is made at first. Chosen: 2026-11-24; events of DNS have more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of an object that is wanted: its value, and what is in it."""

    key: str
    members: tuple["Member", ...] = ()
    """Of the object that it may be."""
    elements: tuple["Member", ...] | None = None
    """Of the objects that the elements of the array may be that it may be; null: no element is
    wanted."""
    is_strict: bool = False
    """Whether an object with any other member is left to the slow path."""


class Shape:
    """Members wanted of the objects of a format, up to 60, by their paths (``dns/rcode``).

    The elements of arrays are items, a table of its own: the list they are of, by the path of the
    array, the element itself (path ``""``) and its members, all lists together.
    """

    def __init__(self, *members: Member) -> None:
        self.slots: dict[str, int] = {}
        self.item_slots: dict[str, int] = {"": 0}
        self.lists: dict[str, int] = {}
        self._nodes: list[list[int]] = []
        self._keys = b""
        self._add(Member(key="", members=members), "", self.slots)
        self.nodes = np.array(self._nodes)
        self.keys = np.frombuffer(self._keys, dtype=np.uint8)

    def _add(self, member: Member, path: str, slots: dict[str, int]) -> int:
        number = len(self._nodes)
        row = [NONE] * layout.NODE_WIDTH
        self._nodes.append(row)
        key = member.key.encode()
        row[layout.KEY_START], row[layout.KEY_END] = len(self._keys), len(self._keys) + len(key)
        self._keys += key
        row[layout.FLAGS] = layout.IS_STRICT if member.is_strict else 0
        if number:
            row[layout.SLOT] = slots.setdefault(path, len(slots))
        marks = 0
        last: list[int] | None = None
        for inner in member.members:
            child = self._add(inner, f"{path}/{inner.key}".lstrip("/"), slots)
            name = inner.key.encode()
            marks |= 1 << layout.mark_of(len(name), name[0], name[-1])
            if last is None:
                row[layout.CHILD] = child
            else:
                last[layout.SIBLING] = child
            last = self._nodes[child]
        row[layout.MARKS] = marks - (1 << 64) if marks >> 63 else marks  # as 64 bits, signed
        if member.elements is not None:
            row[layout.LIST] = self.lists.setdefault(path, len(self.lists))
            element = Member(key="", members=member.elements)
            row[layout.CHILD] = self._add(element, "", self.item_slots)
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """A column of JSON values: kinds (see :mod:`unflux.read.kernel.scan.layout`) and spans."""

    kinds: np.ndarray
    octets: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def at(self, rows: np.ndarray) -> "Values":
        """Return some rows: their numbers, or a flag for each row."""
        return Values(
            kinds=self.kinds[rows],
            octets=self.octets,
            starts=self.starts[rows],
            ends=self.ends[rows],
        )

    def is_kind(self, *kinds: int) -> np.ndarray:
        """Return which values are of one of these kinds."""
        found: np.ndarray = self.kinds == kinds[0]
        for kind in kinds[1:]:
            found |= self.kinds == kind
        return found

    def spans(self, *kinds: int) -> Spans:
        """Return the texts of the values of these kinds; null for all others."""
        return Spans(self.octets, np.where(self.is_kind(*kinds), self.starts, -1), self.ends)

    @property
    def texts(self) -> Spans:
        """The strings; null for all other values."""
        return self.spans(STRING)

    def or_else(self, other: "Values", is_own: np.ndarray) -> "Values":
        """Take the values of ``other`` but where told to keep the own."""
        return Values(
            kinds=np.where(is_own, self.kinds, other.kinds),
            octets=self.octets,
            starts=np.where(is_own, self.starts, other.starts),
            ends=np.where(is_own, self.ends, other.ends),
        )

    def followed_by(self, other: "Values") -> "Values":
        """Return these values and then the others, of the same block."""
        return Values(
            kinds=np.concatenate([self.kinds, other.kinds]),
            octets=self.octets,
            starts=np.concatenate([self.starts, other.starts]),
            ends=np.concatenate([self.ends, other.ends]),
        )


class Objects:
    """The objects of a block, and the items of their lists, in columns."""

    def __init__(self, block: bytes, shape: Shape) -> None:
        self._shape = shape
        self.octets = np.frombuffer(block, dtype=np.uint8)
        rows = _Rows.of_room(len(block) // BYTES_PER_ROW + 16, len(shape.slots))
        items = _Items.of_room(len(block) // BYTES_PER_ITEM + 16, len(shape.item_slots))
        scanned = np.zeros(4, np.int64)
        while True:
            scan_objects(
                self.octets, shape.nodes, shape.keys, scanned,
                rows.kinds, rows.starts, rows.ends, rows.lines,
                items.lists, items.rows, items.kinds, items.starts, items.ends, rows.odd_lines,
            )  # fmt: skip
            at, row, item, odd = scanned.tolist()
            if at == len(block):
                break
            if row == len(rows.lines) or odd == len(rows.odd_lines):
                rows = rows.doubled()
            else:
                items = items.doubled()
        self.row_count = row
        self.item_count = item
        self.lines = rows.lines[:row]
        """Where the line of each row begins and ends."""
        self._odd_lines = rows.odd_lines[:odd]
        self._rows, self._items = rows, items

    def column(self, path: str) -> Values:
        """Return the values of a member, one for each object."""
        slot, count = self._shape.slots[path], self.row_count
        return Values(
            kinds=self._rows.kinds[slot, :count],
            octets=self.octets,
            starts=self._rows.starts[slot, :count],
            ends=self._rows.ends[slot, :count],
        )

    @property
    def item_rows(self) -> np.ndarray:
        """The object of each item; they come in order."""
        return self._items.rows[: self.item_count]

    def is_item_of(self, *paths: str) -> np.ndarray:
        """Return which items are elements of these lists."""
        of = self._items.lists[: self.item_count]
        found: np.ndarray = of == self._shape.lists[paths[0]]
        for path in paths[1:]:
            found |= of == self._shape.lists[path]
        return found

    def item_column(self, path: str) -> Values:
        """Return the values of a member of the items, or of the items themselves."""
        slot, count = self._shape.item_slots[path], self.item_count
        items = self._items
        return Values(
            kinds=items.kinds[slot, :count],
            octets=self.octets,
            starts=items.starts[slot, :count],
            ends=items.ends[slot, :count],
        )

    def odd_lines(self) -> Iterator[tuple[int, str]]:
        """Yield each line that was not understood, after the number of rows before it."""
        for start, end, row in self._odd_lines.tolist():
            yield row, self.octets[start:end].tobytes().decode()

    def lines_of(self, rows: np.ndarray) -> Iterator[tuple[int, str]]:
        """Yield the number and the line of some objects."""
        for row, (start, end) in zip(rows.tolist(), self.lines[rows].tolist(), strict=True):
            yield row, self.octets[start:end].tobytes().decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    kinds: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    odd_lines: np.ndarray

    @classmethod
    def of_room(cls, room: int, slot_count: int) -> "_Rows":
        return cls(
            kinds=np.zeros((slot_count, room), dtype=np.uint8),
            starts=np.empty((slot_count, room), dtype=np.int32),
            ends=np.empty((slot_count, room), dtype=np.int32),
            lines=np.empty((room, 2), dtype=np.int64),
            odd_lines=np.empty((room, 3), dtype=np.int64),
        )

    def doubled(self) -> "_Rows":
        room = len(self.lines)
        larger = _Rows.of_room(2 * room, len(self.kinds))
        for name in ("kinds", "starts", "ends"):
            getattr(larger, name)[..., :room] = getattr(self, name)
        larger.lines[:room] = self.lines
        larger.odd_lines[:room] = self.odd_lines
        return larger


@dataclass(frozen=True, slots=True, kw_only=True)
class _Items:
    lists: np.ndarray
    rows: np.ndarray
    kinds: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    @classmethod
    def of_room(cls, room: int, slot_count: int) -> "_Items":
        return cls(
            lists=np.empty(room, dtype=np.uint8),
            rows=np.empty(room, dtype=np.int32),
            kinds=np.empty((slot_count, room), dtype=np.uint8),
            starts=np.empty((slot_count, room), dtype=np.int32),
            ends=np.empty((slot_count, room), dtype=np.int32),
        )

    def doubled(self) -> "_Items":
        larger = _Items.of_room(2 * len(self.rows), len(self.kinds))
        for name in ("lists", "rows", "kinds", "starts", "ends"):
            getattr(larger, name)[..., : len(self.rows)] = getattr(self, name)
        return larger
