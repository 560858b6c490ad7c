"""Little internets written row by row: responses in, a rollup and its routes out."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from unflux.engine.connection import Engine, open_engine
from unflux.measure.provider_lists import load_zones
from unflux.measure.records import Records
from unflux.model.columns import ROUTES
from unflux.model.rollup import ADDRESS_TYPES, Rollup, merge, settle
from unflux.read.batching import BatchBuilder, Record
from unflux.read.rollup import roll_up

START_US = 1_237_000_000_000_000 // 3_600_000_000 * 3_600_000_000
"""An hour's start in March 2009, so that a test can say in which bucket a second falls."""

HOUR_S = 3_600
DAY_S = 86_400


@dataclass(frozen=True)
class Route:
    """Who announces an address."""

    asn: int | None = None
    holder: str | None = None
    country: str | None = None
    is_user_mapped: bool = False
    provider: str | None = None
    provider_use: str | None = None


Routes = Mapping[str, Route]
Measured = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Response:
    """One response as a source decodes it; ``at_s`` counts from ``START_US``, null: no time."""

    query: str
    records: tuple[Record, ...] = ()
    at_s: float | None = 0
    qtype: str | None = "A"
    rcode: str | None = "NOERROR"

    @property
    def ts_us(self) -> int | None:
        return None if self.at_s is None else START_US + round(self.at_s * 1_000_000)


def address(owner: str, rdata: str, ttl_s: int | None = 300, section: str = "ans") -> Record:
    return (owner, "AAAA" if ":" in rdata else "A", rdata, ttl_s, section)


def alias(owner: str, target: str, ttl_s: int | None = 300) -> Record:
    return (owner, "CNAME", target, ttl_s, "ans")


def name_server(zone: str, host: str, ttl_s: int | None = 86_400, section: str = "auth") -> Record:
    return (zone, "NS", host, ttl_s, section)


def glue(host: str, rdata: str, ttl_s: int | None = 172_800) -> Record:
    return address(host, rdata, ttl_s, "add")


def answer(
    query: str, addresses: Iterable[str], at_s: float | None = 0, *more: Record, ttl_s: int = 180
) -> Response:
    """Answer a query with addresses of its own name and further records."""
    return Response(query, (*(address(query, a, ttl_s) for a in addresses), *more), at_s)


def roll(responses: Iterable[Response]) -> Rollup:
    builder = BatchBuilder()
    for r in responses:
        builder.add(r.query, r.records, ts_us=r.ts_us, qtype=r.qtype, rcode=r.rcode)
    return settle(roll_up(builder.take()))


def roll_in_parts(responses: Sequence[Response], parts: int) -> Rollup:
    """Roll up in shuffled parts, as sensors and batches would."""
    shuffled = list(responses)
    random.Random(parts).shuffle(shuffled)
    return settle(merge([roll(shuffled[part::parts]) for part in range(parts)]))


def shuffled_rollup(rollup: Rollup, seed: int) -> Rollup:
    """Return the same rows in another order."""

    def shuffle(table: pa.Table) -> pa.Table:
        order = list(range(table.num_rows))
        random.Random(seed).shuffle(order)
        return table.take(pa.array(order, pa.int64()))

    return Rollup(
        sightings=shuffle(rollup.sightings),
        lookups=shuffle(rollup.lookups),
        answer_sets=shuffle(rollup.answer_sets),
    )


def route_table(rollup: Rollup, routes: Routes) -> pa.Table:
    """Return one row of shape ``ROUTES`` per address of the rollup; absent ones are unknown."""
    known = sorted(
        {
            row["rdata"]
            for row in rollup.sightings.select(["rrtype", "rdata"]).to_pylist()
            if row["rrtype"] in ADDRESS_TYPES
        }
    )
    rows = []
    for text in known:
        route = routes.get(text, Route())
        rows.append(
            {
                "address": text,
                "asn": route.asn,
                "holder": route.holder,
                "country": route.country,
                "is_user_mapped": route.is_user_mapped,
                "provider": route.provider,
                "provider_use": route.provider_use,
            }
        )
    return pa.Table.from_pylist(rows, schema=ROUTES.schema)


def open_records(engine: Engine, rollup: Rollup, routes: Routes) -> Records:
    return Records(
        sightings=engine.table("t_sightings", rollup.sightings),
        lookups=engine.table("t_lookups", rollup.lookups),
        answer_sets=engine.table("t_answer_sets", rollup.answer_sets),
        routes=engine.table("t_routes", route_table(rollup, routes)),
        zones=engine.table("t_zones", load_zones()),
    )


