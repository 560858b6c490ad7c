"""Rows of a plain table become responses and records: cleaned, grouped, numbered, in columns."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.columns import MOMENT
from unflux.model.distinct import encode_distinct
from unflux.model.names import normalise_name
from unflux.model.times import EARLIEST_US, LATEST_US
from unflux.read.data_column import DataColumn
from unflux.read.lines import decode
from unflux.read.moments import BAD_MOMENT, moments_of_numbers, parse_moment
from unflux.read.presentation import (
    BAD_NAME,
    BAD_SECTION,
    BAD_TTL,
    BAD_TYPE,
    KEPT,
    NO_DATA,
    bad_data_reason,
    parse_rcode,
    parse_rdata,
    parse_ttl,
    parse_type,
    plain_label,
)
from unflux.read.records import AAAA, CNAME, NS, RRTYPES, SOA, A, types_of
from unflux.read.sieve import Sieve
from unflux.read.source import RECORDS_SCHEMA, RESPONSES_SCHEMA, Batch, Drops
from unflux.read.spans import Coded, Spans

MAX_HELD_ROWS: Final = 200_000
"""Rows of one moment held back for the next chunk. Chosen: 2026-11-22; some 40 MB."""

_SECTIONS: Final = {"ans": "ans", "auth": "auth", "add": "add", "nsip": "add"}
_TEXTS: Final = ("query", "qname", "rrtype", "rdata", "section", "client", "sensor", "rcode")
_CLEAN: Final = pa.schema(
    [pa.field("ts", pa.int64()), pa.field("ttl", pa.int64()),
     *(pa.field(name, pa.string()) for name in _TEXTS)]
)  # fmt: skip
"""Cleaned rows: a null section marks a response without records."""


class RowGrouper:
    """Groups rows that come in chunks into batches of responses.

    Rows belong to one response when time, query, client and sensor are equal; the k-th repetition
    of a record among them belongs to the k-th response. A row without data is a response of its
    own. Chunks may cut a response anywhere as long as rows are in order of time: the last moment
    of a chunk waits for the next. Where rows are not in order, or carry no time, a response whose
    rows are apart can be taken for several.
    """

    def __init__(self, drops: Drops) -> None:
        self._drops = drops
        self._held = _CLEAN.empty_table()

    def add(self, rows: pa.Table) -> Iterator[Batch]:
        """Take the next rows, with columns of any type named as in :data:`COLUMNS`."""
        clean = pa.concat_tables([self._held, _clean(rows, self._drops)])
        waits = _is_of_last_moment(clean)
        held = clean.filter(waits)
        if held.num_rows > MAX_HELD_ROWS:
            self._held = _CLEAN.empty_table()
            yield from self._batch(clean)
        else:
            self._held = held
            yield from self._batch(clean.filter(pc.invert(waits)))

    def finish(self) -> Iterator[Batch]:
        """Yield what waited."""
        ready, self._held = self._held, _CLEAN.empty_table()
        yield from self._batch(ready)

    def _batch(self, rows: pa.Table) -> Iterator[Batch]:
        if rows.num_rows:
            batch = _group(rows)
            self._drops.response_count += batch.responses.num_rows
            yield batch


def _is_of_last_moment(rows: pa.Table) -> pa.Array:
    """Tell which rows share the time of the last one, or, where it has none, its query."""
    if not rows.num_rows:
        return pa.array([], pa.bool_())
    last_at = rows["ts"][-1]
    if last_at.is_valid:
        return pc.fill_null(pc.equal(rows["ts"], last_at), False)
    return pc.and_(pc.is_null(rows["ts"]), pc.equal(rows["query"], rows["query"][-1]))


# --- cleaning -----------------------------------------------------------------------------


def _clean(rows: pa.Table, drops: Drops) -> pa.Table:
    """Normalise every column and leave out, counted by reason, the rows that cannot be."""
    sieve = _Sieve(rows.num_rows, drops)
    ts = sieve.check(BAD_MOMENT, *_moments(_column(rows, "ts")))
    qname = sieve.check_required(BAD_NAME, _names(_text(rows, "qname"))[1])
    query = sieve.check(BAD_NAME, *_names(_text(rows, "query")))
    rrtype = sieve.check_required(BAD_TYPE, _mapped(_text(rows, "rrtype"), parse_type)[1])
    section, rcode = _sections(rows, sieve)
    ttl = sieve.check(BAD_TTL, *_ttls(_column(rows, "ttl")))
    data = _text(rows, "rdata")
    sieve.refuse(BAD_SECTION, _flags(pc.and_(pc.is_null(section), pc.is_valid(data))))
    rdata, is_empty = _data(rrtype, data, rcode, sieve)
    clean = pa.table(
        {
            "ts": ts,
            "ttl": ttl,
            "query": pc.coalesce(query, qname),
            "qname": qname,
            "rrtype": rrtype,
            "rdata": rdata,
            "section": pc.if_else(is_empty, None, section),
            "client": _opaque(_text(rows, "client")),
            "sensor": _opaque(_text(rows, "sensor")),
            "rcode": rcode,
        }
    )
    return clean.select(_CLEAN.names).cast(_CLEAN).filter(pa.array(sieve.kept))


class _Sieve(Sieve):
    """Refuses rows of Arrow's columns, too."""

    def check(self, reason: str, given: pa.Array, parsed: pa.Array) -> pa.Array:
        """Refuse rows where something was given of which nothing could be made."""
        self.refuse(reason, _flags(pc.and_(pc.is_valid(given), pc.is_null(parsed))))
        return parsed

    def check_required(self, reason: str, parsed: pa.Array) -> pa.Array:
        """Refuse rows where nothing was given, too."""
        self.refuse(reason, _flags(pc.is_null(parsed)))
        return parsed


