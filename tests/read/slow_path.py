"""The row-by-row readers that the columnar ones must agree with, and how they are compared."""

import io
from collections.abc import Iterable

import pytest

from unflux.model.rollup import Rollup, merge
from unflux.read import eve_blocks, line_blocks, zeek_json, zeek_tsv
from unflux.read.batching import BatchBuilder
from unflux.read.cof_columns import columns_of
from unflux.read.cof_entries import entry_object, is_frame, parse_entry
from unflux.read.cof_rollup import roll_up as roll_up_entries
from unflux.read.eve_events import Joiner, take_event
from unflux.read.json_objects import read_objects
from unflux.read.lines import read_lines
from unflux.read.rollup import roll_up
from unflux.read.source import Batch, Drops, Options, Source
from unflux.read.zeek_header import Header
from unflux.read.zeek_rows import add_row, rows_of_lines, rows_of_objects

Result = tuple[Rollup, Drops]


def summed(parts: Iterable[Batch | Rollup], drops: Drops) -> Result:
    """Roll up everything that a reader gives."""
    rollups = [part if isinstance(part, Rollup) else roll_up(part) for part in parts]
    return merge(rollups), drops


def zeek_tsv_by_row(octets: bytes, options: Options) -> Result:
    drops, builder = Drops(), BatchBuilder()
    for row in rows_of_lines(read_lines(io.BytesIO(octets), drops), Header(), drops):
        add_row(builder, row, options, drops)
    return summed(builder.take_rest(), drops)


def zeek_json_by_row(octets: bytes, options: Options) -> Result:
    drops, builder = Drops(), BatchBuilder()
    for row in rows_of_objects(read_objects(io.BytesIO(octets), drops), drops):
        add_row(builder, row, options, drops)
    return summed(builder.take_rest(), drops)


def eve_by_event(octets: bytes, options: Options) -> Result:
    drops, builder = Drops(), BatchBuilder()
    joiner = Joiner(builder, drops)
    for event in read_objects(io.BytesIO(octets), drops):
        take_event(event, builder, joiner, options, drops)
    joiner.flush()
    return summed(builder.take_rest(), drops)


def cof_by_entry(octets: bytes, options: Options) -> Result:
    drops = Drops()
    parsed = [
        parse_entry(entry_object(value), options, drops)
        for value in read_objects(io.BytesIO(octets), drops)
        if not is_frame(value)
    ]
    entries = [entry for entry in parsed if entry is not None]
    return summed([roll_up_entries(columns_of(entries))] if entries else [], drops)


def by_columns(
    source: Source, octets: bytes, options: Options, *, block_bytes: int = 4 << 20
) -> Result:
    """Read in columns whatever the size of the source."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blocks, "BLOCK_BYTES", block_bytes)
        for module in (zeek_tsv, zeek_json, eve_blocks):
            patch.setattr(module, "MIN_COLUMNAR_BYTES", 0)
        drops = Drops()
        return summed(source.read(io.BytesIO(octets), options, drops), drops)


def assert_equal(found: Result, expected: Result) -> None:
    """Compare tables and counts."""
    (rollup, drops), (expected_rollup, expected_drops) = found, expected
    assert dict(+drops.reasons) == dict(+expected_drops.reasons)
    assert drops.response_count == expected_drops.response_count
    assert drops.query_count == expected_drops.query_count
    for name in ("sightings", "lookups", "answer_sets"):
        assert getattr(rollup, name).to_pylist() == getattr(expected_rollup, name).to_pylist()
