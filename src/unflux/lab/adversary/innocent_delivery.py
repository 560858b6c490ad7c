"""Content delivery that looks like flux: by CNAME, without, inside access networks, anycast."""

from typing import Final

from unflux.lab.adversary.asking import VANTAGES
from unflux.lab.adversary.population import Holder
from unflux.lab.adversary.scene import Family
from unflux.lab.demand import DAY_US
from unflux.lab.zones import Delegation, DrawnRecords, FixedRecords, Host, Records, Vantage, Zone

EDGE_TTLS_S: Final = (20, 20, 20, 30, 60, 300)
"""A day of an office's DNS (M57, 2009): half of its CDN names have TTL 20, the others to 300."""

NEAR_SIZES: Final = ((2, 4), (2, 4), (4, 40))
"""Addresses that a vantage is told of a customer in the end: in M57 1 to 25, 2 in the median, in
one /16 three times of four and in three networks at most."""


def draw_edges(
    family: Family, holders: list[Holder], *, is_embedded: bool
) -> dict[Vantage, tuple[str, ...]]:
    """Return the servers near each vantage: racks of the provider, or caches inside the access
    networks around it (Akamai: 150,000 servers in 1,200 networks).
    """
    rng, edges = family.rng, dict[Vantage, tuple[str, ...]]()
    for vantage in VANTAGES:
        places = [rng.choice(holders)]
        if is_embedded:
            places = rng.sample(family.scene.near[vantage], 1 + (rng.random() < 0.3))
        if rng.random() < 0.3:
            places.append(rng.choice(holders))
        edges[vantage] = tuple(
            address
            for place in places
            for address in family.population.block(rng, place, rng.randint(8, 40))
        )
    return edges


def draw_mapping(family: Family, edges: dict[Vantage, tuple[str, ...]]) -> Records:
    """Return a customer's records: few of the servers near a vantage, drawn anew each TTL."""
    rng = family.rng
    size = family.log_integer(*rng.choice(NEAR_SIZES))
    near: dict[Vantage, tuple[str, ...]] = {}
    for vantage, servers in edges.items():
        # Neighbours in the provider's list: most often one rack.
        first = rng.randrange(max(1, len(servers) - size + 1))
        near[vantage] = servers[first : first + size]
    ttl_s = rng.choice(EDGE_TTLS_S)
    count = min(rng.choice((1, 2, 2, 2, 4, 8)), *(len(servers) for servers in near.values()))
    return DrawnRecords(ttl_s, near, count, ttl_s * 1_000_000, f"{family.name}/{rng.random()}")


def _provider(
    family: Family, *, has_own_records: bool = False
) -> tuple[list[Holder], str, Delegation]:
    """Return a provider's networks, its domain and its name servers."""
    holders = family.population.pick(family.rng, "content", family.rng.randint(1, 3))
    domain = family.domain() if has_own_records else family.server_domain()
    return holders, domain, family.own_servers(domain, holders, family.rng.randint(4, 8))


def add_cdn_by_cname(family: Family) -> None:
    """Customers whose www leads by CNAME into the provider's zone; half the providers sit inside
    access networks, too.
    """
    rng = family.rng
    holders, provider, servers = _provider(family, has_own_records=True)
    edges = draw_edges(family, holders, is_embedded=family.number % 2 == 1)
    hosts: dict[str, Host] = {}
    family.scene.add(Zone(apex=provider, delegation=servers, hosts=hosts))
    for _ in range(family.count(6, 60)):
        domain = family.domain()
        target = f"e{rng.randrange(100, 99_999)}.g.{provider}"
        hosts[target] = {"A": draw_mapping(family, edges)}
        alias = target
        if rng.random() < 0.5:
            alias = f"{domain.split('.', 1)[0]}.{provider}"
            hosts[alias] = {"CNAME": FixedRecords(rng.choice((300, 3600)), (target,))}
        hoster = family.population.pick(rng, "hosting", 1)[0]
        apex: Host = {"A": FixedRecords(3600, (family.population.address(rng, hoster),))}
        www: Host = {"CNAME": FixedRecords(rng.choice((300, 1800, 3600)), (alias,))}
        family.add_site(domain, apex, family.any_provider(), others={f"www.{domain}": www})
        family.visit(domain, family.log_integer(1, 80), apex_ratio=0.1)


