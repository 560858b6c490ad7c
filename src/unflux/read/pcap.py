"""Packets of a classic pcap file."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from unflux.model.errors import UnreadableSourceError
from unflux.model.times import MICROSECONDS_PER_S
from unflux.read.kernel.layout import COUNT, FULL, INCOMPLETE, PROGRESS_SIZE, STATUS, STOPPED_AT
from unflux.read.kernel.native import Kernel
from unflux.read.packet import MAX_PACKET_SIZE_BYTES, Packet, Readable, read_exactly
from unflux.read.source import Drops
from unflux.read.window import Window

FILE_HEADER_SIZE_BYTES: Final = 24
RECORD_HEADER_SIZE_BYTES: Final = 16

MICROSECONDS: Final = 0xA1B2C3D4
NANOSECONDS: Final = 0xA1B23C4D
MODIFIED: Final = 0xA1B2CD34
"""Kuznetzov's format of early Linux: microseconds, and eight more octets in a record header."""

LINK_TYPE_MASK: Final = 0x03FF_FFFF
"""The upper bits of the field say how long the frame check sequence is (pcap draft, section 4)."""

NOT_PCAP: Final = "not a pcap file: its first 24 bytes are no pcap file header"
IMPOSSIBLE_LENGTH: Final = "impossible packet length, rest of the capture skipped"
CUT_SHORT: Final = "capture ends inside a packet"


class _Layout(NamedTuple):
    order: str
    ticks_per_us: int
    extra_bytes: int


_LAYOUTS: Final = {
    struct.pack(f"{order}I", magic): _Layout(order, ticks_per_us, extra_bytes)
    for order in "<>"
    for magic, ticks_per_us, extra_bytes in (
        (MICROSECONDS, 1, 0),
        (NANOSECONDS, 1000, 0),
        (MODIFIED, 1, 8),
    )
}


def is_pcap(head: bytes) -> bool:
    """Tell whether the bytes begin with a pcap file header."""
    return len(head) >= FILE_HEADER_SIZE_BYTES and head[:4] in _LAYOUTS


def read_pcap(stream: Readable, drops: Drops) -> Iterator[Packet]:
    """Yield the packets of a pcap file, or of several, one after the other.

    A record whose length is impossible ends the reading: nothing says where the next one starts.
    """
    header = read_exactly(stream, FILE_HEADER_SIZE_BYTES)
    if not is_pcap(header):
        raise UnreadableSourceError(NOT_PCAP)
    layout, link_type = _parse_file_header(header)
    while head := read_exactly(stream, RECORD_HEADER_SIZE_BYTES):
        if _starts_file(head):
            head += read_exactly(stream, FILE_HEADER_SIZE_BYTES - RECORD_HEADER_SIZE_BYTES)
            if is_pcap(head):
                layout, link_type = _parse_file_header(head)
            continue
        head += read_exactly(stream, layout.extra_bytes)
        if len(head) < RECORD_HEADER_SIZE_BYTES + layout.extra_bytes:
            drops.drop(CUT_SHORT)
            return
        seconds, ticks, size_bytes, _ = struct.unpack_from(f"{layout.order}IIII", head)
        if size_bytes > MAX_PACKET_SIZE_BYTES:
            drops.drop(IMPOSSIBLE_LENGTH)
            return
        data = read_exactly(stream, size_bytes)
        if len(data) < size_bytes:
            drops.drop(CUT_SHORT)
            return
        ts_us = seconds * MICROSECONDS_PER_S + ticks // layout.ticks_per_us
        yield Packet(ts_us, link_type, data)


def _parse_file_header(header: bytes) -> tuple[_Layout, int]:
    layout = _LAYOUTS[header[:4]]
    (link_type,) = struct.unpack_from(f"{layout.order}I", header, 20)
    return layout, link_type & LINK_TYPE_MASK


def _starts_file(head: bytes) -> bool:
    """Tell whether a record header is the header of another file put behind the first.

    As a record it would be of the year 2055 and without a byte of data.
    """
    layout = _LAYOUTS.get(head[:4])
    return layout is not None and head[4:] == struct.pack(f"{layout.order}HHII", 2, 4, 0, 0)


class PcapFramer:
    """Finds the packets of a pcap file, or of several, one after the other, by compiled code."""

    def __init__(self, kernel: Kernel, drops: Drops) -> None:
        self._kernel = kernel
        self._drops = drops
        self._progress = np.zeros(PROGRESS_SIZE, np.int64)
        self._layout = _LAYOUTS[struct.pack("<I", MICROSECONDS)]
        self._link_type = 0
        self._is_begun = False
        self.is_over = False

    def fill(self, window: Window, rows: np.ndarray) -> int:
        """Write where the next packets lie and pass them; return how many."""
        if not self._is_begun:
            self._begin(window)
        count, plain_at = 0, -1
        while not self.is_over:
            self._frame(window, rows[count:], plain_at)
            count += int(self._progress[COUNT])
            window.at = int(self._progress[STOPPED_AT])
            status = self._progress[STATUS]
            if window.at == window.end or status in {FULL, INCOMPLETE}:
                break
            if self._is_cut_header(window):
                break  # the octets to come complete it
            plain_at = self._take_odd(window)
        return count

    def end(self, window: Window) -> None:
        """Count what is left at the end of the stream."""
        if not len(window):
            return
        head = window.take(RECORD_HEADER_SIZE_BYTES)
        if not _starts_file(head):
            self._drops.drop(CUT_SHORT)

    def _begin(self, window: Window) -> None:
        header = window.take(FILE_HEADER_SIZE_BYTES)
        if not is_pcap(header):
            raise UnreadableSourceError(NOT_PCAP)
        self._layout, self._link_type = _parse_file_header(header)
        self._is_begun = True

    def _frame(self, window: Window, rows: np.ndarray, plain_at: int) -> None:
        layout = self._layout
        self._kernel.frame_pcap(
            window.octets, window.at, window.end, layout.order == ">", layout.ticks_per_us,
            RECORD_HEADER_SIZE_BYTES + layout.extra_bytes, self._link_type, plain_at, rows,
            self._progress,
        )  # fmt: skip

    def _is_cut_header(self, window: Window) -> bool:
        """Tell whether the window ends inside the header of another file."""
        head = window.octets[window.at : window.at + RECORD_HEADER_SIZE_BYTES].tobytes()
        return len(window) < FILE_HEADER_SIZE_BYTES and _starts_file(head)

    def _take_odd(self, window: Window) -> int:
        """Pass the header of another file, end at an impossible length; else it is a plain packet.

        Return where that begins, -1 where there is none.
        """
        start = window.at
        header = window.octets[start : start + FILE_HEADER_SIZE_BYTES].tobytes()
        if _starts_file(header[:RECORD_HEADER_SIZE_BYTES]):
            self._layout, self._link_type = _parse_file_header(header)
            window.at += FILE_HEADER_SIZE_BYTES
            return -1
        (size_bytes,) = struct.unpack_from(f"{self._layout.order}I", header, 8)
        if size_bytes <= MAX_PACKET_SIZE_BYTES:
            return start
        self._drops.drop(IMPOSSIBLE_LENGTH)
        self.is_over = True
        return -1
