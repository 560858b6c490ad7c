"""The compiled functions that the interpreter calls."""

import numpy as np

from unflux.model.times import EARLIEST_US, LATEST_US
from unflux.read.kernel.address_texts import write_addresses
from unflux.read.kernel.batches import is_batch_full, put_message, take_batch
from unflux.read.kernel.dnstap_frames import find_response
from unflux.read.kernel.framing import frame_pcap, frame_pcapng, frame_stream, stop
from unflux.read.kernel.layout import (
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
    pack_texts,
    read_addresses,
    refill_slots,
)
from unflux.read.kernel.packets import MESSAGE, RESIDUAL, find_message
from unflux.read.kernel.ring_blocks import copy_ring_block
from unflux.read.kernel.scan import entries as scan


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

    ``progress[RESIDUE]`` counts what is in ``residue`` already, and goes on. Where there is NO_ROOM
    the tables must grow, and the call be made again from where it stopped.
    """
    if not take_batch(tables, octets):
        stop(progress, first, NO_ROOM, 0)
        return
    for row in range(first, behind):
        at = np.uintp(row)
        ts_us = packets[at, PACKET_TIME]
        if EARLIEST_US <= ts_us < LATEST_US:
            tables.state[NOW] = ts_us
        start, end = packets[at, PACKET_START], packets[at, PACKET_END]
        held, begin, stop_at = find_message(octets, start, end, packets[at, PACKET_LINK], ports)
        if held == MESSAGE:
            put_message(tables, begin, stop_at, ts_us)
            if is_batch_full(tables) and not take_batch(tables, octets):
                stop(progress, row + 1, NO_ROOM, 0)
                return
        elif held == RESIDUAL:
            to = np.uintp(progress[RESIDUE])
            for column in range(PACKET_WIDTH):
                residue[to, column] = packets[at, column]
            residue[to, PACKET_NOW] = tables.state[NOW]
            progress[RESIDUE] += 1
    stop(progress, behind, DONE if take_batch(tables, octets) else NO_ROOM, 0)


def take_frames(
    tables: Tables,
    octets: np.ndarray,
    frames: np.ndarray,
    first: int,
    behind: int,
    progress: np.ndarray,
) -> None:
    """Take the responses in dnstap frames; NO_ROOM is as for packets."""
    if not take_batch(tables, octets):
        stop(progress, first, NO_ROOM, 0)
        return
    for row in range(first, behind):
        at = np.uintp(row)
        begin, stop_at, ts_us = find_response(
            tables, octets, frames[at, PACKET_START], frames[at, PACKET_END]
        )
        if begin >= 0:
            put_message(tables, begin, stop_at, ts_us)
            if is_batch_full(tables) and not take_batch(tables, octets):
                stop(progress, row + 1, NO_ROOM, 0)
                return
    stop(progress, behind, DONE if take_batch(tables, octets) else NO_ROOM, 0)


def take_messages(
    tables: Tables,
    octets: np.ndarray,
    messages: np.ndarray,
    first: int,
    behind: int,
    progress: np.ndarray,
) -> None:
    """Take the responses in messages that lie bare; NO_ROOM is as for packets."""
    if not take_batch(tables, octets):
        stop(progress, first, NO_ROOM, 0)
        return
    for row in range(first, behind):
        at = np.uintp(row)
        put_message(
            tables, messages[at, PACKET_START], messages[at, PACKET_END], messages[at, PACKET_TIME]
        )
        if is_batch_full(tables) and not take_batch(tables, octets):
            stop(progress, row + 1, NO_ROOM, 0)
            return
    stop(progress, behind, DONE if take_batch(tables, octets) else NO_ROOM, 0)


ENTRIES = (
    (take_packets, take_frames, take_messages),
    (
        frame_pcap,
        frame_pcapng,
        frame_stream,
        copy_ring_block,
        refill_slots,
        absorb_tables,
        intern_all,
        read_addresses,
        add_responses,
        pack_texts,
        write_addresses,
    ),
    scan.ENTRIES,
)
"""In groups: those of one have most of what they call in common. The first takes as long to compile
as all others, which is done beside it."""
