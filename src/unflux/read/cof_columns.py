"""Entries of passive DNS as columns."""

from typing import Final

import numpy as np
import pyarrow as pa

from unflux.model.names import normalise_name
from unflux.read.cof_entries import BAD_COUNT, MAX_COUNT, ODD_ENTRY, Entry
from unflux.read.cof_rollup import Entries
from unflux.read.data_column import DataColumn
from unflux.read.json_columns import moments_of
from unflux.read.kernel.scan.layout import (
    ABSENT,
    ARRAY,
    FALSE,
    INTEGER,
    NULL,
    OBJECT,
    OTHER,
    STRING,
    TRUE,
)
from unflux.read.message import NO_TIME, NOT_ASKED
from unflux.read.moments import BAD_MOMENT
from unflux.read.objects import Member, Objects, Shape, Values
from unflux.read.passes import read_whole_numbers
from unflux.read.presentation import BAD_NAME, BAD_TYPE, bad_data_reason, parse_rdata, parse_type
from unflux.read.records import AAAA, CNAME, NS, RRTYPES, SOA, types_of
from unflux.read.sieve import Sieve
from unflux.read.source import Drops, Options
from unflux.read.spans import Coded, Spans, recode

_MEMBERS: Final = (
    Member(key="rdata", elements=()),
    *(
        Member(key=key)
        for key in (
            "rrname", "rrtype", "time_first", "time_last", "count", "zone_time_first",
            "zone_time_last",
        )
    ),
)  # fmt: skip

SHAPE: Final = Shape(*_MEMBERS, Member(key="obj", members=_MEMBERS), Member(key="cond"))


def entries_of(objects: Objects, options: Options, drops: Drops) -> tuple[Entries, np.ndarray]:
    """Return the entries among objects, and which objects are left to the slow path."""
    wrapper = objects.column("obj")
    is_frame = ~objects.column("cond").is_kind(ABSENT) & wrapper.is_kind(ABSENT)
    reader = _Reader(objects, wrapper.is_kind(OBJECT))
    is_slow = reader.column("rrtype").is_kind(TRUE, FALSE) & ~is_frame  # numbers to Python
    sieve = Sieve(objects.row_count, drops)
    sieve.leave(is_frame | is_slow)
    rrname, rrtype = reader.column("rrname").texts, reader.column("rrtype").spans(STRING, INTEGER)
    is_list = reader.column("rdata").is_kind(ARRAY)
    row, values = reader.records(is_list)
    text_count = np.bincount(row, minlength=objects.row_count)
    sieve.refuse(ODD_ENTRY, rrname.is_null | rrtype.is_null | (text_count == 0))

    of_kept = sieve.kept[row]
    row, texts = row[of_kept], values.at(of_kept).texts
    row, rdata = _parse_records(row, texts, rrname, rrtype, drops)
    record_count = np.bincount(row, minlength=objects.row_count)
    sieve.leave(record_count == 0)
    count = _counts(reader.column("count"))
    sieve.refuse(BAD_COUNT, count == 0)
    first_us, last_us, is_bad = reader.span()
    sieve.refuse(BAD_MOMENT, is_bad)
    is_timeless = first_us == OTHER
    if options.since_us is not None or options.until_us is not None:
        sieve.refuse(NO_TIME, is_timeless)
    if options.since_us is not None:
        sieve.refuse(NOT_ASKED, last_us < options.since_us)
    if options.until_us is not None:
        sieve.refuse(NOT_ASKED, first_us >= options.until_us)

    kept = sieve.kept
    number = np.cumsum(kept) - 1
    of_kept = kept[row]
    entries = Entries(
        rrname=rrname.at(kept).map_names(normalise_name),
        rrtype=types_of(rrtype.at(kept)),
        first_us=first_us[kept],
        last_us=last_us[kept],
        count=count[kept],
        # A set of which a record was dropped is no longer the set that was seen.
        is_record_set=(is_list & (record_count == text_count))[kept],
        record_entry=number[row[of_kept]],
        rdata=rdata.at(of_kept),
    )
    return entries, np.flatnonzero(is_slow)


