"""A packet ring as a capture: the header of a pcap file, and its records block by block."""

import struct
from collections.abc import Callable

import numpy as np

from unflux.read.kernel.layout import COUNT, PROGRESS_SIZE, STOPPED_AT
from unflux.read.kernel.native import Kernel, load_kernel
from unflux.read.packet_ring import IS_BIG, compose_records
from unflux.read.pcap import NANOSECONDS

ComposeRecords = Callable[[memoryview], tuple[bytes, int]]


def compose_header(link_type: int, snapshot_bytes: int) -> bytes:
    """Return the header of a pcap file in nanoseconds, in this machine's order of octets."""
    return struct.pack("=IHHiIII", NANOSECONDS, 2, 4, 0, 0, snapshot_bytes, link_type)


def records_composer(block_bytes: int) -> ComposeRecords:
    """Return what makes records of blocks of so many octets, by compiled code if there is any."""
    kernel = load_kernel()
    return compose_records if kernel is None else _compiled(kernel, block_bytes)


def _compiled(kernel: Kernel, block_bytes: int) -> ComposeRecords:
    copy = np.empty(block_bytes, np.uint8)
    progress = np.zeros(PROGRESS_SIZE, np.int64)

    def compose(block: memoryview) -> tuple[bytes, int]:
        octets = np.frombuffer(block, np.uint8)
        kernel.copy_ring_block(octets, IS_BIG, copy, progress)
        return copy[: int(progress[STOPPED_AT])].tobytes(), int(progress[COUNT])

    return compose
