"""Zeek's ``dns.log`` as JSON, a block of lines at a time."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import numpy as np

from unflux.read.batching import BatchBuilder
from unflux.read.json_columns import moments_of, ttls_of
from unflux.read.json_objects import JsonObject, is_array, objects_of_lines, read_objects
from unflux.read.kernel.scan.layout import ABSENT, INTEGER, NULL, OBJECT, STRING
from unflux.read.line_blocks import decode_in_order, read_blocks
from unflux.read.lines import Peeked
from unflux.read.objects import Member, Objects, Shape, Values
from unflux.read.passes import have_passes
from unflux.read.presentation import parse_rcode, plain_label
from unflux.read.source import Batch, Drops, Options
from unflux.read.spans import Spans
from unflux.read.zeek_columns import Rows, batch_of, pair_ttls
from unflux.read.zeek_rows import (
    MAX_CODE_CHARS,
    add_row,
    is_port_of,
    parse_name,
    parse_qtype,
    rows_of_objects,
)

MIN_COLUMNAR_BYTES: Final = 1 << 13
"""Blocks of fewer octets are decoded row by row; see :mod:`unflux.read.zeek_tsv`."""

_PLAIN_MEMBERS: Final = (
    "ts", "query", "qclass", "qtype_name", "qtype", "rcode_name", "rcode", "trans_id",
    "id.orig_h", "id.resp_p",
)  # fmt: skip

SHAPE: Final = Shape(
    *(Member(key=key) for key in _PLAIN_MEMBERS),
    Member(key="answers", elements=()),
    Member(key="TTLs", elements=()),
    Member(key="id", members=(Member(key="orig_h"), Member(key="resp_p"))),
)  # fmt: skip


def read_json(stream: Peeked, options: Options, drops: Drops) -> Iterator[Batch]:
    """Decode the rows of a log."""
    if is_array(stream.head):
        yield from _read_rows(read_objects(stream, drops), options, drops)
        return
    decode_block = partial(_decode, options=options)
    for batches, counts in decode_in_order(
        read_blocks(stream, drops), decode_block, options.workers
    ):
        drops.add(counts)
        yield from batches


def _read_rows(objects: Iterable[JsonObject], options: Options, drops: Drops) -> Iterator[Batch]:
    builder = BatchBuilder()
    for row in rows_of_objects(objects, drops):
        add_row(builder, row, options, drops)
        yield from builder.take_full()
    yield from builder.take_rest()


def _decode(block: bytes, options: Options) -> tuple[list[Batch], Drops]:
    drops = Drops()
    batches: list[Batch] = []
    if len(block) < MIN_COLUMNAR_BYTES or not have_passes():
        lines: Iterable[str] = block.decode().split("\n")
    else:
        objects = Objects(block, SHAPE)
        batches.append(batch_of(_rows(objects, options), drops))
        lines = (line for _, line in objects.odd_lines())
    batches += _read_rows(objects_of_lines(lines, drops), options, drops)
    return [batch for batch in batches if batch.responses.num_rows], drops


def _rows(objects: Objects, options: Options) -> Rows:
    column = objects.column
    is_nested = column("id").is_kind(OBJECT)
    port = _nested(objects, "resp_p", is_nested)
    client = _nested(objects, "orig_h", is_nested)
    query, ts = column("query"), column("ts")
    named = [column(name).is_kind(ABSENT) for name in ("query", "rcode", "trans_id")]
    code = _first_text(column("rcode_name"), column("rcode"))
    answers, answer_row, ttl_s = _answers(objects)
    return Rows(
        is_other_log=named[0] & named[1] & named[2],
        is_other_port=~_holds(port, lambda text: is_port_of(text, options.ports), NULL),
        is_other_class=~_holds(column("qclass"), lambda text: text == "1"),
        is_asked=~query.is_kind(ABSENT, NULL),
        query=query.texts.map_names(parse_name),
        is_dated=~ts.is_kind(ABSENT),
        ts_us=moments_of(ts),
        is_coded=~code.is_empty,
        rcode=code.map(lambda text: parse_rcode(text[:MAX_CODE_CHARS])),
        qtype=_first_text(column("qtype_name"), column("qtype")).map(parse_qtype),
        client=client.texts.map_labels(plain_label),
        answers=answers,
        answer_row=answer_row,
        answer_ttl_s=ttl_s,
    )


def _nested(objects: Objects, key: str, is_nested: np.ndarray) -> Values:
    """Return ``id.key``: nested in ``id`` where it is there, else of that very name."""
    flat = objects.column(f"id.{key}")
    if not is_nested.any():
        return flat
    nested = objects.column(f"id/{key}")
    return nested.or_else(flat, is_nested & ~nested.is_kind(ABSENT))


def _holds(values: Values, condition: Callable[[str], bool], *lenient: int) -> np.ndarray:
    """Return for which numbers and strings a condition holds, true where none is given."""
    spans = values.spans(STRING, INTEGER)
    found: np.ndarray = spans.holds(condition) | values.is_kind(ABSENT, *lenient)
    return found


def _first_text(first: Values, second: Values) -> Spans:
    return first.spans(STRING, INTEGER).or_else(second.spans(STRING, INTEGER))


def _answers(objects: Objects) -> tuple[Spans, np.ndarray, np.ndarray]:
    """Return the answers that are not blank, the row of each, and its TTL."""
    is_answer = objects.is_item_of("answers")
    values = objects.item_column("")
    answers, ttls = values.at(is_answer).texts, values.at(~is_answer)
    rows = np.arange(objects.row_count + 1)
    firsts = np.searchsorted(objects.item_rows[is_answer], rows)
    ttl_firsts = np.searchsorted(objects.item_rows[~is_answer], rows)
    row, ttl_s = pair_ttls(firsts, ttl_firsts, ttls_of(ttls))
    is_given = ~answers.is_empty
    return answers.at(is_given), row[is_given], ttl_s[is_given]
