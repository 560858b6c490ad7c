"""Passive-DNS entries into rollups: in columns, and one by one where that does not do."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from unflux.read.cof_columns import SHAPE, columns_of, entries_of
from unflux.read.cof_entries import Entry, entry_object, is_frame, parse_entry
from unflux.read.cof_rollup import roll_up
from unflux.read.json_objects import JsonObject, is_array, objects_of_lines, read_objects
from unflux.read.line_blocks import decode_in_order, read_blocks
from unflux.read.lines import Peeked
from unflux.read.objects import Objects
from unflux.read.passes import have_passes
from unflux.read.source import Drops, Options, Rollup

CHUNK_RECORDS: Final = 50_000
"""Records of the slow path rolled up at once. Chosen: 2026-11-22; some 30 MB of Python objects at
most."""


def read_entries(peeked: Peeked, options: Options, drops: Drops) -> Iterator[Rollup]:
    """Turn entries into rollups, some at a time."""
    if is_array(peeked.head):
        yield from _roll_up_all(read_objects(peeked, drops), options, drops)
        return
    decode_block = partial(_decode, options=options)
    for rollups, counts in decode_in_order(
        read_blocks(peeked, drops), decode_block, options.workers
    ):
        drops.add(counts)
        yield from rollups


def _decode(block: bytes, options: Options) -> tuple[list[Rollup], Drops]:
    drops = Drops()
    if not have_passes():
        values = objects_of_lines(block.decode().split("\n"), drops)
        return list(_roll_up_all(values, options, drops)), drops
    objects = Objects(block, SHAPE)
    entries, slow_rows = entries_of(objects, options, drops)
    rollups = [roll_up(entries)] if len(entries.count) else []
    odd = [line for _, line in (*objects.odd_lines(), *objects.lines_of(slow_rows))]
    rollups += _roll_up_all(objects_of_lines(odd, drops), options, drops)
    return rollups, drops


def _roll_up_all(objects: Iterable[JsonObject], options: Options, drops: Drops) -> Iterator[Rollup]:
    """Roll up entries one by one, a chunk at a time."""
    entries: list[Entry] = []
    record_count = 0
    for value in objects:
        entry = None if is_frame(value) else parse_entry(entry_object(value), options, drops)
        if entry is None:
            continue
        entries.append(entry)
        record_count += len(entry.rdata) + 1
        if record_count >= CHUNK_RECORDS:
            yield roll_up(columns_of(entries))
            entries, record_count = [], 0
    if entries:
        yield roll_up(columns_of(entries))
