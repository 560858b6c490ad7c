"""Passive DNS in the Common Output Format: records with counts and a first and last time."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO, Final

from unflux.read.cof_columns import SHAPE, columns_of, entries_of
from unflux.read.cof_entries import Entry, entry_object, is_frame, parse_entry
from unflux.read.cof_rollup import roll_up
from unflux.read.json_objects import (
    JsonObject,
    head_objects,
    is_array,
    objects_of_lines,
    read_objects,
)
from unflux.read.line_blocks import decode_in_order, read_blocks
from unflux.read.lines import Peeked
from unflux.read.objects import Objects
from unflux.read.source import Batch, Doc, Drops, Options, Rollup

CHUNK_RECORDS: Final = 50_000
"""Records of the slow path rolled up at once. Chosen: 2026-11-22; some 30 MB of Python objects at
most."""


class Cof:
    """Passive-DNS entries, as JSON lines or one JSON array."""

    NAME = "cof"
    USES_THREADS = True
    DOC = Doc(
        summary="Passive-DNS Common Output Format, JSON lines or one array, and DNSDB's variant",
        references=(
            "https://datatracker.ietf.org/doc/draft-dulaunoy-dnsop-passive-dns-cof/",
            "https://docs.domaintools.com/api/dnsdb/",
        ),
        limitations=(
            "An entry says how often and between which moments a record was seen, not when in "
            "between: its whole count lies in the bucket of its first time.",
            "What was asked is unknown: the owner name stands for the query.",
            "Entries of one record each give sightings only; how many answered at once is known "
            "where an entry lists a whole record set.",
            "There are no TTLs, response codes or sections (all is taken as answer).",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the mandatory keys among those of the first objects."""
        return any(
            {"rrname", "rrtype", "rdata"} <= entry_object(value).keys()
            for value in head_objects(head)
        )

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Turn entries into rollups, some at a time; there are no single responses."""
        peeked = Peeked(stream)
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
