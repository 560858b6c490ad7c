"""The innocent part of a lab's internet: all that looks like fast flux, and all that does not."""

from collections.abc import Callable
from random import Random
from typing import Final

from unflux.lab.agents import HOUR_US
from unflux.lab.draft import Draft
from unflux.lab.naming import misspell
from unflux.lab.zones import (
    VANTAGES,
    Delegation,
    DrawnRecords,
    FixedRecords,
    Host,
    Records,
    Timeline,
    TimelineRecords,
    Vantage,
    Zone,
)
from unflux.model.verdicts import Kind

VOLUNTEERS: Final = 600
STATIC_SITES: Final = 200
PARKED_DOMAINS: Final = 60
SHARED_HOSTING_DOMAINS: Final = 40
SINKHOLED_DOMAINS: Final = 10
DYNAMIC_DNS_CUSTOMERS: Final = 12
ROUND_ROBIN_DOMAINS: Final = 5
WIKIS: Final = 3

STATIC_TTLS_S: Final = (3600, 3600, 7200, 14_400, 43_200, 86_400)


def add_pool(draft: Draft) -> None:
    """Add an NTP-style pool: four of some 600 volunteers per answer, TTL 150 s."""
    rng = draft.stream("pool")
    plan = draft.plan
    volunteers = plan.allocate_spread(rng, plan.of_kind("access"), VOLUNTEERS // 3)
    volunteers += plan.allocate_spread(rng, plan.of_kind("hosting"), VOLUNTEERS - len(volunteers))
    domain = "time.example"
    near: dict[Vantage, tuple[str, ...]] = {
        vantage: tuple(rng.sample(volunteers, VOLUNTEERS * 3 // 4)) for vantage in VANTAGES
    }
    names = [f"pool.{domain}", *(f"{number}.pool.{domain}" for number in range(4))]
    draft.add(
        Zone(
            apex=domain,
            delegation=draft.stable_delegation(rng, domain, plan.of_kind("hosting")[4:8], 4),
            hosts={
                name: {"A": DrawnRecords(150, near, 4, 150_000_000, f"{rng.random()}")}
                for name in names
            },
        ),
        "benign",
        "pool",
    )
    draft.demand.visits(lambda: rng.choice(names), 450, pause_s=300)


def add_peer_seed(draft: Draft) -> None:
    """Add the seed of a peer-to-peer network: 25 of 600 nodes per answer, TTL 60 s."""
    rng = draft.stream("peer seed")
    plan = draft.plan
    nodes = plan.allocate_spread(rng, plan.of_kind("access"), VOLUNTEERS * 2 // 3)
    nodes += plan.allocate_spread(rng, plan.of_kind("hosting"), VOLUNTEERS - len(nodes))
    domain = "coin.example"
    everywhere: dict[Vantage, tuple[str, ...]] = dict.fromkeys(VANTAGES, nodes)
    records = DrawnRecords(60, everywhere, 25, 60_000_000, f"{rng.random()}")
    draft.add(
        Zone(
            apex=domain,
            delegation=draft.stable_delegation(rng, domain, plan.of_kind("hosting")[9:11], 2),
            hosts={f"seed.{domain}": {"A": records}},
        ),
        "benign",
        "peer-seed",
    )
    draft.demand.visits(lambda: f"seed.{domain}", 170, per_visit=1.3)


def add_round_robins(draft: Draft) -> None:
    """Add sites of three to six fixed addresses in one or two networks."""
    rng = draft.stream("round robin")
    plan = draft.plan
    for number in range(ROUND_ROBIN_DOMAINS):
        networks = rng.sample(plan.of_kind("hosting"), 1 + number % 2)
        count = 6 if number < 2 else rng.randint(3, 5)
        blocks = [plan.allocate_block(rng, network, count) for network in networks]
        addresses = tuple(blocks[place % len(blocks)][place] for place in range(count))
        domain = draft.namer.plain()
        host: Host = {"A": FixedRecords(rng.choice((300, 600)), addresses)}
        _add_site(draft, domain, draft.hosted_by(networks[0]), host, "round-robin")
        draft.demand.visits(_www(rng, domain), 45, aaaa_ratio=0.2)


def add_dynamic_dns(draft: Draft) -> None:
    """Add homes whose one address is replaced every 24 h by another of the same network."""
    rng = draft.stream("dynamic dns")
    plan = draft.plan
    delegation = draft.stable_delegation(rng, "homename.example", plan.of_kind("hosting")[12:14], 3)
    for _ in range(DYNAMIC_DNS_CUSTOMERS):
        network = rng.choice(plan.of_kind("access"))
        first_us = draft.demand.start_us - int(rng.random() * 24 * HOUR_US)
        starts = tuple(range(first_us, draft.demand.end_us, 24 * HOUR_US))
        timeline = Timeline(starts, tuple((plan.allocate(rng, network),) for _ in starts))
        domain = draft.namer.pronounceable()
        host: Host = {"A": TimelineRecords(60, timeline)}
        zone = Zone(apex=domain, delegation=delegation, hosts={domain: host}, negative_ttl_s=60)
        draft.add(zone, "benign", "dynamic-dns")
        draft.demand.poll(domain, every_min=240, vantage=rng.choice(VANTAGES))
        draft.demand.visits(_always(domain), 8)


def add_parked_names(draft: Draft) -> None:
    """Add 60 parked domains on two addresses."""
    rng = draft.stream("parking")
    network = draft.plan.of_kind("content")[7]
    delegation = draft.stable_delegation(rng, "parked-names.example", (network,), 2)
    addresses = draft.plan.allocate_block(rng, network, 2)
    for number in range(PARKED_DOMAINS):
        domain = draft.namer.plain() if number % 3 else draft.namer.generated()
        host: Host = {"A": FixedRecords(600, (rng.choice(addresses),))}
        zone = Zone(apex=domain, delegation=delegation, hosts={domain: host}, wildcard=host)
        draft.add(zone, "benign", "parking")
        draft.demand.visits(_www(rng, domain), rng.randint(2, 4), per_visit=1.2)


def add_sinkhole(draft: Draft) -> None:
    """Add ten seized domains of a dead botnet, all answered with one address."""
    rng = draft.stream("sinkhole")
    network = draft.plan.of_kind("content")[6]
    delegation = draft.stable_delegation(rng, "sinkhole-watch.example", (network,), 2)
    host: Host = {"A": FixedRecords(300, (draft.plan.allocate(rng, network),))}
    for _ in range(SINKHOLED_DOMAINS):
        domain = draft.namer.generated()
        zone = Zone(apex=domain, delegation=delegation, hosts={domain: host}, wildcard=host)
        draft.add(zone, "benign", "sinkhole")
        draft.demand.visits(_always(domain), 8, per_visit=1.4, pause_s=900)


def add_shared_hosting(draft: Draft) -> None:
    """Add 40 small sites on three addresses of one hosting company."""
    rng = draft.stream("shared hosting")
    network = draft.plan.of_kind("hosting")[0]
    addresses = draft.plan.allocate_block(rng, network, 3)
    for _ in range(SHARED_HOSTING_DOMAINS):
        domain = draft.namer.plain()
        host: Host = {"A": FixedRecords(3600, (rng.choice(addresses),))}
        _add_site(draft, domain, draft.hosted_by(network), host, "static")
        draft.demand.visits(_www(rng, domain), rng.randint(4, 8), aaaa_ratio=0.2)


def add_static_sites(draft: Draft) -> None:
    """Add some 200 plain sites, the better known ones asked more, with AAAA questions and typos."""
    rng = draft.stream("static")
    plan = draft.plan
    for rank in range(1, STATIC_SITES + 1):
        network = rng.choice(plan.of_kind("hosting"))
        host = _site_host(draft, rng, rng.choice(STATIC_TTLS_S), has_ipv6=rng.random() < 0.25)
        domain = draft.namer.plain()
        _add_site(draft, domain, draft.hosted_by(network), host, "static")
        visit_count = max(3, round(100 / rank**0.8))
        draft.demand.visits(_www(rng, domain), visit_count, aaaa_ratio=0.3)
        if rank % 8 == 0:
            draft.demand.visits(_always(misspell(rng, f"www.{domain}")), 1)
        if rank % 10 == 0:
            typo = misspell(rng, domain)
            if typo not in draft.truth:
                draft.truth[typo] = ("benign", "unknown")
                draft.demand.visits(_always(f"www.{typo}"), 1)


def add_migrating_site(draft: Draft) -> None:
    """Add a site that moves once from one hosting company to another."""
    rng = draft.stream("migration")
    old, new = rng.sample(draft.plan.of_kind("hosting"), 2)
    start_us, end_us = draft.demand.start_us, draft.demand.end_us
    timeline = Timeline(
        (start_us, start_us + (end_us - start_us) * 2 // 5),
        ((draft.plan.allocate(rng, old),), (draft.plan.allocate(rng, new),)),
    )
    domain = draft.namer.plain()
    host: Host = {"A": TimelineRecords(3600, timeline)}
    _add_site(draft, domain, draft.hosted_by(old), host, "static")
    draft.demand.visits(_www(rng, domain), 60)


def add_wikis(draft: Draft) -> None:
    """Add wikis that most clients ask for over both address families."""
    rng = draft.stream("wikis")
    for _ in range(WIKIS):
        network = rng.choice(draft.plan.of_kind("hosting"))
        host = _site_host(draft, rng, 600, has_ipv6=True)
        domain = f"{draft.namer.plain().removesuffix('.example')}-wiki.example"
        _add_site(draft, domain, draft.hosted_by(network), host, "static")
        draft.demand.visits(_www(rng, domain), 45, aaaa_ratio=0.9)


def add_parents(draft: Draft) -> None:
    """Add the top level zones: they deny the names that nobody has."""
    rng = draft.stream("parents")
    network = draft.plan.of_kind("content")[6]
    delegation = draft.stable_delegation(rng, "registry.example", (network,), 2)
    for tld in ("example", "test", "invalid"):
        draft.add_unasked(Zone(apex=tld, delegation=delegation))


def _site_host(draft: Draft, rng: Random, ttl_s: int, *, has_ipv6: bool) -> Host:
    network = rng.choice(draft.plan.of_kind("hosting"))
    host: dict[str, Records] = {
        "A": FixedRecords(ttl_s, (draft.plan.allocate(rng, network),)),
    }
    if has_ipv6:
        host["AAAA"] = FixedRecords(ttl_s, (draft.plan.allocate6(rng, network),))
    return host


def _add_site(draft: Draft, domain: str, delegation: Delegation, host: Host, kind: Kind) -> None:
    hosts = {domain: host, f"www.{domain}": host}
    draft.add(Zone(apex=domain, delegation=delegation, hosts=hosts), "benign", kind)


def _www(rng: Random, domain: str) -> Callable[[], str]:
    return lambda: f"www.{domain}" if rng.random() < 0.7 else domain


def _always(name: str) -> Callable[[], str]:
    return lambda: name
