"""Blocks of records into rollups: in several threads, each with tables of its own."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from unflux.model.rollup import Rollup
from unflux.read.blocks import Block
from unflux.read.kernel.layout import NOW, PACKET_WIDTH, RESIDUE
from unflux.read.kernel.native import Kernel
from unflux.read.kernel.rollup import roll_up_tables
from unflux.read.kernel.tables import TableSet
from unflux.read.source import Drops, Options

Decode = Callable[[TableSet, Block, np.ndarray], None]
"""Takes a block into tables; rows of records that need more than that go to the third argument,
their count to ``progress[RESIDUE]``."""


class Residue(Protocol):
    """Takes the records that need more than compiled code, in order, on one thread."""

    def take(self, held: TableSet, octets: np.ndarray, rows: np.ndarray) -> None:
        """Take some of them into tables."""
        ...

    def finish(self, held: TableSet) -> None:
        """Take what waited for more."""
        ...


def decode_blocks(
    kernel: Kernel,
    blocks: Iterator[Block],
    *,
    decode: Decode,
    options: Options,
    drops: Drops,
    residue: Residue | None = None,
) -> Iterator[Rollup]:
    """Decode blocks in ``options.workers`` threads; yield rollups whenever tables are full.

    What the residue of a block needs is done here, in the order of the blocks.
    """
    decoder = _Decoder(kernel, decode, options)
    for block, rows in decoder.run(blocks):
        if residue is not None and len(rows):
            residue.take(decoder.own, block.octets, rows)
        yield from decoder.take_full()
    if residue is not None:
        residue.finish(decoder.own)
    yield from decoder.take_rest(drops)


class _Decoder:
    def __init__(self, kernel: Kernel, decode: Decode, options: Options) -> None:
        self._kernel = kernel
        self._decode = decode
        self._options = options
        self._idle: list[TableSet] = []
        self._all: list[TableSet] = []
        self._full: list[Rollup] = []
        self.own = self._new_tables()
        """Tables of the thread that runs all this, for the residue."""

    def run(self, blocks: Iterator[Block]) -> Iterator[tuple[Block, np.ndarray]]:
        """Yield each block with its residue, in order, once it is decoded."""
        if self._options.workers <= 1:
            for block in blocks:
                yield block, self._take(block, self.own)
            return
        workers = self._options.workers
        self._idle = [self._new_tables() for _ in range(workers)]
        with ThreadPoolExecutor(workers, "decode") as pool:
            ahead: deque[tuple[Block, Future[np.ndarray]]] = deque()
            for block in blocks:
                ahead.append((block, pool.submit(self._take_aside, block)))
                if len(ahead) > 2 * workers:
                    done, future = ahead.popleft()
                    yield done, future.result()
            while ahead:
                done, future = ahead.popleft()
                yield done, future.result()

    def take_full(self) -> Iterator[Rollup]:
        """Yield the rollups of tables that were full."""
        self._empty_if_full(self.own)
        while self._full:
            yield self._full.pop()

    def take_rest(self, drops: Drops) -> Iterator[Rollup]:
        """Yield what is left in all tables as one rollup, and hand on what they counted."""
        yield from self.take_full()
        self._idle.clear()
        most = max(self._all, key=lambda held: held.row_count)
        for other in self._all:
            if other is not most:
                most.absorb(other)
        most.count_into(drops)
        if most.row_count:
            yield roll_up_tables(most)

    def _new_tables(self) -> TableSet:
        tables = TableSet(self._kernel, self._options)
        self._all.append(tables)
        return tables

    def _take_aside(self, block: Block) -> np.ndarray:
        tables = self._idle.pop()
        try:
            return self._take(block, tables)
        finally:
            self._empty_if_full(tables)
            self._idle.append(tables)

    def _take(self, block: Block, tables: TableSet) -> np.ndarray:
        residue = np.empty((len(block.rows), PACKET_WIDTH), np.int64)
        tables.progress[RESIDUE] = 0
        tables.tables.state[NOW] = block.now_us
        self._decode(tables, block, residue)
        return residue[: int(tables.progress[RESIDUE])]

    def _empty_if_full(self, tables: TableSet) -> None:
        if tables.is_full:
            self._full.append(roll_up_tables(tables))
            tables.clear()
