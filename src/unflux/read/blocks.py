"""Files of records (captures, frame streams) cut into blocks that can be decoded side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from unflux.model.times import EARLIEST_US, LATEST_US
from unflux.read.kernel.layout import PACKET_TIME, PACKET_WIDTH
from unflux.read.window import Window

BLOCK_ROWS: Final = 1 << 13
"""Records of a block. Chosen: 2026-11-24; some 3 ms of decoding, against which handing a block
over is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some records that follow each other."""

    octets: np.ndarray
    """uint8: where they lie, among others."""
    rows: np.ndarray
    """int64 (records, PACKET_WIDTH): columns of :mod:`unflux.read.kernel.layout`."""
    now_us: int
    """The clock of the capture before the first of them: the time of the latest packet that has
    a plausible one; 0 before that."""


class Framer(Protocol):
    """Finds the records of one format in a window."""

    def fill(self, window: Window, rows: np.ndarray) -> int:
        """Write where the next records lie and pass them; return how many.

        Fewer than there are rows means that the window must be refilled first, or that
        :attr:`is_over`.
        """
        ...

    @property
    def is_over(self) -> bool:
        """Whether nothing after this can be read."""
        ...

    def end(self, window: Window) -> None:
        """Count what is left in the window at the end of the stream, a record cut short."""
        ...


def cut_blocks(window: Window, framer: Framer) -> Iterator[Block]:
    """Yield the blocks of a stream in order."""
    now_us = 0
    while True:
        rows = np.empty((BLOCK_ROWS, PACKET_WIDTH), np.int64)
        count = framer.fill(window, rows)
        if count:
            yield Block(octets=window.octets, rows=rows[:count], now_us=now_us)
            now_us = _latest(rows[:count, PACKET_TIME], now_us)
        if framer.is_over:
            return
        if count < BLOCK_ROWS and not window.refill():
            framer.end(window)
            return


def _latest(moments_us: np.ndarray, now_us: int) -> int:
    plausible = np.flatnonzero((moments_us >= EARLIEST_US) & (moments_us < LATEST_US))
    return int(moments_us[plausible[-1]]) if len(plausible) else now_us