def by_domain(engine: Engine, expression: ir.Table) -> dict[str, dict[str, Any]]:
    """Evaluate a measurement; its rows by domain, each of which may come once."""
    rows = engine.fetch(expression).to_pylist()
    found = {row["domain"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def differences(found: Measured, expected: Measured) -> list[str]:
    """Return what differs in the columns that are expected, in words that a failure can show."""
    words = [f"only found: {domain}" for domain in found.keys() - expected.keys()]
    words += [f"not found: {domain}" for domain in expected.keys() - found.keys()]
    for domain in found.keys() & expected.keys():
        for column, value in expected[domain].items():
            if found[domain][column] != value:
                words.append(f"{domain} {column}: {found[domain][column]!r}, expected {value!r}")
    return sorted(words)


def rows_of(engine: Engine, expression: ir.Table) -> list[tuple[Any, ...]]:
    """Evaluate; rows as tuples in an order of their own."""
    rows = [tuple(row.values()) for row in engine.fetch(expression).to_pylist()]
    return sorted(rows, key=lambda row: [(value is not None, str(value)) for value in row])


def seeds(engine: Engine, many: int = 8, few: int = 1) -> range:
    """Return seeds of random internets: many where the engine starts a query at once."""
    return range(many if engine.NAME == "duckdb" else few)


def beside(engine: Engine) -> Iterator[Engine]:
    """Yield a DuckDB of its own, to compare the engine under test with."""
    with open_engine("duckdb", workers=1) as other:
        yield other


# Random little internets -------------------------------------------------------------------------

DOMAINS = (
    "alpha.example",
    "beta.example",
    "gamma.co.uk",
    "delta.net",
    "home.duckdns.org",
    "mooo.com",
)
PROVIDER = "cdngc.net"
PARKING = "203.0.114.80"
V4 = tuple(f"{20 + n % 9}.{n % 5}.{n % 3}.{n}" for n in range(1, 31))
V6 = tuple(f"2a0{n}:{n % 3 + 1}::{n}" for n in range(1, 7))
PRIVATE = ("10.0.0.1", "10.9.0.7", "192.168.1.1", "127.0.0.1")
LABELS = ("", "www.", "a.", "b7.", "pool.", "ntp1.", "dnsseed.", "x.y.")
HOSTS = (
    "ns1.alpha.example", "ns2.alpha.example", "ns.hosting.org", "ns9.delta.net",
    "ns1.sedoparking.com", "ns1.sinkhole.org", "kim.ns.cloudflare.com", "a.b.ns.nsone.net",
)  # fmt: skip
USES = ((None, None), ("A CDN", "cdn"), ("B CDN", "cdn"), ("A cloud", "cloud"), (None, "parking"),
        (None, "sinkhole"))  # fmt: skip


def random_routes(random_: random.Random) -> dict[str, Route]:
    routes = {}
    for text in (*V4, *V6, PARKING):
        if random_.random() < 0.75:
            asn = random_.choice([64500, 64501, 64502, 64503, 4_200_000_001])
            country = random_.choice(["DE", "US", None])
            provider, use = random_.choice(USES)
            routes[text] = Route(
                asn, f"holder of {asn}", country, provider=provider, provider_use=use
            )
    routes["10.9.0.7"] = Route(64999, "a lab", "DE", is_user_mapped=True)
    return routes


def random_internet(seed: int) -> tuple[list[Response], dict[str, Route]]:
    """Return some responses that hold everything that measuring must tell apart."""
    random_ = random.Random(seed)
    span_s = random_.choice([1, 900, 7_200, 80_000, 300_000])
    makers = (_answer, _answer, _answer, _chain, _delegation, _server, _parked, _nothing)
    responses = []
    for _ in range(random_.randrange(1, 90)):
        at_s = None if random_.random() < 0.1 else random_.randrange(span_s * 4) / 4
        responses.append(random_.choice(makers)(random_, at_s))
    responses += random_.sample(responses, min(3, len(responses)))
    return responses, random_routes(random_)


def _ttl(random_: random.Random) -> int | None:
    return random_.choice([None, 0, 60, 300, 2**31 - 1])


def _addresses(random_: random.Random, owner: str) -> tuple[Record, ...]:
    pool = V6 if random_.random() < 0.2 else V4
    some = random_.sample(pool, random_.randrange(1, 6))
    if random_.random() < 0.2:
        some.append(random_.choice(PRIVATE))
    return tuple(address(owner, text, _ttl(random_)) for text in some)


def _answer(random_: random.Random, at_s: float | None) -> Response:
    query = random_.choice(LABELS) + random_.choice(DOMAINS)
    qtype = random_.choice(["A", "AAAA", None])
    return Response(query, _addresses(random_, query), at_s, qtype)


def _chain(random_: random.Random, at_s: float | None) -> Response:
    query = "www." + random_.choice(DOMAINS)
    target = random_.choice(["e1.", "e2."]) + random_.choice([PROVIDER, "beta.example"])
    return Response(query, (alias(query, target), *_addresses(random_, target)), at_s)


def _delegation(random_: random.Random, at_s: float | None) -> Response:
    query = random_.choice(DOMAINS)
    records = list(_addresses(random_, query))
    for host in random_.sample(HOSTS, 2):
        section = random_.choice(["auth", "ans", "add"])
        records.append(name_server(query, host, _ttl(random_), section))
        if random_.random() < 0.7:
            records.append(glue(host, random_.choice((*V4, *V6, "10.0.0.1")), _ttl(random_)))
    return Response(query, tuple(records), at_s)


def _server(random_: random.Random, at_s: float | None) -> Response:
    query = random_.choice(HOSTS)
    return Response(query, _addresses(random_, query), at_s)


def _parked(random_: random.Random, at_s: float | None) -> Response:
    query = random_.choice(DOMAINS)
    return Response(query, (address(query, PARKING),), at_s)


def _nothing(random_: random.Random, at_s: float | None) -> Response:
    query = random_.choice(["gone.", ""]) + random_.choice((*DOMAINS, "never-there.org"))
    return Response(query, (), at_s, "A", random_.choice(["NXDOMAIN", "NOERROR", "SERVFAIL", None]))
