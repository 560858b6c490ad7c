"""Packets of a pcapng file."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from unflux.model.errors import UnreadableSourceError
from unflux.model.times import EARLIEST_US, LATEST_US, MICROSECONDS_PER_S
from unflux.read.kernel.layout import (
    COUNT,
    FULL,
    INTERFACE_WIDTH,
    PROGRESS_SIZE,
    STATUS,
    STOPPED_AT,
    UNKNOWN_TIME,
)
from unflux.read.kernel.native import Kernel
from unflux.read.packet import MAX_PACKET_SIZE_BYTES, Packet, Readable, read_exactly, skip_bytes
from unflux.read.source import Drops
from unflux.read.window import Window

SECTION_HEADER: Final = 0x0A0D0D0A
INTERFACE_DESCRIPTION: Final = 1
PACKET: Final = 2
SIMPLE_PACKET: Final = 3
ENHANCED_PACKET: Final = 6
"""Block types (draft-ietf-opsawg-pcapng, section 4 and appendix A)."""

BYTE_ORDER_MAGIC: Final = 0x1A2B3C4D

IF_TSRESOL: Final = 9
IF_TSOFFSET: Final = 14
"""Options of an interface description (section 4.2)."""

MAX_BLOCK_SIZE_BYTES: Final = MAX_PACKET_SIZE_BYTES + (64 << 10)
"""A longer block is passed over unread. Chosen: 2026-11-22; the longest packet and 64 KiB of
options; comments and name resolution blocks of the corpus stay far below."""

MAX_INTERFACES: Final = 65_536
"""Interfaces of one section; the obsolete Packet Block can count no further."""

MAX_OPTIONS: Final = 256
"""Options looked at in one block. Chosen: 2026-11-22; an interface description knows seventeen."""

MAX_HANDY_TICKS: Final = (1 << 63) // MICROSECONDS_PER_S
MAX_HANDY_OFFSET_S: Final = 2 * LATEST_US // MICROSECONDS_PER_S
"""Ticks per second and seconds to add with which moments are reckoned in 64 bits."""

NOT_PCAPNG: Final = "not a pcapng file: no section header at its start"
BAD_BLOCK: Final = "impossible block length, rest of the capture skipped"
LONG_BLOCK: Final = "block too long"
UNEQUAL_LENGTHS: Final = "block whose two lengths differ"
BAD_SECTION: Final = "section of unknown byte order, rest of the capture skipped"
MALFORMED_BLOCK: Final = "malformed block"
NO_INTERFACE: Final = "packet of an undeclared interface"
TOO_MANY_INTERFACES: Final = "too many interfaces"
CUT_SHORT: Final = "capture ends inside a block"


class _Interface(NamedTuple):
    link_type: int
    snapshot_bytes: int
    ticks_per_s: int
    offset_s: int


_PACKET_BLOCKS: Final = frozenset({PACKET, SIMPLE_PACKET, ENHANCED_PACKET})
_READ_BLOCKS: Final = _PACKET_BLOCKS | {INTERFACE_DESCRIPTION, SECTION_HEADER}
_ORDERS: Final = {struct.pack(f"{order}I", BYTE_ORDER_MAGIC): order for order in "<>"}


def is_pcapng(head: bytes) -> bool:
    """Tell whether the bytes begin with a section header block."""
    return head[:4] == struct.pack("<I", SECTION_HEADER) and head[8:12] in _ORDERS


def read_pcapng(stream: Readable, drops: Drops) -> Iterator[Packet]:
    """Yield the packets of all sections and interfaces.

    Blocks that carry no packet are passed over. A length that cannot be ends the reading: nothing
    says where the next block starts.
    """
    interfaces: list[_Interface] = []
    for kind, order, body in _read_blocks(stream, drops):
        if kind == SECTION_HEADER:
            interfaces = []
        elif kind == INTERFACE_DESCRIPTION:
            _declare(interfaces, body, order, drops)
        else:
            packet = _parse_packet(kind, body, order, interfaces)
            if isinstance(packet, str):
                drops.drop(packet)
            else:
                yield packet


def _read_blocks(stream: Readable, drops: Drops) -> Iterator[tuple[int, str, bytes]]:
    """Yield type, byte order and body of the blocks that matter here."""
    order = ""
    while head := read_exactly(stream, 8):
        if head[:4] == struct.pack("<I", SECTION_HEADER):
            head += read_exactly(stream, 4)
        if is_pcapng(head):
            order = _ORDERS[head[8:12]]
        elif not order:
            raise UnreadableSourceError(NOT_PCAPNG)
        elif len(head) == 12:
            drops.drop(BAD_SECTION)
            return
        if len(head) < 8:
            drops.drop(CUT_SHORT)
            return
        kind, size_bytes = struct.unpack_from(f"{order}II", head)
        if size_bytes < len(head) + 4 or size_bytes % 4:
            drops.drop(BAD_BLOCK)
            return
        if kind in _READ_BLOCKS and size_bytes <= MAX_BLOCK_SIZE_BYTES:
            body = _read_body(stream, size_bytes, size_bytes - len(head), order, drops)
            if body is None:
                return
            yield kind, order, body
            continue
        if kind in _READ_BLOCKS:
            drops.drop(LONG_BLOCK)
        if kind == SECTION_HEADER:
            yield kind, order, b""
        if not skip_bytes(stream, size_bytes - len(head)):
            drops.drop(CUT_SHORT)
            return


def _read_body(
    stream: Readable, size_bytes: int, missing_bytes: int, order: str, drops: Drops
) -> bytes | None:
    """Return what lies between the two lengths of a block, or null where the file ends before.

    A block whose lengths differ is used as far as its first length says.
    """
    body = read_exactly(stream, missing_bytes)
    if len(body) < missing_bytes:
        drops.drop(CUT_SHORT)
        return None
    if struct.unpack(f"{order}I", body[-4:]) != (size_bytes,):
        drops.drop(UNEQUAL_LENGTHS)
    return body[:-4]


def _declare(interfaces: list[_Interface], body: bytes, order: str, drops: Drops) -> None:
    """Add the interface that a block describes; a malformed one takes its number all the same."""
    if len(interfaces) >= MAX_INTERFACES:
        drops.drop(TOO_MANY_INTERFACES)
        return
    if len(body) < 8:
        drops.drop(MALFORMED_BLOCK)
        interfaces.append(_Interface(-1, 0, MICROSECONDS_PER_S, 0))
        return
    link_type, _, snapshot_bytes = struct.unpack_from(f"{order}HHI", body)
    ticks_per_s, offset_s = MICROSECONDS_PER_S, 0
    for code, value in _options(body[8:], order):
        if code == IF_TSRESOL and len(value) == 1:
            exponent = value[0] & 0x7F
            ticks_per_s = 1 << exponent if value[0] & 0x80 else 10**exponent
        elif code == IF_TSOFFSET and len(value) == 8:
            (offset_s,) = struct.unpack(f"{order}q", value)
    interfaces.append(_Interface(link_type, snapshot_bytes, ticks_per_s, offset_s))


def _options(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(MAX_OPTIONS):
        if at + 4 > len(data):
            return
        code, size_bytes = struct.unpack_from(f"{order}HH", data, at)
        if code == 0:
            return
        yield code, data[at + 4 : at + 4 + size_bytes]
        at += 4 + size_bytes + -size_bytes % 4


def _parse_packet(kind: int, body: bytes, order: str, interfaces: list[_Interface]) -> Packet | str:
    """Return the packet of a block, or the reason why there is none."""
    start = 4 if kind == SIMPLE_PACKET else 20
    if len(body) < start:
        return MALFORMED_BLOCK
    number, ticks = 0, None
    if kind == SIMPLE_PACKET:
        (size_bytes,) = struct.unpack_from(f"{order}I", body)
    else:
        layout = f"{order}IIII" if kind == ENHANCED_PACKET else f"{order}HxxIII"
        number, upper, lower, size_bytes = struct.unpack_from(layout, body)
        ticks = upper << 32 | lower
    if number >= len(interfaces):
        return NO_INTERFACE
    interface = interfaces[number]
    if kind == SIMPLE_PACKET:  # holds the original length; the rest is padding (section 4.4)
        size_bytes = min(size_bytes, interface.snapshot_bytes or size_bytes, len(body) - start)
    if size_bytes > min(len(body) - start, MAX_PACKET_SIZE_BYTES):
        return MALFORMED_BLOCK
    ts_us = None
    if ticks is not None:
        ts_us = (
            interface.offset_s * MICROSECONDS_PER_S
            + ticks * MICROSECONDS_PER_S // interface.ticks_per_s
        )
    return Packet(ts_us, interface.link_type, body[start : start + size_bytes])


class PcapngFramer:
    """Finds the packets of a pcapng file: those of common blocks by compiled code."""

    def __init__(self, kernel: Kernel, drops: Drops) -> None:
        self._kernel = kernel
        self._drops = drops
        self._progress = np.zeros(PROGRESS_SIZE, np.int64)
        self._order = ""
        self._interfaces: list[_Interface] = []
        self._columns = np.zeros((1, INTERFACE_WIDTH), np.int64)
        self._left_bytes = 0
        """Octets of a block that are passed over unread."""
        self.is_over = False

    def fill(self, window: Window, rows: np.ndarray) -> int:
        """Write where the next packets lie and pass them; return how many."""
        if not self._order and not is_pcapng(window.peek(12)):
            raise UnreadableSourceError(NOT_PCAPNG)
        count = 0
        while not self.is_over:
            passed_bytes = min(self._left_bytes, len(window))
            window.at += passed_bytes
            self._left_bytes -= passed_bytes
            if not len(window) or count == len(rows):
                break
            if self._order:
                count += self._frame(window, rows[count:])
                if self._progress[STATUS] == FULL or not len(window):
                    break
            taken = self._take_odd(window, rows[count:])
            if taken is None:
                break
            count += taken
        return count

    def end(self, window: Window) -> None:
        """Count what is left at the end of the stream."""
        rest = window.take(12)
        if self._left_bytes:
            self._drops.drop(CUT_SHORT)
        elif rest:
            is_impossible = False
            if 8 <= len(rest) < 12:
                is_section = rest[:4] == struct.pack("<I", SECTION_HEADER)
                least_bytes = (len(rest) if is_section else 8) + 4
                (size_bytes,) = struct.unpack_from(f"{self._order}I", rest, 4)
                is_impossible = size_bytes < least_bytes or bool(size_bytes % 4)
            self._drops.drop(BAD_BLOCK if is_impossible else CUT_SHORT)

    def _frame(self, window: Window, rows: np.ndarray) -> int:
        self._kernel.frame_pcapng(
            window.octets, window.at, window.end, self._order == ">",
            self._columns[: len(self._interfaces)], rows, self._progress,
        )  # fmt: skip
        window.at = int(self._progress[STOPPED_AT])
        return int(self._progress[COUNT])

    def _take_odd(self, window: Window, rows: np.ndarray) -> int | None:
        """Take a block of any kind; return how many packets it has, null where it is not all here.

        A length that cannot be ends the reading.
        """
        if len(window) < 12:
            return None
        start = window.at
        head = window.octets[start : start + 12].tobytes()
        is_section = head[:4] == struct.pack("<I", SECTION_HEADER)
        if is_section:
            self._order = _ORDERS.get(head[8:], "")
        kind, size_bytes = struct.unpack_from(f"{self._order}II", head)
        if not self._order or size_bytes < (16 if is_section else 12) or size_bytes % 4:
            self._drops.drop(BAD_BLOCK if self._order else BAD_SECTION)
            self.is_over = True
            return 0
        if kind not in _READ_BLOCKS or size_bytes > MAX_BLOCK_SIZE_BYTES:
            if kind in _READ_BLOCKS:
                self._drops.drop(LONG_BLOCK)
            if is_section:
                self._interfaces = []
            self._left_bytes = size_bytes
            return 0
        if len(window) < size_bytes:
            return None
        window.at += size_bytes
        block = window.octets[start : start + size_bytes].tobytes()
        if block[-4:] != block[4:8]:
            self._drops.drop(UNEQUAL_LENGTHS)
        if kind in _PACKET_BLOCKS:
            return self._take_packet(kind, block[8:-4], start + 8, rows)
        if is_section:
            self._interfaces = []
        else:
            self._declare(block[8:-4])
        return 0

    def _declare(self, body: bytes) -> None:
        number = len(self._interfaces)
        _declare(self._interfaces, body, self._order, self._drops)
        if number == len(self._interfaces):
            return
        if number == len(self._columns):
            self._columns = np.concatenate([self._columns, np.zeros_like(self._columns)])
        link_type, snapshot_bytes, ticks_per_s, offset_s = self._interfaces[number]
        is_handy = ticks_per_s <= MAX_HANDY_TICKS and abs(offset_s) <= MAX_HANDY_OFFSET_S
        self._columns[number] = (
            link_type, snapshot_bytes, ticks_per_s if is_handy else 0,
            offset_s * MICROSECONDS_PER_S if is_handy else 0,
        )  # fmt: skip

    def _take_packet(self, kind: int, body: bytes, body_at: int, rows: np.ndarray) -> int:
        packet = _parse_packet(kind, body, self._order, self._interfaces)
        if isinstance(packet, str):
            self._drops.drop(packet)
            return 0
        start = body_at + (4 if kind == SIMPLE_PACKET else 20)
        ts_us = UNKNOWN_TIME
        if packet.ts_us is not None:  # beyond 64 bits it may be, and then is as good as 2100
            ts_us = packet.ts_us if EARLIEST_US <= packet.ts_us < LATEST_US else LATEST_US
        rows[0] = (start, start + len(packet.data), ts_us, packet.link_type, 0)
        return 1
