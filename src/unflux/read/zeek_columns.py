"""Rows of Zeek's ``dns.log`` as columns become a batch."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from unflux.model.columns import MOMENT
from unflux.read.answer_columns import own_answer_columns
from unflux.read.kernel.scan.layout import OTHER
from unflux.read.message import OTHER_CLASS
from unflux.read.moments import BAD_MOMENT
from unflux.read.presentation import BAD_NAME, OTHER_PORT
from unflux.read.sieve import Sieve
from unflux.read.source import Batch, Drops
from unflux.read.spans import Coded, Spans
from unflux.read.ttls import NO_TTL
from unflux.read.zeek_rows import NO_QUERY, OTHER_LOG


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The columns of some rows that are read; answers have a row each, with its row's number."""

    is_other_log: np.ndarray
    is_other_port: np.ndarray
    is_other_class: np.ndarray
    is_asked: np.ndarray
    """Whether a query is given; it may be bad."""
    query: Coded
    is_dated: np.ndarray
    """Whether a moment is given; it may be bad."""
    ts_us: np.ndarray
    """Moment, or OTHER where there is none."""
    is_coded: np.ndarray
    """Whether a response code is given; it may be of no known form."""
    rcode: Coded
    qtype: Coded
    client: Coded
    answers: Spans
    """Those with text."""
    answer_row: np.ndarray
    answer_ttl_s: np.ndarray
    """As :func:`unflux.read.ttls.parse_ttls` gives them."""


def pair_ttls(
    firsts: np.ndarray, ttl_firsts: np.ndarray, ttl_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the row of each answer, and its TTL: that of the same place in its row, or NO_TTL.

    ``firsts`` and ``ttl_firsts`` say where the answers and TTLs of each row begin, one more than
    rows.
    """
    row = np.repeat(np.arange(len(firsts) - 1), np.diff(firsts))
    place = np.arange(len(row)) + (ttl_firsts[:-1] - firsts[:-1])[row]
    is_told = place < ttl_firsts[1:][row]
    paired = np.full(len(row), NO_TTL)
    paired[is_told] = ttl_s[place[is_told]]
    return row, paired


def batch_of(rows: Rows, drops: Drops) -> Batch:
    """Do for columns what :func:`unflux.read.zeek_rows.add_row` does for a row."""
    row_count = len(rows.ts_us)
    sieve = Sieve(row_count, drops)
    sieve.refuse(OTHER_LOG, rows.is_other_log)
    sieve.refuse(OTHER_PORT, rows.is_other_port)
    sieve.refuse(OTHER_CLASS, rows.is_other_class)
    sieve.refuse(NO_QUERY, ~rows.is_asked)
    sieve.refuse(BAD_NAME, rows.query.is_null)
    sieve.refuse(BAD_MOMENT, rows.is_dated & (rows.ts_us == OTHER))
    is_answered = np.zeros(row_count, dtype=bool)
    is_answered[rows.answer_row] = True
    drops.query_count += sieve.leave(~(rows.is_coded | is_answered))
    kept = sieve.kept
    count = int(kept.sum())
    drops.response_count += count
    query, qtype, ts_us = rows.query.at(kept), rows.qtype.at(kept), rows.ts_us[kept]
    of_kept = kept[rows.answer_row]
    number = np.cumsum(kept) - 1
    records = own_answer_columns(
        query,
        qtype,
        number[rows.answer_row[of_kept]],
        rows.answers.at(of_kept),
        rows.answer_ttl_s[of_kept],
        drops=drops,
    )
    responses = pa.table(
        {
            "response": np.arange(count),
            "ts": pa.array(ts_us, mask=ts_us == OTHER).cast(MOMENT),
            "query": query.column(),
            "qtype": qtype.column(),
            "rcode": rows.rcode.at(kept).column(),
            "client": rows.client.at(kept).column(),
            "sensor": pa.nulls(count, pa.string()),
        }
    )
    return Batch(responses=responses, records=records.table())
