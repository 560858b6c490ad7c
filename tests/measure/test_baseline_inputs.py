"""Inputs of the published detectors: whose addresses count, which two lookups, which answers."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from unflux.engine.connection import Engine
from unflux.measure.baseline_inputs import (
    asked_answer_sets,
    asked_answers,
    asked_domains,
    asked_name_servers,
    first_two_lookups,
    ipv4_number,
)
from unflux.measure.records import NO_BUCKET, Records, observe
from unflux.model.columns import ROUTES, ZONES
from unflux.read.rollup import roll_up
from unflux.read.source import RECORDS_SCHEMA, RESPONSES_SCHEMA, Batch

START = 1_700_000_000
ASNS = {"11.0.0.1": 64500, "12.0.0.1": 64501, "13.0.0.1": None}


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """One response: when, to which name, with which addresses."""

    at_s: int | None
    query: str
    addresses: Sequence[str]
    ttl_s: int | None = 60
    cname: str | None = None
    """Owner of the addresses, where it is not the name asked."""
    qtype: str | None = "A"
    servers: dict[str, str | None] = field(default_factory=dict)
    """Name-server hosts of the query's domain and their glue."""

    def records(self) -> Iterator[tuple[str, str, str, str]]:
        owner = self.cname or self.query
        if self.cname:
            yield self.query, "CNAME", self.cname, "ans"
        for address in self.addresses:
            yield owner, "AAAA" if ":" in address else "A", address, "ans"
        for host, glue in self.servers.items():
            yield self.query, "NS", host, "auth"
            if glue:
                yield host, "A", glue, "add"


def records_of(engine: Engine, name: str, lookups: Sequence[Lookup]) -> Records:
    """Roll lookups up and register them; every address is mapped as ``ASNS`` says."""
    responses = [
        {
            "response": number,
            "ts": None if x.at_s is None else datetime.fromtimestamp(x.at_s, UTC),
            "query": x.query,
            "qtype": x.qtype,
            "rcode": "NOERROR",
            "client": None,
            "sensor": None,
        }
        for number, x in enumerate(lookups)
    ]
    records = [
        dict(zip(RECORDS_SCHEMA.names, (number, *r[:3], x.ttl_s, r[3]), strict=True))
        for number, x in enumerate(lookups)
        for r in x.records()
    ]
    rollup = roll_up(
        Batch(
            responses=pa.Table.from_pylist(responses, RESPONSES_SCHEMA),
            records=pa.Table.from_pylist(records, RECORDS_SCHEMA),
        )
    )
    addresses = sorted({r["rdata"] for r in records if r["rrtype"] in ("A", "AAAA")})
    routes = pa.Table.from_pylist(
        [
            {"address": a, "asn": ASNS.get(a), "holder": None, "country": None,
             "is_user_mapped": False, "provider": None, "provider_use": None}
            for a in addresses
        ],
        ROUTES.schema,
    )  # fmt: skip
    return Records(
        sightings=engine.table(f"{name}_sightings", rollup.sightings),
        lookups=engine.table(f"{name}_lookups", rollup.lookups),
        answer_sets=engine.table(f"{name}_answer_sets", rollup.answer_sets),
        routes=engine.table(f"{name}_routes", routes),
        zones=engine.table(f"{name}_zones", ZONES.empty()),
    )


def second_lookup(engine: Engine, name: str, lookups: Sequence[Lookup]) -> dict[str, set[str]]:
    """Return the addresses that two lookups of each domain would have shown."""
    answers = asked_answers(records_of(engine, name, lookups))
    shown: dict[str, set[str]] = defaultdict(set)
    for row in engine.fetch(first_two_lookups(answers)).to_pylist():
        shown[row["domain"]].add(row["address"])
    return dict(shown)


def test_an_address_counts_for_the_domain_that_was_asked(engine: Engine) -> None:
    records = records_of(
        engine,
        "asked",
        [
            Lookup(at_s=START, query="www.shop.test", addresses=["11.0.0.1", "13.0.0.1"],
                   cname="edge.cdn.test"),
            Lookup(at_s=START + 1, query="empty.test", addresses=[]),
        ],
    )  # fmt: skip
    rows = engine.fetch(asked_answers(records)).to_pylist()
    assert {(r["domain"], r["address"], r["asn"]) for r in rows} == {
        ("shop.test", "11.0.0.1", 64500),
        ("shop.test", "13.0.0.1", None),
    }
    assert {r["first_s"] for r in rows} == {START}
    domains = engine.fetch(asked_domains(records))["domain"].to_pylist()
    assert sorted(domains) == ["empty.test", "shop.test"]


def test_addresses_become_numbers(engine: Engine) -> None:
    texts = ["0.0.0.1", "1.2.3.4", "255.255.255.255", "2001:db8::1", "::ffff:1.2.3.4", None]
    table = engine.table("texts", pa.table({"text": pa.array(texts, pa.string())}))
    rows = engine.fetch(table.select("text", number=ipv4_number(table.text))).to_pylist()
    assert {r["text"]: r["number"] for r in rows} == {
        "0.0.0.1": 1,
        "1.2.3.4": 0x01020304,
        "255.255.255.255": 2**32 - 1,
        "2001:db8::1": None,
        "::ffff:1.2.3.4": None,
        None: None,
    }


