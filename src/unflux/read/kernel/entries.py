"""The compiled functions that the interpreter calls."""

import numpy as np

from unflux.model.times import EARLIEST_US, LATEST_US
from unflux.read.kernel.dnstap_frames import take_frame
from unflux.read.kernel.framing import frame_pcap, frame_pcapng, frame_stream, stop
from unflux.read.kernel.layout import (
    COUNT,
    DONE,
    NO_ROOM,
    NOW,
    PACKET_END,
    PACKET_LINK,
    PACKET_NOW,
    PACKET_START,
    PACKET_TIME,
    PACKET_WIDTH,
    RESIDUE,
    Tables,
)
from unflux.read.kernel.merging import (
    absorb_tables,
    add_responses,
    intern_all,
    intern_all_addresses,
    pack_texts,
    refill_slots,
)
from unflux.read.kernel.messages import decode_message
from unflux.read.kernel.packets import MESSAGE, RESIDUAL, find_message


def take_packets(
    tables: Tables,
    octets: np.ndarray,
    packets: np.ndarray,
    first: int,
    behind: int,
    ports: np.ndarray,
    residue: np.ndarray,
    progress: np.ndarray,
) -> None:
    """Take the DNS responses in packets; copy to ``residue`` those that take more than this.

    ``progress[RESIDUE]`` counts what is in ``residue`` already, and goes on.
    """
    for row in range(first, behind):
        at = np.uintp(row)
        ts_us = packets[at, PACKET_TIME]
        if EARLIEST_US <= ts_us < LATEST_US:
            tables.state[NOW] = ts_us
        start, end = packets[at, PACKET_START], packets[at, PACKET_END]
        link_type = packets[at, PACKET_LINK]
        held, begin, stop_at = find_message(octets, start, end, link_type, ports)
        if held == MESSAGE:
            if not decode_message(tables, octets, begin, stop_at, ts_us):
                stop(progress, row, NO_ROOM, progress[COUNT])
                return
        elif held == RESIDUAL:
            to = np.uintp(progress[RESIDUE])
            for column in range(PACKET_WIDTH):
                residue[to, column] = packets[at, column]
            residue[to, PACKET_NOW] = tables.state[NOW]
            progress[RESIDUE] += 1
    stop(progress, behind, DONE, progress[COUNT])


def take_frames(
    tables: Tables,
    octets: np.ndarray,
    frames: np.ndarray,
    first: int,
    behind: int,
    progress: np.ndarray,
) -> None:
    """Take the responses in dnstap frames."""
    for row in range(first, behind):
        at = np.uintp(row)
        if not take_frame(tables, octets, frames[at, PACKET_START], frames[at, PACKET_END]):
            stop(progress, row, NO_ROOM, progress[COUNT])
            return
    stop(progress, behind, DONE, progress[COUNT])


def take_messages(
    tables: Tables,
    octets: np.ndarray,
    messages: np.ndarray,
    first: int,
    behind: int,
    progress: np.ndarray,
) -> None:
    """Take the responses in messages that lie bare."""
    for row in range(first, behind):
        at = np.uintp(row)
        start, end = messages[at, PACKET_START], messages[at, PACKET_END]
        if not decode_message(tables, octets, start, end, messages[at, PACKET_TIME]):
            stop(progress, row, NO_ROOM, progress[COUNT])
            return
    stop(progress, behind, DONE, progress[COUNT])


ENTRIES = (
    frame_pcap,
    frame_pcapng,
    frame_stream,
    take_packets,
    take_frames,
    take_messages,
    refill_slots,
    absorb_tables,
    intern_all,
    intern_all_addresses,
    add_responses,
    pack_texts,
)
