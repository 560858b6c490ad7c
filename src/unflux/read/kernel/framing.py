"""Where the records of a file lie: packets of pcap and pcapng, frames of Frame Streams."""

import numpy as np

from unflux.model.times import LATEST_US, MICROSECONDS_PER_S
from unflux.read.frame_streams import MAX_FRAME_BYTES
from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.layout import (
    COUNT,
    DONE,
    FULL,
    INCOMPLETE,
    INTERFACE_LINK,
    INTERFACE_OFFSET,
    INTERFACE_SNAPSHOT,
    INTERFACE_TICKS,
    ODD,
    PACKET_END,
    PACKET_LINK,
    PACKET_START,
    PACKET_TIME,
    STATUS,
    STOPPED_AT,
    UNKNOWN_TIME,
)
from unflux.read.kernel.octets import big32, number32
from unflux.read.packet import MAX_PACKET_SIZE_BYTES
from unflux.read.pcapng import ENHANCED_PACKET, MAX_BLOCK_SIZE_BYTES, SIMPLE_PACKET


@inlined
def stop(progress: np.ndarray, at: int, status: int, count: int) -> None:
    """Say how far reading came."""
    progress[STOPPED_AT] = at
    progress[STATUS] = status
    progress[COUNT] = count


@inlined
def put_packet(
    packets: np.ndarray, row: int, start: int, end: int, ts_us: int, link_type: int
) -> None:
    """Write where a packet lies."""
    at = np.uintp(row)
    packets[at, PACKET_START] = start
    packets[at, PACKET_END] = end
    packets[at, PACKET_TIME] = ts_us
    packets[at, PACKET_LINK] = link_type


@shared
def frame_pcap(
    octets: np.ndarray,
    at: int,
    end: int,
    is_big: bool,
    ticks_per_us: int,
    header_bytes: int,
    link_type: int,
    plain_at: int,
    packets: np.ndarray,
    progress: np.ndarray,
) -> None:
    """Find the packets of a pcap file from the record header at ``at`` on.

    Stops ODD at a record that may be the header of another file (unless it is that at ``plain_at``)
    and at one of impossible length.
    """
    count = 0
    while at < end:
        if count == len(packets):
            stop(progress, at, FULL, count)
            return
        if at + header_bytes > end:
            stop(progress, at, INCOMPLETE, count)
            return
        size_bytes = number32(octets, at + 8, is_big)
        is_empty = size_bytes == 0 and number32(octets, at + 12, is_big) == 0
        if (is_empty and at != plain_at) or size_bytes > MAX_PACKET_SIZE_BYTES:
            stop(progress, at, ODD, count)
            return
        start = at + header_bytes
        if start + size_bytes > end:
            stop(progress, at, INCOMPLETE, count)
            return
        seconds, ticks = number32(octets, at, is_big), number32(octets, at + 4, is_big)
        ts_us = seconds * MICROSECONDS_PER_S + ticks // ticks_per_us
        put_packet(packets, count, start, start + size_bytes, ts_us, link_type)
        count += 1
        at = start + size_bytes
    stop(progress, at, DONE, count)


@shared
def frame_pcapng(
    octets: np.ndarray,
    at: int,
    end: int,
    is_big: bool,
    interfaces: np.ndarray,
    packets: np.ndarray,
    progress: np.ndarray,
) -> None:
    """Find the packets of a pcapng section from the block at ``at`` on.

    Stops ODD at every block but whole Enhanced and Simple Packet Blocks of declared interfaces.
    """
    count = 0
    while at < end:
        if count == len(packets):
            stop(progress, at, FULL, count)
            return
        if at + 12 > end:
            stop(progress, at, INCOMPLETE, count)
            return
        kind, size_bytes = number32(octets, at, is_big), number32(octets, at + 4, is_big)
        is_packet = kind in (ENHANCED_PACKET, SIMPLE_PACKET)
        fixed_bytes = 32 if kind == ENHANCED_PACKET else 16
        is_sound = fixed_bytes <= size_bytes <= MAX_BLOCK_SIZE_BYTES and size_bytes % 4 == 0
        if not (is_packet and is_sound):
            stop(progress, at, ODD, count)
            return
        if at + size_bytes > end:
            stop(progress, at, INCOMPLETE, count)
            return
        is_taken = number32(octets, at + size_bytes - 4, is_big) == size_bytes
        if is_taken and kind == ENHANCED_PACKET:
            is_taken = put_enhanced(octets, at, size_bytes, is_big, interfaces, packets, count)
        elif is_taken:
            is_taken = put_simple(octets, at, size_bytes, is_big, interfaces, packets, count)
        if not is_taken:
            stop(progress, at, ODD, count)
            return
        count += 1
        at += size_bytes
    stop(progress, at, DONE, count)


