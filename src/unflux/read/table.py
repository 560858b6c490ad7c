"""Plain tables of records: text with separators, and Parquet."""

import codecs
import csv
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from unflux.model.errors import UnreadableSourceError
from unflux.read.lines import BYTE_ORDER_MARK, Peeked, decode
from unflux.read.rows import RowGrouper
from unflux.read.source import Batch, Doc, Drops, Options, Rollup
from unflux.read.table_columns import COLUMNS, REQUIRED

BLOCK_BYTES: Final = 4 << 20
"""Text parsed at once; a row must fit. Chosen: 2026-11-22; some 60,000 rows, 60 MB at most."""

ROW_CHUNK: Final = 1 << 16
"""Parquet rows decoded at once. Chosen: 2026-11-22; as much as a block of text."""

SPOOL_BYTES: Final = 64 << 20
"""Parquet kept in memory; a larger file is copied to a temporary one, since it is read from its
end. Chosen: 2026-11-22."""

MAX_HEADER_BYTES: Final = 1 << 15
DELIMITERS: Final = ",\t;|"
PARQUET_MAGIC: Final = b"PAR1"
DAMAGED: Final = "table damaged: its rest is not read"


class Delimited:
    """Text with a header and one record per row."""

    NAME = "table"
    USES_THREADS = False
    DOC = Doc(
        summary="Plain tables of records as text: comma, tab, semicolon or bar between fields",
        references=("RFC 4180",),
        limitations=(
            "Rows are joined to responses by time, query, client and sensor: lookups of one name "
            "in the same moment are told apart by their repeated records only.",
            "Rows should be in order of time; a response whose rows lie apart counts as several.",
            "The type that was asked is unknown but for responses without records.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by a header that names a required column; read() then asks for all of them."""
        return _parse_header(head) is not None

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Decode the rows; raise UnreadableSourceError where a required column is missing."""
        peeked = Peeked(stream)
        header = _parse_header(peeked.head)
        if header is None:
            raise UnreadableSourceError("a table without a header that names its columns")
        _require(header.columns)
        peeked.read(header.size_bytes)
        grouper = RowGrouper(drops)
        try:
            for rows in _parse_rows(peeked, header, drops):
                yield from grouper.add(rows)
        except pa.ArrowInvalid:  # a row longer than a block, most often for want of a quote
            drops.drop(DAMAGED)
        yield from grouper.finish()


class Parquet:
    """A Parquet file with one record per row."""

    NAME = "parquet"
    USES_THREADS = False
    DOC = Doc(
        summary="Plain tables of records as Parquet",
        references=("https://parquet.apache.org/docs/file-format/",),
        limitations=(
            *Delimited.DOC.limitations,
            "A Parquet file is read from its end: it is copied first, into memory or, over "
            "64 MiB, into a temporary file.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the magic number."""
        return head.startswith(PARQUET_MAGIC)

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Decode the rows; raise UnreadableSourceError where it is no whole Parquet file."""
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as copy:
            shutil.copyfileobj(stream, copy)
            copy.seek(0)
            try:
                file = pq.ParquetFile(pa.PythonFile(copy, mode="r"))
            except (pa.ArrowException, OSError) as error:
                raise UnreadableSourceError("a damaged or incomplete Parquet file") from error
            columns = [name.strip().lower() for name in file.schema_arrow.names]
            _require(columns)
            used = {name: columns.index(name) for name in COLUMNS if name in columns}
            given = [file.schema_arrow.names[number] for number in used.values()]
            for name in given:
                if pa.types.is_nested(file.schema_arrow.field(name).type):
                    raise UnreadableSourceError(f"a table whose column {name!a} is nested")
            grouper = RowGrouper(drops)
            for number in range(file.num_row_groups):
                try:
                    for chunk in file.iter_batches(
                        ROW_CHUNK, row_groups=[number], columns=given, use_threads=False
                    ):
                        rows = pa.Table.from_batches([chunk]).select(given)
                        yield from grouper.add(rows.rename_columns(list(used)))
                except (pa.ArrowException, OSError):
                    drops.drop("damaged row group")
            yield from grouper.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    columns: list[str]
    """Names in lower case, without blanks around them."""
    delimiter: str
    size_bytes: int
    """How far into the stream the rows begin."""


def _parse_header(head: bytes) -> _Header | None:
    """Return the header in the first line that is not empty, or null where it names no column.

    The delimiter is the one that gives the most columns we know.
    """
    body = head.removeprefix(BYTE_ORDER_MARK)
    skipped = len(head) - len(body.lstrip(b"\r\n"))
    lines = head[skipped : skipped + MAX_HEADER_BYTES].splitlines(keepends=True)
    if not lines:
        return None
    best: list[str] = []
    best_delimiter = ""
    line = decode(lines[0]).rstrip("\r\n")
    for delimiter in DELIMITERS:
        try:
            fields = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:  # a NUL, a field of 128 KiB
            continue
        columns = [field.strip().lower() for field in fields]
        if len(set(COLUMNS) & set(columns)) > len(set(COLUMNS) & set(best)):
            best, best_delimiter = columns, delimiter
    if not set(REQUIRED) & set(best):
        return None
    return _Header(columns=best, delimiter=best_delimiter, size_bytes=skipped + len(lines[0]))


def _require(columns: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise UnreadableSourceError(f"a table without the columns {', '.join(missing)}")


def _parse_rows(stream: Peeked, header: _Header, drops: Drops) -> Iterator[pa.Table]:
    """Yield the rows after the header, in blocks, with the columns that are read."""
    rest = Peeked(stream)
    if not rest.head.strip():
        return  # Arrow refuses a file without rows

    def skip(_row: object) -> str:
        drops.drop("wrong number of fields")
        return "skip"

    # Columns go by number: a header may name one twice.
    used = {name: header.columns.index(name) for name in COLUMNS if name in header.columns}
    numbers = [str(number) for number in used.values()]
    reader = pacsv.open_csv(
        pa.PythonFile(_Input(rest), mode="r"),
        read_options=pacsv.ReadOptions(
            use_threads=False,
            block_size=BLOCK_BYTES,
            column_names=[str(number) for number in range(len(header.columns))],
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=header.delimiter, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=pacsv.ConvertOptions(
            column_types={number: pa.binary() for number in numbers}, include_columns=numbers
        ),
    )
    for chunk in reader:
        yield pa.Table.from_batches([chunk]).rename_columns(list(used))


class _Input:
    """A stream as Arrow wants a file that can be read once."""

    closed = False

    def __init__(self, stream: Peeked) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._pending = b""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` octets, ``\\xHH`` for what is not UTF-8; none at the end.

        Arrow's handler of invalid rows cannot take other text.
        """
        while not self._pending:
            octets = self._stream.read(size)
            self._pending = self._decoder.decode(octets, final=not octets).encode()
            if not octets:
                break
        given, self._pending = self._pending[:size], self._pending[size:]
        return given

    def close(self) -> None:
        """Leave the stream to its owner."""