class _Reader:
    """The members of entries, wrapped as DNSDB does or not."""

    def __init__(self, objects: Objects, is_wrapped: np.ndarray) -> None:
        self._objects = objects
        self._is_wrapped = is_wrapped

    def column(self, key: str) -> Values:
        """Return the values of a member."""
        plain = self._objects.column(key)
        if not self._is_wrapped.any():
            return plain
        return self._objects.column(f"obj/{key}").or_else(plain, self._is_wrapped)

    def records(self, is_list: np.ndarray) -> tuple[np.ndarray, Values]:
        """Return the data of each record, and the row of its entry."""
        objects = self._objects
        is_wrapped = self._is_wrapped[objects.item_rows]
        is_item = objects.is_item_of("obj/rdata") == is_wrapped
        items, single = objects.item_column("").at(is_item), np.flatnonzero(~is_list)
        return (
            np.concatenate([objects.item_rows[is_item], single]),
            items.followed_by(self.column("rdata").at(single)),
        )

    def span(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return first and last moment of each, OTHER where none is told, and which are bad.

        Times from zone files (``zone_time_*``) count where there are none from sensors.
        """
        first, last = self.column("time_first"), self.column("time_last")
        is_told = ~(first.is_kind(ABSENT, NULL) & last.is_kind(ABSENT, NULL))
        first = first.or_else(self.column("zone_time_first"), is_told)
        last = last.or_else(self.column("zone_time_last"), is_told)
        has_first, has_last = ~first.is_kind(ABSENT, NULL), ~last.is_kind(ABSENT, NULL)
        first_us = moments_of(first.or_else(last, has_first))
        last_us = moments_of(last.or_else(first, has_last))
        is_bad = (first_us == OTHER) | (last_us == OTHER) | (last_us < first_us)
        return first_us, last_us, is_bad & (has_first | has_last)


def _parse_records(
    row: np.ndarray, texts: Spans, rrname: Spans, rrtype: Spans, drops: Drops
) -> tuple[np.ndarray, Coded]:
    """Return the records that are kept: the row of the entry of each, and its data."""
    sieve = Sieve(len(row), drops)
    sieve.refuse(ODD_ENTRY, texts.is_null)
    sieve.refuse(BAD_NAME, rrname.map_names(normalise_name).is_null[row])
    sieve.refuse(BAD_TYPE, rrtype.map(parse_type).is_null[row])
    number = types_of(rrtype)[row]
    sieve.leave(number < 0)
    wanted = sieve.kept.copy()
    data = DataColumn(len(row))
    data.add_addresses(wanted & (number <= AAAA), texts, number == AAAA)
    is_name = (number == CNAME) | (number == NS)
    data.add(wanted & is_name, texts, lambda text: parse_rdata("CNAME", text))
    data.add(wanted & (number == SOA), texts, lambda text: parse_rdata("SOA", text))
    rdata = data.coded()
    for code, mnemonic in enumerate(RRTYPES.to_pylist()):
        sieve.refuse(bad_data_reason(mnemonic), rdata.is_null & (number == code))
    return row[sieve.kept], rdata.at(sieve.kept)


def _counts(values: Values) -> np.ndarray:
    """Return how often each was seen (int64): 1 where it is not told, 0 where it is no count."""
    spans = values.spans(INTEGER)
    counts = read_whole_numbers(spans.octets, spans.starts, spans.ends)
    counts[(counts < 0) | (counts > MAX_COUNT)] = 0
    counts[values.is_kind(ABSENT)] = 1
    return counts


def columns_of(entries: list[Entry]) -> Entries:
    """Return entries of the slow path as columns."""
    kept = RRTYPES.to_pylist()
    row = [number for number, entry in enumerate(entries) for _ in entry.rdata]
    return Entries(
        rrname=recode(pa.array([entry.rrname for entry in entries], pa.string())),
        rrtype=np.array([kept.index(entry.rrtype) for entry in entries], dtype=np.int8),
        first_us=_moments([entry.first_us for entry in entries]),
        last_us=_moments([entry.last_us for entry in entries]),
        count=np.array([entry.count for entry in entries], dtype=np.int64),
        is_record_set=np.array([entry.is_record_set for entry in entries], dtype=bool),
        record_entry=np.array(row, dtype=np.int64),
        rdata=recode(pa.array([text for entry in entries for text in entry.rdata], pa.string())),
    )


def _moments(moments_us: list[int | None]) -> np.ndarray:
    return np.array([OTHER if us is None else us for us in moments_us], dtype=np.int64)