@inlined
def put_enhanced(
    octets: np.ndarray,
    at: int,
    size_bytes: int,
    is_big: bool,
    interfaces: np.ndarray,
    packets: np.ndarray,
    row: int,
) -> bool:
    """Write where the packet of an Enhanced Packet Block lies; false where it is odd."""
    number = number32(octets, at + 8, is_big)
    captured_bytes = number32(octets, at + 20, is_big)
    if number >= len(interfaces) or captured_bytes > size_bytes - 32:
        return False
    if captured_bytes > MAX_PACKET_SIZE_BYTES:
        return False
    interface = np.uintp(number)
    ticks_per_s = interfaces[interface, INTERFACE_TICKS]
    if ticks_per_s == 0:
        return False
    upper, lower = number32(octets, at + 12, is_big), number32(octets, at + 16, is_big)
    ts_us = interfaces[interface, INTERFACE_OFFSET] + to_us(upper << 32 | lower, ticks_per_s)
    link_type = interfaces[interface, INTERFACE_LINK]
    put_packet(packets, row, at + 28, at + 28 + captured_bytes, ts_us, link_type)
    return True


@inlined
def put_simple(
    octets: np.ndarray,
    at: int,
    size_bytes: int,
    is_big: bool,
    interfaces: np.ndarray,
    packets: np.ndarray,
    row: int,
) -> bool:
    """Write where the packet of a Simple Packet Block lies; false where it is odd."""
    if len(interfaces) == 0:
        return False
    captured_bytes = number32(octets, at + 8, is_big)
    snapshot_bytes = interfaces[0, INTERFACE_SNAPSHOT]
    if snapshot_bytes:
        captured_bytes = min(captured_bytes, snapshot_bytes)
    captured_bytes = min(captured_bytes, size_bytes - 16)
    if captured_bytes > MAX_PACKET_SIZE_BYTES:
        return False
    link_type = interfaces[0, INTERFACE_LINK]
    put_packet(packets, row, at + 12, at + 12 + captured_bytes, UNKNOWN_TIME, link_type)
    return True


@inlined
def to_us(ticks: int, ticks_per_s: int) -> int:
    """Return ticks, an unsigned number, as microseconds; what is far beyond 2100 stays beyond."""
    whole = np.int64(np.uint64(ticks) // np.uint64(ticks_per_s))
    rest = np.int64(np.uint64(ticks) % np.uint64(ticks_per_s))
    if whole < 0 or whole > 2 * LATEST_US // MICROSECONDS_PER_S:
        return 2 * LATEST_US
    return whole * MICROSECONDS_PER_S + rest * MICROSECONDS_PER_S // ticks_per_s


@shared
def frame_stream(
    octets: np.ndarray, at: int, end: int, frames: np.ndarray, progress: np.ndarray
) -> None:
    """Find the data frames of a Frame Streams file; stops ODD at control and overlong frames."""
    count = 0
    while at < end:
        if count == len(frames):
            stop(progress, at, FULL, count)
            return
        if at + 4 > end:
            stop(progress, at, INCOMPLETE, count)
            return
        size_bytes = big32(octets, at)
        if size_bytes == 0 or size_bytes > MAX_FRAME_BYTES:
            stop(progress, at, ODD, count)
            return
        if at + 4 + size_bytes > end:
            stop(progress, at, INCOMPLETE, count)
            return
        put_packet(frames, count, at + 4, at + 4 + size_bytes, UNKNOWN_TIME, 0)
        count += 1
        at += 4 + size_bytes
    stop(progress, at, DONE, count)
