"""The tables of the kernel as their owner sees them: they grow, merge, and become a rollup."""

import mmap
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import numpy as np

from unflux.model.rollup import BUCKET_FINE_S
from unflux.model.times import MICROSECONDS_PER_S
from unflux.read.kernel import layout
from unflux.read.kernel.layout import (
    ADDRESSES,
    LOOKUPS,
    PREFIXES,
    SETS,
    SIGHTINGS,
    STATE_SIZE,
    STATUS,
    STOPPED_AT,
    TEXTS,
    WORDS,
    Tables,
)
from unflux.read.kernel.native import Kernel
from unflux.read.source import Drops, Options
from unflux.read.wire_names import presentation_of

_ROWED: Final = {
    "address": (ADDRESSES, layout.ADDRESS_WIDTH),
    "prefix": (PREFIXES, layout.PREFIX_WIDTH),
    "sighting": (SIGHTINGS, layout.SIGHTING_WIDTH),
    "lookup": (LOOKUPS, layout.LOOKUP_WIDTH),
    "set": (SETS, layout.SET_WIDTH),
}
"""Hashed tables: where their count of rows stands in the state, and their width."""

_FREED: Final = ("_slots", "_rows", "_words", "_trails")
"""Endings of the tables' names, as opposed to what they counted."""

FIRST_ROWS: Final = 1 << 12
"""Rows of a table at first. Chosen: 2026-11-24; a table of each takes 2 MB, and growing to
millions of rows costs a tenth of filling them."""

LARGE_PAGE_BYTES: Final = 2 << 20

MAX_ROWS: Final = 1 << 21
"""Rows of tables that are rolled up and emptied before more is added. Chosen: 2026-11-24; some
200 MB."""

MAX_STAMP: Final = 1 << 31
"""Responses that tables can tell apart; a mark of a sighting has 31 bits for them."""


def _presentation() -> np.ndarray:
    """Return, for each octet of a label, its text, first character lowest, and 2^32 its length."""
    texts = [presentation_of(octet).encode() for octet in range(256)]
    shown = [int.from_bytes(text, "little") | len(text) << 32 for text in texts]
    return np.array(shown, dtype=np.int64)


_PRESENTATION: Final = _presentation()


class TableSet:
    """Tables of one thread; whoever holds them calls the kernel with :attr:`tables`."""

    def __init__(self, kernel: Kernel, options: Options) -> None:
        self.kernel = kernel
        self.options = options
        self.progress = np.zeros(layout.PROGRESS_SIZE, np.int64)
        self.tables = _empty_tables(options)

    @property
    def row_count(self) -> int:
        """Rows of the rollup that the tables hold."""
        state = self.tables.state
        return int(state[SIGHTINGS] + state[LOOKUPS] + state[SETS])

    @property
    def is_full(self) -> bool:
        """Whether the rows should become a rollup, or the numbers of responses run out."""
        is_worn = int(self.tables.state[layout.STAMP]) > MAX_STAMP // (self.options.workers + 2)
        return is_worn or self.row_count > (self.options.max_rows or MAX_ROWS)

    def run(
        self,
        function: Callable[..., None],
        octets: np.ndarray,
        rows: np.ndarray,
        *more: np.ndarray,
    ) -> None:
        """Let a function of the kernel take all rows; the tables grow on the way."""
        first = 0
        while True:
            function(self.tables, octets, rows, first, len(rows), *more, self.progress)
            if self.progress[STATUS] != layout.NO_ROOM:
                return
            first = int(self.progress[STOPPED_AT])
            state, batch = self.tables.state, self.tables.batch
            waiting = batch[state[layout.BATCH_TAKEN]]
            size_bytes = waiting[layout.BATCH_END] - waiting[layout.BATCH_START]
            self.reserve(**_room_for_message(int(size_bytes)))

    def reserve(
        self,
        *,
        texts: int = 0,
        words: int = 0,
        addresses: int = 0,
        sightings: int = 0,
        lookups: int = 0,
        sets: int = 0,
    ) -> None:
        """Make room for so many new rows of each table at least; ``words`` hold the texts."""
        wanted = {
            "address": addresses, "prefix": 2 * addresses, "sighting": sightings,
            "lookup": lookups, "set": sets,
        }  # fmt: skip
        state, fields = self.tables.state, self.tables._asdict()
        grown = []
        for name, more in wanted.items():
            place, _ = _ROWED[name]
            rows, needed = fields[f"{name}_rows"], int(state[place]) + more
            if needed > len(rows):
                fields[f"{name}_rows"] = _enlarged(rows, _power_of_two(needed))
                grown.append((f"{name}_slots", 2 * _power_of_two(needed)))
        trails = fields["lookup_trails"]
        if len(trails) < len(fields["lookup_rows"]):
            fields["lookup_trails"] = _enlarged(trails, len(fields["lookup_rows"]))
        needed = 2 * (int(state[TEXTS]) + texts)
        if needed > len(fields["text_slots"]):
            grown.append(("text_slots", _power_of_two(needed)))
        needed = int(state[WORDS]) + words
        if needed > len(fields["text_words"]):
            fields["text_words"] = _enlarged(fields["text_words"], _power_of_two(needed))
        if grown:
            for name in fields:
                if name.endswith("_slots"):
                    fields[name][:] = 0
            for name, size in grown:
                fields[name] = _zeros(size)
        self.tables = Tables(**fields)
        if grown:
            self.kernel.refill_slots(self.tables)

    def absorb(self, other: "TableSet") -> None:
        """Merge the rows of other tables, and what they counted, into these, and empty the other.

        Most rows are in both, as a rule, so that the tables grow only as need be.
        """
        state, progress = other.tables.state, self.progress
        renamed = np.zeros(int(state[WORDS]), np.int32)
        moved = np.zeros(max(int(state[ADDRESSES]), int(state[LOOKUPS])), np.int64)
        self.reserve(texts=int(state[TEXTS]), words=int(state[WORDS]))
        self.reserve(addresses=int(state[ADDRESSES]))
        progress[:] = 0
        while progress[STATUS] != layout.DONE:
            self.kernel.absorb_tables(self.tables, other.tables, renamed, moved, progress)
            if progress[STATUS] == layout.NO_ROOM:
                self.reserve(sightings=1, lookups=1, sets=1)
        self.tables.drops[:] += other.tables.drops
        for place in (layout.RESPONSES, layout.QUERIES, layout.STAMP):
            self.tables.state[place] += state[place]
        other.let_go(*(name for name in other.tables._fields if name.endswith(_FREED)))

    def count_into(self, drops: Drops) -> None:
        """Hand on what was counted, and begin to count anew."""
        state = self.tables.state
        drops.response_count += int(state[layout.RESPONSES])
        drops.query_count += int(state[layout.QUERIES])
        for number in np.flatnonzero(self.tables.drops):
            drops.drop(layout.REASONS[number], int(self.tables.drops[number]))
        state[layout.RESPONSES] = state[layout.QUERIES] = 0
        self.tables.drops[:] = 0

    def let_go(self, *names: str) -> None:
        """Free tables that are not needed any more; :meth:`clear` makes all anew."""
        empty = np.empty((0, 0), np.int64)
        self.tables = self.tables._replace(**dict.fromkeys(names, empty))

    def clear(self) -> None:
        """Forget all rows; counts and the clock stay."""
        old = self.tables
        self.tables = _empty_tables(self.options)
        for place in (layout.RESPONSES, layout.QUERIES, layout.NOW):
            self.tables.state[place] = old.state[place]
        self.tables.drops[:] = old.drops


