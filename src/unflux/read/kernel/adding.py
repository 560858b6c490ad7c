"""Batches of decoded responses into the tables of the kernel: texts become numbers first."""

from collections.abc import Callable
from typing import Final

import dns.rdatatype
import numpy as np
import pyarrow as pa

from unflux.model.addresses import address_number
from unflux.model.distinct import encode_distinct
from unflux.read.kernel import layout
from unflux.read.kernel.layout import KIND_NAME, UNKNOWN_TIME, UNKNOWN_TYPE
from unflux.read.kernel.tables import TableSet
from unflux.read.source import Batch

_LOW: Final = (1 << 64) - 1
_OTHER_CODE: Final = layout.RCODES.index("other")
_UNKNOWN_CODE: Final = layout.RCODES.index("unknown")


def add_batch(held: TableSet, batch: Batch) -> None:
    """Add the responses of a batch; a record that occurs twice in one counts once."""
    responses, records = batch.responses, _in_order(batch.records)
    owner = np.asarray(records["response"])
    numbers = np.empty((responses.num_rows, layout.RESPONSE_WIDTH), np.int64)
    numbers[:, layout.RESPONSE_TIME] = responses["ts"].cast(pa.int64()).fill_null(UNKNOWN_TIME)
    numbers[:, layout.RESPONSE_QUERY] = _texts(held, responses["query"])
    numbers[:, layout.RESPONSE_TYPE] = _numbered(responses["qtype"], _type_number, UNKNOWN_TYPE)
    numbers[:, layout.RESPONSE_CODE] = _numbered(responses["rcode"], _code_class, _UNKNOWN_CODE)
    numbers[:, layout.RESPONSE_RECORDS] = np.bincount(owner, minlength=responses.num_rows)
    rows = _record_rows(held, records)
    held.reserve(addresses=len(rows), sightings=len(rows), lookups=len(numbers), sets=len(numbers))
    held.kernel.add_responses(held.tables, numbers, rows)


def _in_order(records: pa.Table) -> pa.Table:
    """Return records response after response."""
    owner = np.asarray(records["response"])
    if np.all(owner[1:] >= owner[:-1]):
        return records
    return records.take(pa.array(np.argsort(owner, kind="stable")))


def _record_rows(held: TableSet, records: pa.Table) -> np.ndarray:
    rows = np.zeros((records.num_rows, layout.RECORD_WIDTH), np.int64)
    types = _numbered(records["rrtype"], layout.RRTYPES.index)
    kind = types << 2 | _numbered(records["section"], layout.SECTIONS.index)
    rows[:, layout.RECORD_OWNER] = _texts(held, records["qname"])
    rows[:, layout.RECORD_KIND] = kind
    rows[:, layout.RECORD_TTL] = records["ttl_s"].fill_null(layout.NO_TTL)
    is_name = kind >= KIND_NAME
    data = records["rdata"]
    rows[is_name, layout.RECORD_LOW] = _texts(held, data.filter(pa.array(is_name)))
    low, high = _addresses(held, data.filter(pa.array(~is_name)))
    rows[~is_name, layout.RECORD_LOW] = low
    rows[~is_name, layout.RECORD_HIGH] = high
    return rows


def _numbered(
    column: pa.ChunkedArray, number: Callable[[str], int], unknown: int = 0
) -> np.ndarray:
    """Return the number of each value, reckoned once for each."""
    values, rows = _used(column)
    numbers = np.array([*map(number, values.to_pylist()), unknown], np.int64)
    return np.asarray(numbers[rows])


def _type_number(mnemonic: str) -> int:
    return int(dns.rdatatype.from_text(mnemonic))


def _code_class(mnemonic: str) -> int:
    return layout.RCODES.index(mnemonic) if mnemonic in layout.RCODES[:3] else _OTHER_CODE


def _texts(held: TableSet, column: pa.ChunkedArray) -> np.ndarray:
    """Return where each text is in the tables."""
    values, rows = _used(column)
    octets, offsets = _octets(values)
    held.reserve(texts=len(values), words=len(octets) // 8 + 3 * len(values))
    places = np.empty(len(values), np.int32)
    held.kernel.intern_all(held.tables, octets, offsets, places)
    return np.asarray(places[rows])


def _addresses(held: TableSet, column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return the halves of the number of each canonical address."""
    values, rows = _used(column)
    octets, offsets = _octets(values)
    low, high = np.empty(len(values), np.int64), np.empty(len(values), np.int64)
    held.kernel.read_addresses(octets, offsets, low, high)
    others = np.flatnonzero((low == -1) & (high == -1))
    for place, text in zip(others.tolist(), values.take(pa.array(others)).to_pylist(), strict=True):
        _, number = address_number(text)
        high[place], low[place] = _signed(number >> 64), _signed(number & _LOW)
    return low[rows], high[rows]


def _used(column: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray]:
    """Return the distinct values that occur, and which of them each row has, -1 for null.

    The dictionary of an encoded column may hold others.
    """
    values, codes = encode_distinct(column)
    rows = np.asarray(codes.fill_null(len(values)))
    is_used = np.zeros(len(values) + 1, bool)
    is_used[rows] = True
    numbers = np.cumsum(is_used) - 1
    numbers[-1] = -1
    return values.filter(pa.array(is_used[:-1])), numbers[rows]


def _signed(half: int) -> int:
    return half - (1 << 64) if half >> 63 else half


def _octets(values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the octets of texts behind each other, and where each begins and the last one ends."""
    values = values.cast(pa.string())
    if values.offset or not len(values):
        values = pa.concat_arrays([values, pa.array([], pa.string())])
    _, offsets, octets = values.buffers()
    places = (
        np.frombuffer(offsets, np.int32)[: len(values) + 1] if offsets else np.zeros(1, np.int32)
    )
    return np.frombuffer(octets or b"", np.uint8), places