def add_cdn_without_cname(family: Family) -> None:
    """Customers whose own apex is answered by the provider, other for each vantage, TTL short."""
    holders, _, servers = _provider(family)
    edges = draw_edges(family, holders, is_embedded=family.number % 2 == 1)
    for _ in range(family.count(5, 40)):
        domain = family.domain()
        family.add_site(domain, {"A": draw_mapping(family, edges)}, servers)
        family.visit(domain, family.log_integer(1, 120))


def add_cdn_anycast(family: Family) -> None:
    """Customers whose apex lies on two or three anycast addresses of the provider, the same
    everywhere, over both protocols.
    """
    rng = family.rng
    holders, _, servers = _provider(family)
    for _ in range(family.count(5, 40)):
        addresses = tuple(family.population.address(rng, holders[0]) for _ in range(2))
        host: Host = {
            "A": FixedRecords(300, addresses),
            "AAAA": FixedRecords(300, (family.population.address6(rng, holders[0]),)),
        }
        domain = family.domain()
        family.add_site(domain, host, servers)
        family.visit(domain, family.log_integer(1, 80))


def add_young_popular(family: Family) -> None:
    """A name that nobody knew last week and everybody asks for now, behind a CDN."""
    rng = family.rng
    holders, _, servers = _provider(family)
    edges = draw_edges(family, holders, is_embedded=True)
    for _ in range(family.count(1, 4)):
        domain = family.domain()
        family.add_site(domain, {"A": draw_mapping(family, edges)}, servers)
        born_us = family.start_us + int(rng.uniform(5, 25) * DAY_US)
        family.scene.asking.visits(
            rng,
            domain,
            family.log_integer(200, 800),
            begin_us=born_us,
            end_us=min(family.end_us, born_us + 2 * DAY_US),
        )


def add_blog_platform(family: Family) -> None:
    """Blogs that all have six addresses in three networks (WordPress.com 2009: TTL 300)."""
    rng = family.rng
    holders, _, servers = _provider(family)
    more = family.population.pick(rng, "hosting", 2)
    places = [*holders, *more][:3]
    addresses = tuple(
        address for place in places for address in family.population.block(rng, place, 2)
    )
    for _ in range(family.count(8, 40)):
        domain = family.domain()
        family.add_site(domain, {"A": FixedRecords(300, addresses)}, servers)
        family.visit(domain, family.log_integer(1, 20))


def add_front_ends(family: Family) -> None:
    """A store of files behind thousands of front ends of one or two cloud networks.

    In five years of records two S3 names show some 7,700 addresses each in two or three ASNs.
    """
    rng = family.rng
    clouds = [
        family.population.region(rng, cloud, rng.randint(1, 4))
        for cloud in family.population.pick(rng, "cloud", rng.randint(1, 3))
    ]
    racks = family.log_integer(60, 300)
    fronts = tuple(
        address
        for _ in range(racks)
        for address in family.population.block(rng, rng.choice(clouds), rng.randint(10, 60))
    )
    everywhere: dict[Vantage, tuple[str, ...]] = dict.fromkeys(VANTAGES, fronts)
    domain = family.domain()
    records = DrawnRecords(5, everywhere, rng.choice((1, 4, 8)), 5_000_000, f"{rng.random()}")
    servers = family.own_servers(domain, clouds, 4)
    family.add_site(domain, {"A": records}, servers)
    family.watch(domain, days=(26, 28), every_min=(80, 130))
    if family.number % 2:
        family.forget_ttl(domain)