def test_the_second_lookup_waits_for_the_ttl_and_a_second(engine: Engine) -> None:
    def moved(after_s: int) -> list[Lookup]:
        return [
            Lookup(at_s=START, query="a.test", addresses=["11.0.0.1"], ttl_s=600),
            Lookup(at_s=START + after_s, query="a.test", addresses=["12.0.0.1"], ttl_s=600),
        ]

    assert second_lookup(engine, "early", moved(600)) == {"a.test": {"11.0.0.1"}}
    assert second_lookup(engine, "due", moved(601)) == {"a.test": {"11.0.0.1", "12.0.0.1"}}


def test_the_second_lookup_is_the_first_that_shows_a_new_address(engine: Engine) -> None:
    lookups = [
        Lookup(at_s=START, query="x.a.test", addresses=["11.0.0.1"]),
        Lookup(at_s=START + 1000, query="y.a.test", addresses=["11.0.0.1"]),
        Lookup(at_s=START + 2000, query="z.a.test", addresses=["11.0.0.1", "12.0.0.1"]),
        Lookup(at_s=START + 3000, query="z.a.test", addresses=["13.0.0.1"]),
    ]
    assert second_lookup(engine, "fresh", lookups) == {"a.test": {"11.0.0.1", "12.0.0.1"}}


def test_records_without_time_are_one_lookup(engine: Engine) -> None:
    lookups = [Lookup(at_s=None, query="a.test", addresses=["11.0.0.1", "12.0.0.1"])]
    assert second_lookup(engine, "timeless", lookups) == {"a.test": {"11.0.0.1", "12.0.0.1"}}
    answers = asked_answers(records_of(engine, "timeless", lookups))
    assert set(engine.fetch(answers)["bucket"].to_pylist()) == {NO_BUCKET}


def test_two_lookups_of_an_unknown_ttl_may_follow_at_once(engine: Engine) -> None:
    lookups = [
        Lookup(at_s=START, query="a.test", addresses=["11.0.0.1"], ttl_s=None),
        Lookup(at_s=START + 1, query="a.test", addresses=["12.0.0.1"], ttl_s=None),
    ]
    assert second_lookup(engine, "unknown_ttl", lookups) == {"a.test": {"11.0.0.1", "12.0.0.1"}}


def test_two_lookups_are_those_of_the_raw_responses(engine: Engine) -> None:
    """Lookups a bucket apart keep their moments, so a plain loop over them is the oracle."""
    chance = random.Random(2008)
    lookups = [
        Lookup(
            at_s=START + 300 * turn,
            query=f"w{turn % 3}.d{domain}.test",
            addresses=[f"11.0.0.{n}" for n in chance.sample(range(12), 3)],
            ttl_s=chance.choice([None, 10, 299, 300, 1200]),
        )
        for domain in range(40)
        for turn in range(chance.randrange(1, 9))
    ]
    expected: dict[str, set[str]] = {}
    due: dict[str, int] = {}
    for x in lookups:
        domain = x.query.split(".", 1)[1]
        assert x.at_s is not None
        if domain not in expected:
            expected[domain] = set(x.addresses)
            due[domain] = x.at_s + (x.ttl_s or 0) + 1
        elif x.at_s >= due[domain] and not set(x.addresses) <= expected[domain]:
            expected[domain] |= set(x.addresses)
            due[domain] = START * 2  # two are enough
    assert second_lookup(engine, "drawn", lookups) == expected


def test_answer_sets_carry_the_ttl_of_their_records(engine: Engine) -> None:
    day = START - START % 86_400
    records = records_of(
        engine,
        "sets",
        [
            Lookup(at_s=day + 5, query="a.test", addresses=["11.0.0.1", "12.0.0.1"], ttl_s=20),
            Lookup(at_s=day + 6, query="a.test", addresses=["11.0.0.1", "12.0.0.1"], ttl_s=90),
            Lookup(at_s=day + 7, query="a.test", addresses=["2001:db8::1"], qtype="AAAA"),
            Lookup(at_s=day + 86_400, query="a.test", addresses=["11.0.0.1"], qtype=None),
        ],
    )
    rows = engine.fetch(asked_answer_sets(records, asked_answers(records))).to_pylist()
    told = [
        {k: r[k] for k in ("day", "responses", "addresses", "slash16s", "ttl_min_s", "ttl_max_s")}
        for r in sorted(rows, key=lambda r: r["day"])
    ]
    assert told == [
        {"day": day, "responses": 2, "addresses": 2, "slash16s": 2, "ttl_min_s": 20,
         "ttl_max_s": 90},
        {"day": day + 86_400, "responses": 1, "addresses": 1, "slash16s": 1, "ttl_min_s": 60,
         "ttl_max_s": 60},
    ]  # fmt: skip


@pytest.mark.parametrize("glue", ["11.0.0.1", None])
def test_name_servers_are_kept_with_or_without_glue(engine: Engine, glue: str | None) -> None:
    records = records_of(
        engine,
        "servers",
        [Lookup(at_s=START, query="a.test", addresses=[], servers={"ns1.b.test": glue})],
    )
    rows: list[dict[str, Any]] = engine.fetch(
        asked_name_servers(records, observe(records))
    ).to_pylist()
    assert rows == [
        {
            "domain": "a.test",
            "ns_host": "ns1.b.test",
            "address": glue,
            "asn": ASNS[glue] if glue else None,
            "number": 0x0B000001 if glue else None,
        }
    ]