def _empty_tables(options: Options) -> Tables:
    state = np.zeros(STATE_SIZE, np.int64)
    state[layout.SINCE] = _bound(options.since_us)
    state[layout.UNTIL] = _bound(options.until_us)
    state[layout.BUCKET_US] = BUCKET_FINE_S * MICROSECONDS_PER_S
    hashed = {"text_slots": _zeros(2 * FIRST_ROWS)}
    for name, (_, width) in _ROWED.items():
        hashed[f"{name}_slots"] = _zeros(2 * FIRST_ROWS)
        hashed[f"{name}_rows"] = _zeros(FIRST_ROWS, width)
    return Tables(
        state=state,
        drops=np.zeros(len(layout.REASONS), np.int64),
        keys=np.frombuffer(secrets.token_bytes(4 * layout.KEY_COUNT), np.uint32).astype(np.uint64),
        text_words=_zeros(16 * FIRST_ROWS, dtype=np.uint64),
        memo=_zeros(layout.MEMO_ROWS, layout.MEMO_WIDTH),
        scratch=np.zeros(layout.MAX_TEXT_BYTES // 8 + 2, np.uint64),
        answers=_zeros(layout.MAX_ANSWERS, layout.ANSWER_WIDTH),
        lookup_trails=_zeros(FIRST_ROWS, layout.TRAIL_LENGTH, dtype=np.int32),
        batch=_zeros(layout.BATCH_ROWS, layout.BATCH_WIDTH),
        presentation=_PRESENTATION,
        **hashed,
    )


def _zeros(*shape: int, dtype: type = np.int64) -> np.ndarray:
    """Return zeros in pages of their own.

    No row lies in two cache lines, large pages make fewer of them to look up, and what is freed
    goes back to the system at once.
    """
    size_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    pages = mmap.mmap(-1, max(size_bytes, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE") and size_bytes >= LARGE_PAGE_BYTES:
        with suppress(OSError):  # a system that has none
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype, int(np.prod(shape))).reshape(shape)


def _bound(moment_us: int | None) -> int:
    return layout.UNKNOWN_TIME if moment_us is None else moment_us


def _room_for_message(size_bytes: int) -> dict[str, int]:
    """Return the room that the kernel asks for before it takes a message, and some more."""
    records = max(size_bytes // 11, 64)
    texts = 3 * records + 1
    return {
        "texts": texts, "words": texts * layout.TEXT_WORDS, "addresses": records,
        "sightings": records, "lookups": 1, "sets": 1,
    }  # fmt: skip


def _power_of_two(size: int) -> int:
    return 1 << (size - 1).bit_length()


def _enlarged(array: np.ndarray, size: int) -> np.ndarray:
    larger = _zeros(size, *array.shape[1:], dtype=array.dtype.type)
    larger[: len(array)] = array
    return larger
