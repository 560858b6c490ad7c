"""Blocks of a packet ring, as the Linux kernel fills them (TPACKET_V3)."""

import numpy as np

from unflux.read.kernel.framing import stop
from unflux.read.kernel.jit import shared
from unflux.read.kernel.layout import DONE, INCOMPLETE
from unflux.read.kernel.octets import number16, number32
from unflux.read.packet_ring import (
    DATA_AT,
    FIRST_AT,
    HEADER_BYTES,
    NEXT_AT,
    PACKETS_AT,
    RECORD_AT,
    RECORD_BYTES,
    SIZE_AT,
)


@shared
def copy_ring_block(
    octets: np.ndarray, is_big: bool, copy: np.ndarray, progress: np.ndarray
) -> None:
    """Copy the packets of a block as records of a pcap file in nanoseconds.

    ``copy`` has room for as many octets as the block has. Stops INCOMPLETE at a packet that lies
    outside, which the kernel does not write. ``progress[STOPPED_AT]``: octets of ``copy`` in use.
    """
    end, to, count = len(octets), 0, 0
    at = number32(octets, FIRST_AT, is_big)
    for _ in range(number32(octets, PACKETS_AT, is_big)):
        if at + HEADER_BYTES > end:
            stop(progress, to, INCOMPLETE, count)
            return
        size_bytes = number32(octets, at + SIZE_AT, is_big)
        start = at + number16(octets, at + DATA_AT, is_big)
        if start + size_bytes > end or to + RECORD_BYTES + size_bytes > len(copy):
            stop(progress, to, INCOMPLETE, count)
            return
        for n in range(RECORD_BYTES):
            copy[np.uintp(to + n)] = octets[np.uintp(at + RECORD_AT + n)]
        to += RECORD_BYTES
        for n in range(size_bytes):
            copy[np.uintp(to + n)] = octets[np.uintp(start + n)]
        to += size_bytes
        count += 1
        at += number32(octets, at + NEXT_AT, is_big)
    stop(progress, to, DONE, count)
