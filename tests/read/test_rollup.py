"""Rollups are checked against a reference in plain Python that knows nothing of Arrow."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.model.addresses import is_special_use, prefixes
from unflux.model.columns import ANSWER_SETS, LOOKUPS, SIGHTINGS, STORED
from unflux.model.names import registrable_domain
from unflux.model.rollup import tables_of
from unflux.read.batching import BatchBuilder, Record
from unflux.read.rollup import (
    BUCKET_COARSE_S,
    BUCKET_FINE_S,
    bucket_start,
    coarsen,
    merge,
    roll_up,
    settle,
)
from unflux.read.source import Batch, Rollup

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START_US = 1_237_000_000_000_000
DAY_US = 86_400_000_000
MASK = (1 << 64) - 1

NAMES = ["a.example.com", "b.example.com", "ns1.example.net", "x.duckdns.org", r"a\.b.com"]
IPV4 = ["192.0.2.1", "192.0.2.2", "198.51.100.7", "8.8.8.8", "8.8.4.4"]
IPV6 = ["2001:db8::1", "2a00:1450::1", "2a00:1450:4000::2", "::ffff:8.8.8.8"]


@dataclass(frozen=True)
class Response:
    query: str
    records: tuple[Record, ...]
    ts_us: int | None
    qtype: str | None
    rcode: str | None


def records() -> st.SearchStrategy[Record]:
    def of_type(rrtype: str, rdata: list[str]) -> st.SearchStrategy[Record]:
        return st.tuples(
            st.sampled_from(NAMES),
            st.just(rrtype),
            st.sampled_from(rdata),
            st.none() | st.integers(0, 2**31 - 1),
            st.sampled_from(["ans", "auth", "add"]),
        )

    return of_type("A", IPV4) | of_type("AAAA", IPV6) | of_type("NS", NAMES)


def responses() -> st.SearchStrategy[list[Response]]:
    # Spans around one day, so that both widths of bucket occur.
    moments = st.none() | st.integers(START_US, START_US + DAY_US + DAY_US // 20)
    return st.lists(
        st.builds(
            Response,
            st.sampled_from(NAMES),
            st.lists(records(), max_size=6).map(tuple),
            moments,
            st.sampled_from([None, "A", "AAAA", "NS"]),
            st.sampled_from([None, "NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"]),
        ),
        max_size=12,
    )


def batch_of(some: list[Response]) -> Batch:
    builder = BatchBuilder()
    for r in some:
        builder.add(r.query, r.records, ts_us=r.ts_us, qtype=r.qtype, rcode=r.rcode)
    return builder.take()


def assert_same(one: Rollup, other: Rollup) -> None:
    for shape, left, right in zip(STORED, tables_of(one), tables_of(other), strict=True):
        assert left.schema == shape.schema
        assert left.equals(right), shape.name


# --- the reference -------------------------------------------------------------------------


def mix(value: int) -> int:
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def set_hash(addresses: set[str]) -> int:
    total = 0
    for text in addresses:
        address = ip_address(text)
        number = int(address)
        total += mix((number & MASK) ^ mix((number >> 64) ^ mix(address.version)))
    total &= MASK
    return total - (1 << 64) if total >> 63 else total


def at(moment_us: int | None, bucket_s: int | None = None) -> datetime | None:
    if moment_us is None:
        return None
    if bucket_s is not None:
        moment_us = moment_us // (bucket_s * 1_000_000) * (bucket_s * 1_000_000)
    return EPOCH + timedelta(microseconds=moment_us)


def low(values: list[Any]) -> Any:
    return min((v for v in values if v is not None), default=None)


def high(values: list[Any]) -> Any:
    return max((v for v in values if v is not None), default=None)


def reference(some: list[Response], bucket_s: int) -> dict[str, list[dict[str, Any]]]:
    sightings: dict[Any, dict[int, list[tuple[int | None, int | None]]]] = {}
    lookups: dict[Any, list[tuple[Response, int]]] = defaultdict(list)
    sets: dict[Any, list[tuple[Response, set[str]]]] = defaultdict(list)
    for number, r in enumerate(some):
        bucket = at(r.ts_us, bucket_s)
        for qname, rrtype, rdata, ttl_s, section in r.records:
            key = (bucket, r.query, qname, rrtype, rdata, section)
            sightings.setdefault(key, {}).setdefault(number, []).append((r.ts_us, ttl_s))
        addresses = {x[2] for x in r.records if x[1] in {"A", "AAAA"} and x[4] == "ans"}
        lookups[bucket, r.query, r.qtype].append((r, len(addresses)))
        if addresses:
            sets[bucket, r.query, r.qtype, set_hash(addresses)].append((r, addresses))
    return {
        "sightings": [_sighting(key, seen) for key, seen in sightings.items()],
        "lookups": [_lookup(key, seen) for key, seen in lookups.items()],
        "answer_sets": [_answer_set(key, seen) for key, seen in sets.items()],
    }


def _sighting(
    key: tuple[Any, ...], seen: dict[int, list[tuple[int | None, int | None]]]
) -> dict[str, Any]:
    bucket, query, qname, rrtype, rdata, section = key
    flat = [pair for pairs in seen.values() for pair in pairs]
    is_address = rrtype in {"A", "AAAA"}
    slash24, slash16 = prefixes(rdata) if is_address else (None, None)
    return {
        "bucket_at": bucket, "query": query, "domain": registrable_domain(query),
        "qname": qname, "owner_domain": registrable_domain(qname), "rrtype": rrtype,
        "rdata": rdata, "section": section, "count": len(seen),
        "first_at": at(low([ts for ts, _ in flat])), "last_at": at(high([ts for ts, _ in flat])),
        "ttl_min_s": low([ttl for _, ttl in flat]), "ttl_max_s": high([ttl for _, ttl in flat]),
        "slash24": slash24, "slash16": slash16,
        "is_special_use": is_special_use(rdata) if is_address else None,
    }  # fmt: skip


def _lookup(key: tuple[Any, ...], seen: list[tuple[Response, int]]) -> dict[str, Any]:
    bucket, query, qtype = key
    rcodes = [r.rcode for r, _ in seen]
    counts = [count for _, count in seen]
    return {
        "bucket_at": bucket, "query": query, "domain": registrable_domain(query), "qtype": qtype,
        "responses": len(seen), "noerror": rcodes.count("NOERROR"),
        "nxdomain": rcodes.count("NXDOMAIN"), "servfail": rcodes.count("SERVFAIL"),
        "other_rcode": rcodes.count("REFUSED"), "answered": sum(c > 0 for c in counts),
        "answers_sum": sum(counts), "answers_max": max(counts),
        "first_at": at(low([r.ts_us for r, _ in seen])),
        "last_at": at(high([r.ts_us for r, _ in seen])),
    }  # fmt: skip


def _answer_set(key: tuple[Any, ...], seen: list[tuple[Response, set[str]]]) -> dict[str, Any]:
    bucket, query, qtype, hashed = key
    addresses = seen[0][1]
    return {
        "bucket_at": bucket, "query": query, "domain": registrable_domain(query), "qtype": qtype,
        "answer_set": hashed, "responses": len(seen), "addresses": len(addresses),
        "slash24s": len({prefixes(a)[0] for a in addresses}),
        "slash16s": len({prefixes(a)[1] for a in addresses}),
        "first_at": at(low([r.ts_us for r, _ in seen])),
        "last_at": at(high([r.ts_us for r, _ in seen])),
    }  # fmt: skip


def in_order(rows: list[dict[str, Any]], key: tuple[str, ...]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [(row[k] is None, row[k] or 0) for k in key])


# --- the properties ------------------------------------------------------------------------


@pytest.mark.slow
@settings(deadline=None)
@given(responses(), st.sampled_from([BUCKET_FINE_S, BUCKET_COARSE_S]))
def test_a_rollup_says_what_the_reference_says(some: list[Response], bucket_s: int) -> None:
    rollup = roll_up(batch_of(some), bucket_s)
    expected = reference(some, bucket_s)
    for shape, table in zip(STORED, tables_of(rollup), strict=True):
        assert table.schema == shape.schema
        table.validate(full=True)
        assert table.to_pylist() == in_order(expected[shape.name], shape.key), shape.name


@pytest.mark.slow
@settings(deadline=None)
@given(responses(), st.data())
def test_any_split_order_and_moment_of_coarsening_give_the_same(
    some: list[Response], data: st.DataObject
) -> None:
    whole = settle(roll_up(batch_of(some)))
    shuffled = data.draw(st.permutations(some))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(some)), max_size=4)))
    edges = [0, *cuts, len(some)]
    parts = [roll_up(batch_of(shuffled[i:j])) for i, j in pairwise(edges)]
    parts = [settle(part) if data.draw(st.booleans()) else part for part in parts]
    while len(parts) > 1:
        size = data.draw(st.integers(2, len(parts)))
        joined = merge(parts[:size])
        parts = [*parts[size:], settle(joined) if data.draw(st.booleans()) else joined]
    assert_same(settle(parts[0]), whole)
    assert_same(settle(whole), whole)


@pytest.mark.slow
@settings(deadline=None)
@given(responses())
def test_fine_buckets_merge_into_coarse_ones(some: list[Response]) -> None:
    assert_same(
        coarsen(roll_up(batch_of(some)), BUCKET_COARSE_S),
        roll_up(batch_of(some), BUCKET_COARSE_S),
    )


def test_a_day_keeps_fine_buckets_and_a_microsecond_more_does_not() -> None:
    first = START_US - START_US % DAY_US + 600_000_000
    for extra_us, minute in ((0, 10), (1, 0)):
        some = [
            Response("a.example.com", (), ts_us, "A", None)
            for ts_us in (first, first + DAY_US + extra_us)
        ]
        buckets = settle(roll_up(batch_of(some))).lookups["bucket_at"].to_pylist()
        assert [bucket.minute for bucket in buckets] == [minute, minute]


def test_a_record_twice_in_a_response_counts_once() -> None:
    record: Record = ("a.example.com", "A", "192.0.2.1", 60, "ans")
    twice = [record, ("a.example.com", "A", "192.0.2.1", 30, "ans")]
    rollup = roll_up(batch_of([Response("a.example.com", tuple(twice), START_US, "A", None)]))
    (row,) = rollup.sightings.to_pylist()
    assert (row["count"], row["ttl_min_s"], row["ttl_max_s"]) == (1, 30, 60)
    (lookup,) = rollup.lookups.to_pylist()
    assert (lookup["answers_sum"], lookup["noerror"], lookup["other_rcode"]) == (1, 0, 0)


def test_a_response_without_address_has_no_answer_set() -> None:
    glue: Record = ("ns1.example.net", "A", "192.0.2.1", 60, "add")
    rollup = roll_up(batch_of([Response("a.example.com", (glue,), None, "A", "NOERROR")]))
    assert rollup.answer_sets.num_rows == 0
    assert rollup.lookups["answered"].to_pylist() == [0]
    assert rollup.sightings["bucket_at"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["192.0.2.1"], 5728365172369063641),
        (["192.0.2.1", "2001:db8::1"], 7111903430040555843),
        (["::ffff:192.0.2.1"], 4110635152354562790),
    ],
)
def test_the_hash_never_changes(addresses: list[str], expected: int) -> None:
    some = tuple(("a.example.com", "AAAA" if ":" in a else "A", a, 60, "ans") for a in addresses)
    rollup = roll_up(batch_of([Response("a.example.com", some, None, "A", None)]))
    assert rollup.answer_sets["answer_set"].to_pylist() == [expected]


def test_nothing_rolls_up_to_nothing() -> None:
    assert_same(roll_up(batch_of([])), Rollup.empty())
    assert_same(merge([]), Rollup.empty())
    assert_same(settle(Rollup.empty()), Rollup.empty())


def test_bucket_start_goes_down_before_1970_too() -> None:
    moments = pa.array([-1, 0, 299_999_999, 300_000_000, None], pa.timestamp("us", tz="UTC"))
    starts = bucket_start(moments, BUCKET_FINE_S).cast(pa.int64()).to_pylist()
    assert starts == [-300_000_000, 0, 0, 300_000_000, None]


def test_every_column_says_how_it_merges() -> None:
    for shape in (SIGHTINGS, LOOKUPS, ANSWER_SETS):
        assert {c.merge for c in shape.columns} <= {"key", "sum", "min", "max", "derived"}