def _flags(flags: pa.Array) -> np.ndarray:
    return np.asarray(flags).astype(bool)


def _column(rows: pa.Table, name: str) -> pa.Array:
    if name not in rows.column_names:
        return pa.nulls(rows.num_rows)
    column = rows[name]
    if isinstance(column.type, pa.DictionaryType):
        column = column.cast(column.type.value_type)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0)


def _text(rows: pa.Table, name: str) -> pa.Array:
    """Return a column as text without blanks around it; blank is null."""
    column = _column(rows, name)
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.large_binary())
    elif not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        column = column.cast(pa.string()).cast(pa.large_binary())
    values, codes = encode_distinct(column)
    texts = [decode(octets).strip() or None for octets in values.to_pylist()]
    return pa.array(texts, pa.string()).take(codes)


def _mapped(column: pa.Array, parse: Callable[[str], str | None]) -> tuple[pa.Array, pa.Array]:
    """Return the column and what ``parse`` makes of it, computed once for each value."""
    values, codes = encode_distinct(column)
    parsed = [parse(text) for text in values.to_pylist()]
    return column, pa.array(parsed, pa.string()).take(codes)


def _names(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the column and its names, normalised; null where there is none."""
    return column, _plain(Spans.of(column).map_names(normalise_name))


def _plain(column: Coded) -> pa.Array:
    return column.values.take(pa.array(column.codes, mask=column.codes < 0))


def _opaque(column: pa.Array) -> pa.Array:
    return _mapped(column, plain_label)[1]


def _moments(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the column and its moments as microseconds since the epoch (int64)."""
    if pa.types.is_timestamp(column.type):
        moments = column.cast(MOMENT, safe=False).cast(pa.int64())
    elif pa.types.is_date(column.type):
        moments = column.cast(pa.timestamp("us")).cast(pa.int64())
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        moments = moments_of_numbers(column.cast(pa.float64(), safe=False))
    else:
        column = _text(pa.table({"ts": column}), "ts")
        try:
            moments = moments_of_numbers(column.cast(pa.float64()))
        except pa.ArrowInvalid:  # not all are numbers
            values, codes = encode_distinct(column)
            parsed = [parse_moment(text) for text in values.to_pylist()]
            moments = pa.array(parsed, pa.int64()).take(codes)
    inside = pc.and_(pc.greater_equal(moments, EARLIEST_US), pc.less(moments, LATEST_US))
    return column, pc.if_else(inside, moments, None)


def _ttls(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    if not pa.types.is_integer(column.type):
        column = _text(pa.table({"ttl": column}), "ttl")
    values, codes = encode_distinct(column)
    parsed = [parse_ttl(value) for value in values.to_pylist()]
    return column, pa.array(parsed, pa.int64()).take(codes)


def _sections(rows: pa.Table, sieve: _Sieve) -> tuple[pa.Array, pa.Array]:
    """Return section and response code; a code in the section column is one (no records then)."""
    given = _text(rows, "section")
    _, section = _mapped(given, lambda text: _SECTIONS.get(text.lower()))
    _, code = _mapped(given, parse_rcode)
    named = pc.and_(pc.is_null(section), pc.is_valid(given))
    sieve.refuse(BAD_SECTION, _flags(pc.and_(named, pc.is_null(code))))
    _, rcode = _mapped(_text(rows, "rcode"), parse_rcode)
    code = pc.if_else(pc.is_valid(section), None, code)
    return pc.if_else(pc.is_valid(given), section, "ans"), pc.coalesce(code, rcode)


def _data(
    rrtype: pa.Array, given: pa.Array, rcode: pa.Array, sieve: _Sieve
) -> tuple[pa.Array, pa.Array]:
    """Return canonical data, and which rows are responses without records."""
    is_blank = pc.is_null(given)
    is_empty = pc.and_(is_blank, pc.is_valid(rcode))
    sieve.refuse(NO_DATA, _flags(pc.and_(is_blank, pc.is_null(rcode))))
    texts = Spans.of(given)
    number = types_of(Spans.of(rrtype))
    is_given = ~texts.is_null & ~_flags(pc.is_null(rrtype))
    is_name = (number == CNAME) | (number == NS)
    data = DataColumn(len(number))
    data.add_addresses(is_given & (number >= A) & (number <= AAAA), texts, number == AAAA)
    data.add(is_given & is_name, texts, partial(parse_rdata, "CNAME"))
    data.add(is_given & (number == SOA), texts, partial(parse_rdata, "SOA"))
    data.add_texts(is_given & (number < 0), texts, partial(parse_rdata, "other"))
    column = data.coded()
    is_bad = is_given & column.is_null
    for code, mnemonic in enumerate(RRTYPES.to_pylist()):
        sieve.refuse(bad_data_reason(mnemonic), is_bad & (number == code))
    sieve.refuse(bad_data_reason("other"), is_bad & (number < 0))
    return _plain(column), is_empty


# --- grouping -----------------------------------------------------------------------------


def _group(rows: pa.Table) -> Batch:
    """Number the responses of cleaned rows and split them into the two tables of a batch."""
    is_record = np.asarray(pc.is_valid(rows["section"]).combine_chunks()).astype(bool)
    rcode = _codes(rows["rcode"])
    group = _joint(
        _codes(rows["ts"]), _codes(rows["query"]), _codes(rows["client"]),
        _codes(rows["sensor"]), np.where(is_record, 0, rcode + 2),
    )  # fmt: skip
    record = _joint(
        group, _codes(rows["qname"]), _codes(rows["rrtype"]), _codes(rows["rdata"]),
        _codes(rows["section"]),
    )  # fmt: skip
    key = _joint(group, _repetition(record))
    _, first_row, number = np.unique(key, return_index=True, return_inverse=True)
    # Responses in the order of their first rows.
    order = np.argsort(first_row, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    number, first_row = rank[number], first_row[order]

    code_row = np.full(len(first_row), -1, dtype=np.int64)
    with_code = np.flatnonzero(rcode >= 0)[::-1]  # reversed: the first one stays
    code_row[number[with_code]] = with_code
    heads = rows.take(pa.array(first_row))
    is_empty = pa.array(~is_record[first_row])
    responses = pa.table(
        {
            "response": pa.array(np.arange(len(first_row), dtype=np.int64)),
            "ts": heads["ts"].cast(MOMENT),
            "query": heads["query"],
            "qtype": pc.if_else(is_empty, heads["rrtype"], None),
            "rcode": rows["rcode"].take(pa.array(code_row, mask=code_row < 0)),
            "client": heads["client"],
            "sensor": heads["sensor"],
        }
    ).cast(RESPONSES_SCHEMA)
    records = rows.append_column("response", pa.array(number.astype(np.int64), pa.int64()))
    records = records.append_column("ttl_s", rows["ttl"])
    is_kept = pc.and_(
        pc.is_valid(rows["section"]), pc.is_in(rows["rrtype"], pa.array(sorted(KEPT)))
    )
    records = records.filter(is_kept)
    return Batch(
        responses=responses, records=records.select(RECORDS_SCHEMA.names).cast(RECORDS_SCHEMA)
    )


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    """Return an int64 code for each value of a column, -1 for null."""
    _, codes = encode_distinct(column)
    return np.asarray(codes.fill_null(-1))


def _joint(*columns: np.ndarray) -> np.ndarray:
    """Return one code for each distinct row of several columns of codes of -1 or more."""
    joint = columns[0] + 1
    for column in columns[1:]:
        width = int(column.max()) + 2
        _, joint = np.unique(joint * width + column + 1, return_inverse=True)
    return joint


def _repetition(codes: np.ndarray) -> np.ndarray:
    """Return how often the code of each row came before it."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    run_lengths = np.diff(np.append(starts, len(ordered)))
    repetition = np.empty_like(order)
    repetition[order] = np.arange(len(ordered)) - np.repeat(starts, run_lengths)
    return repetition
