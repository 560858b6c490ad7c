"""Flows as delimited text with a header: ``nfdump -o csv``, and plain tables."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.csv as pacsv

from unflux.read.flow_source import FlowBatch, FlowOptions
from unflux.read.flow_texts import Texts, compose_flows
from unflux.read.line_blocks import decode_in_order, read_blocks
from unflux.read.lines import Peeked, head_lines
from unflux.read.source import Doc, Drops

FIELD_COUNT: Final = "wrong number of fields"
DELIMITERS: Final = ",\t;|"

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "first": ("ts", "firstseen", "first_at"),
    "last": ("te", "lastseen", "last_at"),
    "lasted_s": ("td", "duration"),
    "client": ("sa", "srcaddr", "client"),
    "client_port": ("sp", "srcport", "client_port"),
    "server": ("da", "dstaddr", "server"),
    "server_port": ("dp", "dstport", "server_port"),
    "protocol": ("pr", "proto", "protocol"),
    "sent_packets": ("ipkt", "packets"),
    "received_packets": ("opkt",),
    "sent_bytes": ("ibyt", "bytes", "sent_bytes"),
    "received_bytes": ("obyt", "received_bytes"),
    "http_host": ("http_host",),
    "http_target": ("http_target",),
    "server_name": ("server_name",),
}
"""What columns are called: by nfdump up to 1.7.2, by nfdump since 1.7.3, and by ``FLOWS``."""

REQUIRED: Final = frozenset(
    {"first", "client", "client_port", "server", "server_port", "protocol", "sent_bytes"}
)
ABSENT: Final = frozenset({"", "-", "(empty)"})
SUMMARY: Final = b"Summary\n"
"""What nfdump writes between its flows and their totals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How rows of delimited text are written."""

    delimiter: str
    count: int
    used: Mapping[str, int]
    """Place of each column that is read."""
    absent: frozenset[str] = ABSENT
    """Texts that stand for nothing."""
    is_quoted: bool = True
    passed_over: str = "^#"
    """Which lines of another length are no rows, and are not counted (a regular expression)."""


class FlowTable:
    """Delimited text with a header that names both ends of each flow."""

    NAME = "flow table"
    DOC = Doc(
        summary="Flows as CSV: nfdump -o csv of any version, or a table with the columns of FLOWS",
        references=("nfdump(1)", "RFC 4180"),
        limitations=(
            "nfdump -o csv writes whole seconds up to 1.7.2: relays are told from chance with more "
            "requests. nfdump -o extended, pipe and json write milliseconds.",
            "nfdump writes local time: --utc-offset tells of which zone.",
            "Sampled flows are read as if they were whole; sizes then agree by chance only.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by a header that names both addresses and ports."""
        return _parse_header(head) is not None

    def read(self, stream: BinaryIO, options: FlowOptions, drops: Drops) -> Iterator[FlowBatch]:
        """Decode the rows after the header, to nfdump's closing summary."""
        peeked = Peeked(stream)
        columns = _parse_header(peeked.head)
        if columns is None:
            return
        decode = partial(_decode, columns=columns, options=options)
        blocks = _to_summary(read_blocks(peeked, drops))
        first = next(blocks, b"\n")
        rest = first[first.index(b"\n") + 1 :]
        for batch, counts in decode_in_order(chain([rest], blocks), decode, options.workers):
            drops.add(counts)
            yield batch


def parse_rows(block: bytes, columns: Columns, drops: Drops) -> Texts:
    """Return the columns of whole lines as text; rows of another length are counted."""

    passed_over = re.compile(columns.passed_over)

    def skip(row: pacsv.InvalidRow) -> str:
        if not passed_over.search(row.text or ""):
            drops.drop(FIELD_COUNT)
        return "skip"

    names = [str(number) for number in range(columns.count)]
    wanted = [str(number) for number in columns.used.values()]
    if not block.strip():
        return {name: pa.array([], pa.string()) for name in columns.used}
    table = pacsv.read_csv(
        pa.BufferReader(block),
        read_options=pacsv.ReadOptions(
            use_threads=False, column_names=names, block_size=len(block) + 1
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=columns.delimiter,
            quote_char='"' if columns.is_quoted else False,
            invalid_row_handler=skip,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=wanted,
            null_values=sorted(columns.absent),
            strings_can_be_null=True,
        ),
    )
    return {
        name: table.column(str(number)).combine_chunks() for name, number in columns.used.items()
    }


def _decode(block: bytes, columns: Columns, options: FlowOptions) -> tuple[FlowBatch, Drops]:
    drops = Drops()
    texts = dict(parse_rows(block, columns, drops))
    is_directed = "received_bytes" in columns.used and "sent_packets" not in columns.used
    texts.setdefault("received_bytes", pa.nulls(len(texts["client"]), pa.string()))
    flows = compose_flows(texts, drops, utc_offset_s=options.utc_offset_s)
    return FlowBatch(flows=flows, is_directed=is_directed), drops


def _parse_header(head: bytes) -> Columns | None:
    lines = head_lines(head)[:1]
    for delimiter in DELIMITERS if lines else ():
        try:
            fields = next(csv.reader([lines[0]], delimiter=delimiter), [])
        except csv.Error:
            continue
        names = [field.strip().lower() for field in fields]
        used = {
            name: names.index(known)
            for name, called in NAMES.items()
            for known in called
            if known in names
        }
        if used.keys() >= REQUIRED:
            if "last" in used:
                used.pop("lasted_s", None)
            return Columns(delimiter=delimiter, count=len(names), used=used)
    return None


def _to_summary(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        at = (b"\n" + block).find(b"\n" + SUMMARY)
        if at >= 0:
            yield block[:at]
            return
        yield block
