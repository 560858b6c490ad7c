"""Logs of JSON objects as columns of text: a block of lines at a time, or one array."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.read.json_objects import is_array, objects_of_lines, read_objects
from unflux.read.json_texts import column_texts, member_texts
from unflux.read.line_blocks import decode_in_order, read_blocks
from unflux.read.lines import Peeked
from unflux.read.objects import Objects, Shape
from unflux.read.passes import have_passes
from unflux.read.source import Drops

MIN_COLUMNAR_BYTES: Final = 1 << 13
"""Blocks of fewer octets are decoded object by object; see :mod:`unflux.read.zeek_tsv`."""

ROWS_AT_ONCE: Final = 1 << 14

Columns = Mapping[str, pa.Array]

Fields = Mapping[str, tuple[str, ...]]
"""What a log calls the columns of flows: of several members the first that is there."""


def read_members(stream: Peeked, shape: Shape, drops: Drops, workers: int) -> Iterator[Columns]:
    """Yield the members that a shape names, by their paths, of all objects of a log."""
    if is_array(stream.head):
        rows = []
        for row in read_objects(stream, drops):
            rows.append(row)
            if len(rows) == ROWS_AT_ONCE:
                yield member_texts(rows, shape.slots)
                rows = []
        yield member_texts(rows, shape.slots)
        return
    decode = _decoder(shape)
    for parts, counts in decode_in_order(read_blocks(stream, drops), decode, workers):
        drops.add(counts)
        yield from parts


def name_members(members: Columns, fields: Fields) -> dict[str, pa.Array]:
    """Return the members of a log by the names of the columns that they stand for."""
    return {name: pc.coalesce(*(members[key] for key in keys)) for name, keys in fields.items()}


def _decoder(shape: Shape) -> Callable[[bytes], tuple[list[Columns], Drops]]:
    def decode(block: bytes) -> tuple[list[Columns], Drops]:
        drops = Drops()
        if len(block) < MIN_COLUMNAR_BYTES or not have_passes():
            rows = list(objects_of_lines(block.decode().split("\n"), drops))
            return [member_texts(rows, shape.slots)], drops
        objects = Objects(block, shape)
        columns = {path: column_texts(objects, path) for path in shape.slots if path}
        odd = list(objects_of_lines((line for _, line in objects.odd_lines()), drops))
        return [columns, *([member_texts(odd, shape.slots)] if odd else [])], drops

    return decode
