"""Packets of a ring that the Linux kernel fills, as records of a pcap file."""

import struct
import sys
from typing import Final

# Of ``struct tpacket_block_desc`` (linux/if_packet.h): where in a block
PACKETS_AT: Final = 12
FIRST_AT: Final = 16
"""How many packets it holds, and where the first one's header is."""

# Of ``struct tpacket3_hdr``: where in the header of a packet
NEXT_AT: Final = 0
"""How far it is to the next one."""
RECORD_AT: Final = 4
RECORD_BYTES: Final = 16
"""Seconds, nanoseconds, octets kept and octets there were: a record header of pcap as it is."""
SIZE_AT: Final = 12
DATA_AT: Final = 24
"""Octets kept, and how far from the header the packet is (two octets)."""
HEADER_BYTES: Final = 28
"""As far as is read here."""

IS_BIG: Final = sys.byteorder == "big"


def compose_records(block: memoryview) -> tuple[bytes, int]:
    """Return the packets of a block as records of a pcap file in nanoseconds, and their number.

    What :func:`unflux.read.kernel.ring_blocks.copy_ring_block` does, packet by packet.
    """
    records = bytearray()
    (packets, at) = struct.unpack_from("=II", block, PACKETS_AT)
    for count in range(packets):
        if at + HEADER_BYTES > len(block):
            return bytes(records), count
        (size_bytes,) = struct.unpack_from("=I", block, at + SIZE_AT)
        start = at + struct.unpack_from("=H", block, at + DATA_AT)[0]
        room = len(block) - len(records) - RECORD_BYTES
        if start + size_bytes > len(block) or size_bytes > room:
            return bytes(records), count
        records += block[at + RECORD_AT : at + RECORD_AT + RECORD_BYTES]
        records += block[start : start + size_bytes]
        at += struct.unpack_from("=I", block, at + NEXT_AT)[0]
    return bytes(records), packets
