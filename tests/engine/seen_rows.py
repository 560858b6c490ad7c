"""Rollups for stores, written down row by row."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zlib import crc32

import pyarrow as pa

from unflux.model.columns import ANSWER_SETS, LOOKUPS, SIGHTINGS, STORED
from unflux.model.rollup import BUCKET_FINE_S, Rollup, bucket_start, derive, merge_rows

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
Seen = tuple[int | None, str, str, int | None]
"""(seconds after START or null, query, address, ttl_s)"""


def rollup_of(seen: Sequence[Seen]) -> Rollup:
    """Write the three tables down as a reader would have left them."""
    moments = pa.array(
        [None if s is None else START + timedelta(seconds=s) for s, *_ in seen],
        SIGHTINGS.schema.field("first_at").type,
    )
    queries = pa.array([query for _, query, *_ in seen], pa.string())
    ones = pa.array([1] * len(seen), pa.int64())
    qtypes = pa.array([None if "b" in q else "A" for _, q, *_ in seen], pa.string())
    shared = {
        "bucket_at": bucket_start(moments, BUCKET_FINE_S),
        "query": queries,
        "first_at": moments,
        "last_at": moments,
    }
    ttls = pa.array([ttl for *_, ttl in seen], pa.int64())
    sighting = {
        "qname": queries,
        "rrtype": pa.array(["A"] * len(seen), pa.string()),
        "rdata": pa.array([address for _, _, address, _ in seen], pa.string()),
        "section": pa.array(["ans"] * len(seen), pa.string()),
        "count": ones,
        "ttl_min_s": ttls,
        "ttl_max_s": ttls,
    }
    lookup = {
        name: ones for name in LOOKUPS.schema.names if name not in {*shared, "domain", "qtype"}
    }
    counted = dict.fromkeys(("responses", "addresses", "slash24s", "slash16s"), ones)
    hashes = pa.array([crc32(address.encode()) for _, _, address, _ in seen], pa.int64())
    tables = {
        SIGHTINGS: pa.table(shared | sighting),
        LOOKUPS: pa.table(shared | lookup | {"qtype": qtypes}),
        ANSWER_SETS: pa.table(shared | counted | {"qtype": qtypes, "answer_set": hashes}),
    }
    sightings, lookups, answer_sets = (
        merge_rows(shape, derive(shape, tables[shape])) for shape in STORED
    )
    return Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets)
