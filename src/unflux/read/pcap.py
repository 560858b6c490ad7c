"""Packets of a classic pcap file."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from unflux.model.errors import UnreadableSourceError
from unflux.model.times import MICROSECONDS_PER_S
from unflux.read.packet import MAX_PACKET_SIZE_BYTES, Packet, Readable, read_exactly
from unflux.read.source import Drops

FILE_HEADER_SIZE_BYTES: Final = 24
RECORD_HEADER_SIZE_BYTES: Final = 16

MICROSECONDS: Final = 0xA1B2C3D4
NANOSECONDS: Final = 0xA1B23C4D
MODIFIED: Final = 0xA1B2CD34
"""Kuznetzov's format of early Linux: microseconds, and eight more octets in a record header."""

LINK_TYPE_MASK: Final = 0x03FF_FFFF
"""The upper bits of the field say how long the frame check sequence is (pcap draft, section 4)."""

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
        raise UnreadableSourceError("not a pcap file: its first 24 bytes are no pcap file header")
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
