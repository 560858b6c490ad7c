"""Zeek's ``dns.log`` as tab-separated text, a block of lines at a time."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from unflux.read.batching import BatchBuilder
from unflux.read.line_blocks import decode_in_order, read_blocks
from unflux.read.lines import Readable
from unflux.read.moments import parse_moment
from unflux.read.passes import blank_out, have_passes, split_elements, split_fields
from unflux.read.presentation import parse_rcode, parse_ttl, plain_label
from unflux.read.source import Batch, Drops, Options
from unflux.read.spans import Spans, parse_moments
from unflux.read.ttls import parse_ttls
from unflux.read.zeek_columns import Rows, batch_of, pair_ttls
from unflux.read.zeek_header import Header, cut_at_headers
from unflux.read.zeek_rows import (
    FIELD_COUNT,
    MAX_CODE_CHARS,
    NO_FIELDS,
    add_row,
    is_port_of,
    parse_name,
    parse_qtype,
    rows_of_lines,
)

MIN_COLUMNAR_BYTES: Final = 1 << 13
"""Pieces of fewer octets are decoded row by row, which costs less than to set up columns.
Chosen: 2026-11-24; both take a millisecond there."""

_COLUMNS: Final[tuple[str, ...]] = (
    "id.resp_p", "qclass", "query", "ts", "rcode_name", "rcode", "qtype_name", "qtype",
    "id.orig_h", "answers", "TTLs",
)  # fmt: skip


def read_tsv(stream: Readable, options: Options, drops: Drops) -> Iterator[Batch]:
    """Decode the rows of a log."""
    pieces = cut_at_headers(read_blocks(stream, drops))
    decode_piece = partial(_decode, options=options)
    for batch, counts in decode_in_order(pieces, decode_piece, options.workers):
        drops.add(counts)
        if batch.responses.num_rows:
            yield batch


def _decode(piece: tuple[bytes, Header], options: Options) -> tuple[Batch, Drops]:
    block, header = piece
    drops = Drops()
    if len(block) < MIN_COLUMNAR_BYTES or not _is_plain(header) or not have_passes():
        return _decode_rows(block, header, options, drops), drops
    octets = np.frombuffer(block, dtype=np.uint8)
    slots = np.full(len(header.fields), -1)
    for slot, name in enumerate(_COLUMNS):
        if name in header.fields:
            slots[header.fields.index(name)] = slot
    starts, ends, odd_count = split_fields(octets, ord(header.separator), slots, len(_COLUMNS))
    if odd_count:
        drops.drop(FIELD_COUNT if header.fields else NO_FIELDS, odd_count)
    columns = {name: Spans(octets, starts[slot], ends[slot]) for slot, name in enumerate(_COLUMNS)}
    for name, column in columns.items():
        if name in header.fields:
            _blank_out(column, header.unset_field, header.empty_field)
        else:
            column.starts[:] = -1
            column.ends[:] = -1
    return batch_of(_rows(columns, header, options), drops), drops


def _is_plain(header: Header) -> bool:
    """Tell whether the fields can be told apart octet by octet and each column is there once."""
    used = [name for name in header.fields if name in _COLUMNS]
    return (
        all(len(mark) == 1 and mark.isascii() for mark in (header.separator, header.set_separator))
        and header.separator != "\n"
        and len(set(used)) == len(used)
    )


def _decode_rows(block: bytes, header: Header, options: Options, drops: Drops) -> Batch:
    builder = BatchBuilder()
    for row in rows_of_lines(block.decode().split("\n"), header, drops):
        add_row(builder, row, options, drops)
    return builder.take()


def _rows(columns: dict[str, Spans], header: Header, options: Options) -> Rows:
    ports, classes = columns["id.resp_p"], columns["qclass"]
    code = columns["rcode_name"].or_else(columns["rcode"])
    answers, answer_row, ttl_s = _answers(columns["answers"], columns["TTLs"], header)
    return Rows(
        is_other_log=np.zeros(len(ports.starts), dtype=bool),
        is_other_port=~ports.holds(lambda text: is_port_of(text, options.ports), of_null=True),
        is_other_class=~classes.holds(lambda text: text == "1", of_null=True),
        is_asked=~columns["query"].is_null,
        query=columns["query"].map_names(parse_name),
        is_dated=~columns["ts"].is_null,
        ts_us=parse_moments(columns["ts"], parse_moment),
        is_coded=~code.is_empty,
        rcode=code.map(lambda text: parse_rcode(text[:MAX_CODE_CHARS])),
        qtype=columns["qtype_name"].or_else(columns["qtype"]).map(parse_qtype),
        client=columns["id.orig_h"].map_labels(plain_label),
        answers=answers,
        answer_row=answer_row,
        answer_ttl_s=ttl_s,
    )


def _blank_out(spans: Spans, *texts: str) -> None:
    for text in texts:
        blank_out(spans.octets, spans.starts, spans.ends, text.encode())


def _answers(answers: Spans, ttls: Spans, header: Header) -> tuple[Spans, np.ndarray, np.ndarray]:
    """Return the answers that are not blank, the row of each, and its TTL."""
    elements, firsts = _elements(answers, header)
    ttl_elements, ttl_firsts = _elements(ttls, header)
    row, ttl_s = pair_ttls(firsts, ttl_firsts, parse_ttls(ttl_elements, parse_ttl))
    is_given = ~elements.is_empty
    return elements.at(is_given), row[is_given], ttl_s[is_given]


def _elements(spans: Spans, header: Header) -> tuple[Spans, np.ndarray]:
    separator = ord(header.set_separator)
    starts, ends, firsts = split_elements(spans.octets, separator, spans.starts, spans.ends)
    elements = Spans(spans.octets, starts, ends)
    _blank_out(elements, header.unset_field)
    return elements, firsts
