"""Entries of passive DNS in columns become a rollup."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from unflux.model.columns import ANSWER_SETS, LOOKUPS, MOMENT, SIGHTINGS, TableShape
from unflux.model.rollup import BUCKET_FINE_S, Rollup, bucket_start, derive, merge_rows
from unflux.read.answer_set import answer_sets
from unflux.read.kernel.scan.layout import OTHER
from unflux.read.records import AAAA, RRTYPES
from unflux.read.spans import Coded, recode


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Entries, and their records, each of which holds the number of its entry."""

    rrname: Coded
    rrtype: np.ndarray
    """int8: number in :data:`unflux.read.records.RRTYPES`."""
    first_us: np.ndarray
    last_us: np.ndarray
    """int64: moments, or OTHER where none is told."""
    count: np.ndarray
    is_record_set: np.ndarray
    record_entry: np.ndarray
    rdata: Coded
    """Of each record; values may repeat, and so may the records of an entry."""


def roll_up(entries: Entries) -> Rollup:
    """Roll entries up: the whole count of each lies in the bucket of its first time."""
    entry, rdata = _distinct_records(entries)
    whole = np.flatnonzero(entries.is_record_set)
    number = np.full(len(entries.count), -1)
    number[whole] = np.arange(len(whole))
    is_owned = (number[entry] >= 0) & (entries.rrtype[entry] <= AAAA)
    sets = answer_sets(
        number[entry[is_owned]], rdata.values.take(pa.array(rdata.codes[is_owned])), len(whole)
    )
    lookups = _seen(entries, whole)
    count = entries.count[whole]
    lookups |= {"qtype": _types(entries.rrtype[whole]), "responses": count}
    set_rows = np.flatnonzero(sets.addresses > 0)
    zeros = np.zeros(len(whole), dtype=np.int64)
    return Rollup(
        sightings=_table(
            SIGHTINGS,
            _seen(entries, entry)
            | {
                "qname": entries.rrname.at(entry).column(),
                "rrtype": _types(entries.rrtype[entry]),
                "rdata": rdata.column(),
                "section": pa.DictionaryArray.from_arrays(
                    np.zeros(len(entry), dtype=np.int32), pa.array(["ans"])
                ),
                "count": entries.count[entry],
                "ttl_min_s": pa.nulls(len(entry), pa.int64()),
                "ttl_max_s": pa.nulls(len(entry), pa.int64()),
            },
        ),
        lookups=_table(
            LOOKUPS,
            lookups
            | {
                "noerror": count,  # a record set was answered
                "nxdomain": zeros,
                "servfail": zeros,
                "other_rcode": zeros,
                "answered": np.where(sets.addresses > 0, count, 0),
                "answers_sum": count * sets.addresses,
                "answers_max": sets.addresses,
            },
        ),
        answer_sets=_table(
            ANSWER_SETS,
            {
                "answer_set": sets.hashes[set_rows],
                "addresses": sets.addresses[set_rows],
                "slash24s": sets.slash24s[set_rows],
                "slash16s": sets.slash16s[set_rows],
                "qtype": _types(entries.rrtype[whole[set_rows]]),
                "responses": count[set_rows],
            }
            | _seen(entries, whole[set_rows]),
        ),
    )


def _distinct_records(entries: Entries) -> tuple[np.ndarray, Coded]:
    """Return entry and data of each record, those that an entry holds twice once."""
    rdata = recode(entries.rdata.values, entries.rdata.codes)
    width = max(len(rdata.values), 1)
    pairs = np.unique(entries.record_entry * width + rdata.codes)
    return pairs // width, Coded(rdata.values, (pairs % width).astype(np.int32))


def _types(numbers: np.ndarray) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(numbers.astype(np.int32), RRTYPES)


def _seen(entries: Entries, rows: np.ndarray) -> dict[str, object]:
    first_us, last_us = entries.first_us[rows], entries.last_us[rows]
    first = pa.array(first_us, mask=first_us == OTHER).cast(MOMENT)
    return {
        "bucket_at": bucket_start(first, BUCKET_FINE_S),
        "query": entries.rrname.at(rows).column(),
        "first_at": first,
        "last_at": pa.array(last_us, mask=last_us == OTHER).cast(MOMENT),
    }


def _table(shape: TableShape, columns: dict[str, object]) -> pa.Table:
    table = pa.table(columns)
    return merge_rows(shape, derive(shape, table)) if table.num_rows else shape.empty()
