"""What every measurement should give, in plain Python from the raw responses."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import ibis.expr.types as ir
from tests.measure.internet_of_rows import (
    Response,
    Route,
    Routes,
    by_domain,
    differences,
    open_records,
    random_internet,
    roll,
    seeds,
)

from unflux.engine.connection import Engine
from unflux.measure.provider_lists import load_zones
from unflux.measure.providers import LABELS_ABOVE, SINKHOLE_WORDS
from unflux.measure.records import Records, observe
from unflux.measure.words import POOL_WORDS, SEED_WORDS
from unflux.model.addresses import is_special_use, prefixes
from unflux.model.names import registrable_domain

ZONE_USES = {row["zone"]: row["use"] for row in load_zones().to_pylist()}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Measured = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Seen:
    """One address record in one response."""

    response: int
    role: str
    domain: str
    host: str
    address: str
    bucket: int | None
    ts_us: int | None
    ttl_s: int | None


@dataclass
class World:
    """Responses and routes; ``group_of`` renames domains and leaves out the rest."""

    responses: Sequence[Response]
    routes: Routes
    group_of: Mapping[str, str] | None = None
    seen: list[Seen] = field(init=False)

    def __post_init__(self) -> None:
        times = [r.ts_us for r in self.responses if r.ts_us is not None]
        is_long = bool(times) and max(times) - min(times) > 86_400_000_000
        self.width_us = (3600 if is_long else 300) * 1_000_000
        self.delegated = {
            (domain, rdata)
            for r in self.responses
            for owner, rrtype, rdata, _, _ in r.records
            if rrtype == "NS" and (domain := self.owner(owner)) is not None
        }
        self.seen = [
            seen for n, r in enumerate(self.responses) for seen in self._address_records(n, r)
        ]
        self.answers = [seen for seen in self.seen if seen.role == "answer"]

    def bucket(self, response: Response) -> int | None:
        ts_us = response.ts_us
        return None if ts_us is None else ts_us // self.width_us * self.width_us // 1_000_000

    def owner(self, name: str) -> str | None:
        """The domain, or group, that owns a name; null where it is left out."""
        domain = registrable_domain(name)
        return domain if self.group_of is None else self.group_of.get(domain)

    def asker(self, name: str) -> str:
        """The domain of a query that leads somewhere; outsiders keep their name."""
        return self.owner(name) or registrable_domain(name)

    def route(self, address: str) -> Route:
        return self.routes.get(address, Route())

    def is_place(self, address: str) -> bool:
        return not is_special_use(address) or self.route(address).is_user_mapped

    def _address_records(self, number: int, response: Response) -> Iterable[Seen]:
        hosts = {host for _, host in self.delegated}
        for owner, rrtype, rdata, ttl_s, section in response.records:
            if rrtype not in {"A", "AAAA"} or section == "auth":
                continue
            role, domain = ("answer" if section == "ans" else "glue"), self.owner(owner)
            if role == "answer" and domain is None:
                if owner not in hosts:
                    continue
                role = "glue"
            yield Seen(
                number, role, domain or registrable_domain(owner), owner, rdata,
                self.bucket(response), response.ts_us, ttl_s,
            )  # fmt: skip


def rounded(value: float) -> float:
    """Round half up to six digits, as the engines do."""
    return math.floor(value * 1e6 + 0.5) / 1e6


def moment(ts_us: int | None) -> datetime | None:
    return None if ts_us is None else EPOCH + timedelta(microseconds=ts_us)


def spread(world: World) -> Measured:
    measured = {}
    for domain, rows in _grouped(world.answers, lambda s: s.domain).items():
        addresses = {s.address for s in rows}
        places = {a for a in addresses if world.is_place(a)}
        hosts = _grouped(rows, lambda s: s.host)
        of_host = {host: {s.address for s in some} for host, some in hosts.items()}
        times = [s.ts_us for s in rows if s.ts_us is not None]
        ttls = [s.ttl_s for s in rows if s.ttl_s is not None]
        measured[domain] = {
            "addresses": len(addresses),
            "special_use_addresses": len(addresses - places),
            "unmapped_addresses": sum(world.route(a).asn is None for a in places),
            "hosts": len(hosts),
            "host_addresses_max": max(len(some) for some in of_host.values()),
            "host_slash16_max": max(len(_slash16(some & places)) for some in of_host.values())
            or None,
            "host_asns_max": max(len(_asns(world, some & places)) for some in of_host.values())
            or None,
            "mixing": rounded(sum(len(some) for some in of_host.values()) / len(addresses)),
            "first_at": moment(min(times, default=None)),
            "last_at": moment(max(times, default=None)),
            "ttl_min_s": min(ttls, default=None),
            "ttl_max_s": max(ttls, default=None),
            "buckets": len({s.bucket for s in rows}),
            "slash24": len({prefixes(a)[0] for a in places}) or None,
            "slash16": len(_slash16(places)) or None,
            "asns": len(_asns(world, places)) or None,
            "countries": len({world.route(a).country for a in places} - {None}) or None,
        }
    return measured


def _family(sight: Seen) -> bool:
    return ":" in sight.address


def newcomers(world: World) -> Measured:
    measured = {}
    dated = [s for s in world.answers if s.ts_us is not None]
    for domain, rows in _grouped(dated, lambda s: s.domain).items():
        first_s, last_s = _bounds(rows)
        family = {v: _bounds(some) for v, some in _grouped(rows, _family).items()}
        firsts = {a: _bounds(some)[0] for a, some in _grouped(rows, lambda s: s.address).items()}
        new, late = [], []
        for address, seen_s in firsts.items():
            family_first_s, family_last_s = family[":" in address]
            if seen_s - family_first_s > 300:
                new.append(address)
                if seen_s * 2 > family_first_s + family_last_s:
                    late.append(address)
        buckets = {a: {s.bucket for s in rows if s.address == a} for a in firsts}
        incidences = sum(len(some) for some in buckets.values())
        once = sum(len(some) == 1 for some in buckets.values())
        span_s = last_s - first_s
        measured[domain] = {
            "newcomers": len(new),
            "late_newcomers": len(late),
            "span_s": span_s,
            "late_ratio": rounded(len(late) / len(firsts)) if span_s else None,
            "stranger_ratio": rounded(once / incidences) if span_s else None,
            "newcomers_per_hour": rounded(len(new) * 3600 / span_s) if span_s else None,
        }
    return measured


def place_arrivals(world: World) -> Measured:
    measured = {}
    dated = [s for s in world.answers if s.ts_us is not None]
    for domain, rows in _grouped(dated, lambda s: s.domain).items():
        family = {v: _bounds(some)[0] for v, some in _grouped(rows, _family).items()}
        arrived: dict[str, int | None] = {}
        for name, place_of in (
            ("newcomer_asns", lambda s: world.route(s.address).asn),
            ("newcomer_slash16", lambda s: prefixes(s.address)[1]),
        ):
            reachable = [s for s in rows if world.is_place(s.address)]
            places = _grouped(reachable, place_of)
            places.pop(None, None)
            delays = [
                min(_bounds(same)[0] - family[v] for v, same in _grouped(some, _family).items())
                for some in places.values()
            ]
            arrived[name] = sum(delay > 300 for delay in delays) if delays else None
        measured[domain] = arrived
    return measured


def succession(world: World) -> Measured:
    followed: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    dated = [s for s in world.answers if s.bucket is not None]
    names = _grouped(dated, lambda s: (s.domain, s.host, ":" in s.address))
    for (domain, host, is_v6), some in names.items():
        if len({s.address for s in some}) < 3:
            continue
        shown = []
        for _, row in sorted(_grouped(some, lambda s: s.bucket).items()):
            last_us = max(s.ts_us for s in row)
            shown.append(min(s.address for s in row if s.ts_us == last_us))
        buckets = {s.bucket for s in some}
        looks, steps = len(shown), len(shown) - 1
        changes = sum(before != after for before, after in pairwise(shown))
        alike = sum(count * (count - 1) for count in Counter(shown).values())
        found = {
            "succession_steps": steps,
            "succession_changes": changes,
            "succession_addresses": len(set(shown)),
            "succession_draw_ratio": rounded(1 - alike / (looks * steps)) if steps else None,
            "succession_s": max(buckets) - min(buckets),
        }
        followed[domain].append((-changes, -steps, host, is_v6, found))
    return {domain: min(some, key=lambda row: row[:4])[4] for domain, some in followed.items()}


def turnover(world: World) -> Measured:
    reached: dict[tuple[int | None, str], dict[str, set[str]]] = defaultdict(
        lambda: defaultdict(set)
    )
    for s in world.answers:
        response = world.responses[s.response]
        reached[s.bucket, response.query][s.domain].add(s.address)
    sets: dict[str, dict[frozenset[str], int]] = defaultdict(lambda: defaultdict(int))
    widths: dict[str, dict[frozenset[str], list[int]]] = defaultdict(lambda: defaultdict(list))
    for response in world.responses:
        found = frozenset(
            rdata
            for _, rrtype, rdata, _, section in response.records
            if rrtype in {"A", "AAAA"} and section == "ans"
        )
        if found:
            for domain, shown in reached[world.bucket(response), response.query].items():
                sets[domain][found] += 1
                widths[domain][found].append(len(shown))
    measured = {}
    for domain, counted in sets.items():
        queries = {query for (_, query), domains in reached.items() if domain in domains}
        lookups = sum(counted.values())
        own = {some: max(widest) for some, widest in widths[domain].items()}
        slash24s = [min(len({prefixes(a)[0] for a in some}), own[some]) for some in counted]
        slash16s = {some: min(len(_slash16(some)), own[some]) for some in counted}
        slash16 = sum(slash16s[some] * count for some, count in counted.items())
        measured[domain] = {
            "lookups": lookups,
            "answer_sets": len(counted),
            "set_addresses_max": max(min(len(some), own[some]) for some in counted),
            "set_slash24_max": max(slash24s),
            "set_slash16_max": max(slash16s.values()),
            "set_slash16_mean": rounded(slash16 / lookups),
            "queries": len(queries),
            "query_domains": len({world.asker(query) for query in queries}),
        }
    return measured


def name_servers(world: World) -> Measured:
    of_host = _host_addresses(world)
    hosts_of = _pairs(world.delegated)
    served = _pairs((host, domain) for domain, host in world.delegated)
    measured = {}
    for domain, hosts in hosts_of.items():
        addresses = set().union(*(of_host.get(host, set()) for host in hosts))
        shown = [of_host[host] for host in hosts if of_host.get(host)]
        moved = [late for host in hosts if (late := _late_places(world, host)) is not None]
        measured[domain] = {
            "ns_hosts": len(hosts),
            "ns_addresses": len(addresses) or None,
            "ns_slash16": len(_slash16(addresses)) or None,
            "ns_asns": len(_asns(world, addresses)) or None,
            "ns_host_addresses_max": max((len(some) for some in shown), default=None),
            "ns_host_slash16_max": max((len(_slash16(some)) for some in shown), default=None),
            "ns_host_late_slash16_max": max(moved, default=None),
            "ns_late_slash16": sum(late for late in moved if late >= 2) if moved else None,
            "ns_served_max": max(len(served[host]) for host in hosts),
        }
    return measured


def overlap(world: World) -> Measured:
    of_host = _host_addresses(world)
    named = {host for _, host in world.delegated}
    fronts = _pairs((s.domain, s.address) for s in world.answers if s.host not in named)
    measured = {}
    for domain, hosts in _pairs(world.delegated).items():
        servers = set().union(*(of_host.get(host, set()) for host in hosts))
        both = servers & fronts.get(domain, set())
        if both:
            measured[domain] = {"overlap": len(both), "overlap_slash16": len(_slash16(both))}
    return measured


def tenancy(world: World) -> Measured:
    tenants = _pairs((s.address, s.domain) for s in world.answers)
    measured = {}
    for domain, addresses in _pairs((s.domain, s.address) for s in world.answers).items():
        counts = [len(tenants[a]) for a in addresses]
        measured[domain] = {
            "tenants_min": min(counts),
            "tenants_max": max(counts),
            "tenants_mean": rounded(sum(counts) / len(counts)),
        }
    return measured


def providers(world: World) -> Measured:
    measured: Measured = {}
    for domain, addresses in _pairs((s.domain, s.address) for s in world.answers).items():
        uses = Counter(world.route(a).provider_use for a in addresses)
        if not set(uses) - {None}:
            continue
        named: Counter[tuple[str, str]] = Counter()
        for route in map(world.route, addresses):
            if route.provider_use is not None and route.provider is not None:
                named[route.provider_use, route.provider] += 1
        most = sorted(named, key=lambda key: (key[0], -named[key], key[1]))
        counts = {f"{u}_addresses": uses[u] for u in ("cdn", "cloud", "parking", "sinkhole")}
        measured[domain] = counts | {"provider": most[0][1] if most else None}
    return measured


def provider_servers(world: World) -> Measured:
    measured: Measured = {}
    for domain, hosts in _pairs(world.delegated).items():
        uses = [
            {use for _, use in _zones_above(host)}
            | ({"sinkhole"} if re.search(SINKHOLE_WORDS, host) else set())
            for host in hosts
        ]
        measured[domain] = {
            "ns_provider_hosts": sum("name-service" in found for found in uses),
            "ns_parking_hosts": sum("parking" in found for found in uses),
            "ns_sinkhole_hosts": sum("sinkhole" in found for found in uses),
        }
    return measured


def provider_zones(world: World) -> Measured:
    measured: Measured = {}
    for domain in {s.domain for s in world.answers}:
        found = [(n, use) for n, use in _zones_above(domain) if use in {"cdn", "dynamic-dns"}]
        if found:
            measured[domain] = {
                "zone_use": min((use for n, use in found if n == 0), default=None),
                "suffix_use": min((use for n, use in found if n > 0), default=None),
            }
    return measured


def _zones_above(name: str) -> list[tuple[int, str]]:
    labels = name.split(".")
    above = ((n, ".".join(labels[n:])) for n in range(min(len(labels), LABELS_ABOVE + 1)))
    return [(n, ZONE_USES[zone]) for n, zone in above if zone in ZONE_USES]


def asked(world: World) -> Measured:
    measured: Measured = {}
    for domain, some in _grouped(world.responses, lambda r: world.owner(r.query)).items():
        if domain is None:
            continue
        times = [r.ts_us for r in some if r.ts_us is not None]
        measured[domain] = {
            "names": len({r.query for r in some}),
            "responses": len(some),
            "nxdomain": sum(r.rcode == "NXDOMAIN" for r in some),
            "asked_first_at": moment(min(times, default=None)),
            "asked_last_at": moment(max(times, default=None)),
            "pool_names": _count_names(POOL_WORDS, some),
            "seed_names": _count_names(SEED_WORDS, some),
        }
    return measured


def aliases(world: World) -> dict[tuple[str, str], int]:
    held: dict[tuple[Any, ...], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    led: dict[tuple[Any, ...], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for s in world.answers:
        query = world.responses[s.response].query
        if registrable_domain(query) != registrable_domain(s.host):
            held[s.bucket, query, s.host][s.address].add(s.response)
    for number, response in enumerate(world.responses):
        for owner, rrtype, rdata, _, section in response.records:
            if rrtype == "CNAME" and section == "ans":
                led[world.bucket(response), response.query, rdata][owner].add(number)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for key, addresses in held.items():
        _, query, host = key
        most = max(map(len, (led.get(key) or addresses).values()))
        records = sum(map(len, addresses.values()))
        counts[registrable_domain(query), registrable_domain(host)] += min(most, records)
    return dict(counts)


def profiles(world: World) -> Measured:
    """Every measurement, joined; counts of nothing are left out."""
    parts = [
        asked(world), spread(world), newcomers(world), place_arrivals(world), succession(world),
        turnover(world), name_servers(world), overlap(world), tenancy(world),
        providers(world), provider_servers(world), provider_zones(world),
    ]  # fmt: skip
    return {
        domain: {"domain": domain}
        | {k: v for part in parts for k, v in part.get(domain, {}).items()}
        for domain in parts[0].keys() | parts[1].keys()
    }


def _count_names(pattern: str, responses: Iterable[Response]) -> int:
    return sum(re.search(pattern, name) is not None for name in {r.query for r in responses})


def _host_addresses(world: World) -> dict[str, set[str]]:
    hosts = {host for _, host in world.delegated}
    return _pairs(
        (s.host, s.address) for s in world.seen if s.host in hosts and world.is_place(s.address)
    )


def _late_places(world: World, host: str) -> int | None:
    rows = [s for s in world.seen if s.host == host and world.is_place(s.address)]
    dated = [s for s in rows if s.ts_us is not None]
    if not dated:
        return None
    first_s, last_s = _bounds(dated)
    firsts = [_bounds(some)[0] for some in _grouped(dated, _place).values()]
    if last_s - first_s <= 300:
        return None
    return sum(f - first_s > 300 and f * 2 > first_s + last_s for f in firsts)


def _place(seen: Seen) -> str:
    return prefixes(seen.address)[1]


def _slash16(addresses: Iterable[str]) -> set[str]:
    return {prefixes(a)[1] for a in addresses}


def _asns(world: World, addresses: Iterable[str]) -> set[int]:
    return {asn for a in addresses if (asn := world.route(a).asn) is not None}


def _bounds(rows: Iterable[Seen]) -> tuple[int, int]:
    seconds = [s.ts_us // 1_000_000 for s in rows if s.ts_us is not None]
    return min(seconds), max(seconds)


def _pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    grouped = defaultdict(set)
    for key, value in pairs:
        grouped[key].add(value)
    return dict(grouped)


def _grouped(rows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    grouped = defaultdict(list)
    for row in rows:
        grouped[key(row)].append(row)
    return dict(grouped)


def assert_measures(
    engine: Engine,
    measure: Callable[[Records, ir.Table], ir.Table],
    expected: Callable[[World], Measured],
    *,
    many: int = 6,
) -> None:
    """Assert that a measurement of random internets gives what plain Python counts."""
    for seed in seeds(engine, many):
        responses, routes = random_internet(seed)
        records = open_records(engine, roll(responses), routes)
        found = by_domain(engine, measure(records, observe(records)))
        assert differences(found, expected(World(responses, routes))) == [], seed


def measure_rows(
    engine: Engine,
    measure: Callable[[Records, ir.Table], ir.Table],
    responses: Sequence[Response],
    routes: Routes | None = None,
) -> Measured:
    """Measure hand-written responses; rows by domain."""
    records = open_records(engine, roll(responses), routes or {})
    return by_domain(engine, measure(records, observe(records)))
