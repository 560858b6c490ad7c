"""Roll decoded responses up into sightings, lookups and answer sets."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.columns import ANSWER_SETS, LOOKUPS, SIGHTINGS
from unflux.model.distinct import order_codes
from unflux.model.rollup import (
    ADDRESS_TYPES,
    BUCKET_COARSE_S,
    BUCKET_FINE_S,
    Rollup,
    bucket_start,
    coarsen,
    derive,
    merge,
    merge_rows,
    settle,
    settled_bucket_s,
)
from unflux.read.answer_set import AnswerSets, answer_sets
from unflux.read.source import Batch

__all__ = [
    "BUCKET_COARSE_S",
    "BUCKET_FINE_S",
    "bucket_start",
    "coarsen",
    "merge",
    "roll_up",
    "settle",
    "settled_bucket_s",
]


def roll_up(batch: Batch, bucket_s: int = BUCKET_FINE_S) -> Rollup:
    """Roll the responses of a batch up into buckets of ``bucket_s`` seconds.

    A record that occurs twice in one response counts once, with the range of its TTLs. Responses
    without a time go into the bucket null.
    """
    responses = batch.responses.select(["query", "qtype", "rcode"]).append_column(
        "bucket_at", bucket_start(batch.responses["ts"], bucket_s)
    )
    responses = responses.append_column("first_at", batch.responses["ts"])
    responses = responses.append_column("last_at", batch.responses["ts"])
    records = _distinct_records(batch.records)
    is_answer = pc.and_(
        pc.is_in(records["rrtype"], pa.array(ADDRESS_TYPES)), pc.equal(records["section"], "ans")
    )
    answers = records.filter(is_answer)
    sets = answer_sets(np.asarray(answers["response"]), answers["rdata"], responses.num_rows)
    return Rollup(
        sightings=_sightings(responses, records),
        lookups=_lookups(responses, sets),
        answer_sets=_answer_sets(responses, sets),
    )


def _distinct_records(records: pa.Table) -> pa.Table:
    """Merge equal records of one response; ``ttl_s`` becomes ``ttl_min_s`` and ``ttl_max_s``."""
    key = ["qname", "rrtype", "rdata", "section"]
    codes = {name: order_codes(records[name]) for name in key}
    coded = pa.table(
        {"response": records["response"], "ttl_s": records["ttl_s"]}
        | {name: code.codes for name, code in codes.items()}
    )
    distinct = coded.group_by(["response", *key], use_threads=False).aggregate(
        [("ttl_s", "min"), ("ttl_s", "max")]
    )
    return pa.table(
        {name: code.decode(distinct[name]) for name, code in codes.items()}
        | {
            "response": distinct["response"],
            "ttl_min_s": distinct["ttl_s_min"],
            "ttl_max_s": distinct["ttl_s_max"],
        }
    )


def _sightings(responses: pa.Table, records: pa.Table) -> pa.Table:
    context = responses.select(["bucket_at", "query", "first_at", "last_at"])
    rows = context.take(records["response"])
    for name in ("qname", "rrtype", "rdata", "section", "ttl_min_s", "ttl_max_s"):
        rows = rows.append_column(name, records[name])
    rows = rows.append_column("count", _ones(rows.num_rows))
    return merge_rows(SIGHTINGS, derive(SIGHTINGS, rows))


def _lookups(responses: pa.Table, sets: AnswerSets) -> pa.Table:
    rcode = responses["rcode"]
    known = {
        "noerror": pc.equal(rcode, "NOERROR"),
        "nxdomain": pc.equal(rcode, "NXDOMAIN"),
        "servfail": pc.equal(rcode, "SERVFAIL"),
    }
    is_other = pc.invert(pc.is_in(rcode, pa.array([name.upper() for name in known])))
    known["other_rcode"] = pc.and_(is_other, pc.is_valid(rcode))
    rows = responses.select(["bucket_at", "query", "qtype", "first_at", "last_at"])
    rows = rows.append_column("responses", _ones(rows.num_rows))
    for name, flags in known.items():
        rows = rows.append_column(name, pc.fill_null(flags, False).cast(pa.int64()))
    rows = rows.append_column("answered", pa.array((sets.addresses > 0).astype(np.int64)))
    rows = rows.append_column("answers_sum", pa.array(sets.addresses))
    rows = rows.append_column("answers_max", pa.array(sets.addresses))
    return merge_rows(LOOKUPS, derive(LOOKUPS, rows))


def _answer_sets(responses: pa.Table, sets: AnswerSets) -> pa.Table:
    rows = responses.select(["bucket_at", "query", "qtype", "first_at", "last_at"])
    rows = rows.append_column("responses", _ones(rows.num_rows))
    rows = rows.append_column("answer_set", pa.array(sets.hashes))
    rows = rows.append_column("addresses", pa.array(sets.addresses))
    rows = rows.append_column("slash24s", pa.array(sets.slash24s))
    rows = rows.append_column("slash16s", pa.array(sets.slash16s))
    rows = rows.filter(pa.array(sets.addresses > 0))
    return merge_rows(ANSWER_SETS, derive(ANSWER_SETS, rows))


def _ones(count: int) -> pa.Array:
    return pa.array(np.ones(count, dtype=np.int64))
