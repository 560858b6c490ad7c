"""Zeek's ``dns.log`` as JSON."""

from collections.abc import Iterator

from unflux.read.batching import BatchBuilder
from unflux.read.json_objects import read_objects
from unflux.read.lines import Readable
from unflux.read.source import Batch, Drops, Options
from unflux.read.zeek_rows import add_row, rows_of_objects


def read_json(stream: Readable, options: Options, drops: Drops) -> Iterator[Batch]:
    """Decode the rows of a log."""
    builder = BatchBuilder()
    for row in rows_of_objects(read_objects(stream, drops), drops):
        add_row(builder, row, options, drops)
        yield from builder.take_full()
    yield from builder.take_rest()
