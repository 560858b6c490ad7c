"""Flux that hides in its answers: as a CDN, in one place, behind decoys, for each vantage other."""

from dataclasses import replace
from typing import Final

from unflux.lab.adversary.answers import FreshRecords, NearRecords
from unflux.lab.adversary.asking import VANTAGES
from unflux.lab.adversary.flux import (
    add_flux_domain,
    bulletproof_servers,
    campaign,
    draw_homes,
    draw_rhythm,
    draw_shape,
    each_domain,
    fluxing_servers,
    raise_herd,
)
from unflux.lab.adversary.flux_classic import online_timeline, rotating_host
from unflux.lab.adversary.herd import Rhythm, rotate
from unflux.lab.adversary.scene import Family
from unflux.lab.agents import HOUR_US
from unflux.lab.demand import DAY_US
from unflux.lab.zones import (
    DrawnRecords,
    FixedRecords,
    Host,
    Timeline,
    TimelineRecords,
    Vantage,
    Zone,
)

CDN_TTLS_S: Final = (20, 30, 60)
"""What Akamai-like providers answer with (SCIENCE: TTL 20, two addresses)."""


def add_cdn_mimicry(family: Family) -> None:
    """A CNAME into a zone of the operator's own, short TTL, two to four neighbours of the herd."""
    rng = family.rng
    herd = raise_herd(family, draw_shape(family), draw_homes(family))
    edge = family.domain()
    hosts: dict[str, Host] = {}
    family.scene.add(Zone(apex=edge, delegation=bulletproof_servers(family), hosts=hosts))
    for number in range(family.count(4, 25)):
        rhythm = Rhythm(
            set_size=rng.randint(2, 4),
            stay_min=family.log_between(0.5, 5),
            stay_spread=0.3,
            carried_ratio=0.0,
            is_sorted_run=rng.random() < 0.7,
        )
        timeline = rotate(herd, rng, rhythm, start_us=family.start_us, end_us=family.day_end_us)
        target = f"e{rng.randrange(100, 99_999)}.g.{edge}"
        hosts[target] = {"A": TimelineRecords(rng.choice(CDN_TTLS_S), timeline)}
        host: Host = {"CNAME": FixedRecords(rng.choice((300, 3600)), (target,))}
        domain = add_flux_domain(family, host, family.any_provider())
        campaign(family, domain, lookups=(10, 150), is_persistent=number == 0)


def add_sorted_pool(family: Family) -> None:
    """Answers are runs of the sorted herd, so that they look like somebody's block (Holz)."""
    rng = family.rng
    homes = family.population.pick(rng, "access", rng.randint(3, 12))
    herd = raise_herd(family, draw_shape(family, (300, 2500)), homes)
    rhythm = replace(draw_rhythm(family, (2, 8)), is_sorted_run=True)
    timeline = rotate(herd, rng, rhythm, start_us=family.start_us, end_us=family.day_end_us)
    host: Host = {"A": TimelineRecords(rng.choice((30, 60, 180, 300)), timeline)}
    servers = bulletproof_servers(family)
    each_domain(family, 3, 15, lambda: add_flux_domain(family, host, servers))


def add_one_asn(family: Family) -> None:
    """All agents at one access provider, one of the thirty largest."""
    rng = family.rng
    holder = rng.choice(family.population.of_kind("access")[:30])
    herd = raise_herd(family, draw_shape(family), [holder])
    host = rotating_host(family, herd, (2, 8))
    servers = (
        fluxing_servers(family, herd) if rng.random() < 0.4 else (bulletproof_servers(family),)
    )
    each_domain(family, 3, 15, lambda: add_flux_domain(family, host, rng.choice(servers)))


def add_one_country(family: Family) -> None:
    """Five of six agents in one country, as Dark Cloud (77 to 84 % in one)."""
    rng = family.rng
    access = family.population.of_kind("access")
    land = rng.choice(access[:40]).country
    inside = [holder for holder in access if holder.country == land]
    total = sum(holder.weight for holder in inside)
    outside = family.population.pick(rng, "access", 15)
    share = sum(holder.weight for holder in outside) * rng.uniform(3.3, 5.3) / total
    homes = [replace(holder, weight=holder.weight * share) for holder in inside]
    herd = raise_herd(family, draw_shape(family), [*homes, *outside])
    host, servers = rotating_host(family, herd), fluxing_servers(family, herd)
    each_domain(family, 3, 12, lambda: add_flux_domain(family, host, rng.choice(servers)))


def add_one_slash24(family: Family) -> None:
    """All agents in one /24 of a hoster, changed fast."""
    rng = family.rng
    hoster = rng.choice(family.population.of_kind("hosting"))
    block = family.population.block(rng, hoster, rng.randint(24, 200))
    everywhere: dict[Vantage, tuple[str, ...]] = dict.fromkeys(VANTAGES, block)
    count, refresh_s = rng.randint(1, 4), family.log_integer(60, 600)
    records = DrawnRecords(
        rng.choice((0, 30, 60, 120)), everywhere, count, refresh_s * 1_000_000, f"{rng.random()}"
    )
    servers = bulletproof_servers(family)
    each_domain(family, 2, 8, lambda: add_flux_domain(family, {"A": records}, servers))


def add_cloud_flux(family: Family) -> None:
    """Agents are rented servers of many hosters: no home lines, hardly off line."""
    rng = family.rng
    hosters = family.population.pick(rng, "hosting", rng.randint(8, 30))
    shape = replace(draw_shape(family, (60, 400)), online_h=48.0, offline_h=2.0, readdress_ratio=1)
    herd = raise_herd(family, shape, hosters)
    host, servers = rotating_host(family, herd, (2, 8)), bulletproof_servers(family)
    each_domain(family, 3, 12, lambda: add_flux_domain(family, host, servers))


def add_long_ttl(family: Family) -> None:
    """TTL of an hour to a day, a new set each time it runs out; seen over weeks."""
    rng = family.rng
    ttl_s = rng.choice((3600, 7200, 14_400, 43_200, 86_400))
    homes = draw_homes(family)
    shape = replace(draw_shape(family), lifetime_h=family.log_between(200, 800))
    herd = raise_herd(family, shape, homes, end_us=family.end_us)
    rhythm = replace(draw_rhythm(family, (3, 8)), stay_min=ttl_s / 60 * rng.uniform(1, 2))
    timeline = rotate(herd, rng, rhythm, start_us=family.start_us, end_us=family.end_us)
    host: Host = {"A": TimelineRecords(ttl_s, timeline)}
    servers = (
        fluxing_servers(family, herd, family.end_us)
        if rng.random() < 0.5
        else (bulletproof_servers(family),)
    )
    for _ in range(family.count(2, 6)):
        family.watch(add_flux_domain(family, host, rng.choice(servers)), days=(7, 28))


def add_decoys(family: Family) -> None:
    """Addresses of reputable companies among the answers (the network of Akamai 2017)."""
    rng = family.rng
    companies = family.population.pick(rng, "content", rng.randint(3, 8))
    decoys = [
        address
        for company in companies
        for address in family.population.block(rng, company, rng.randint(2, 6))
    ]
    _add_mixed(family, decoys)


def add_private_addresses(family: Family) -> None:
    """Private addresses among the answers (the command network of Akamai 2017)."""
    rng = family.rng
    private = [f"192.168.{rng.randrange(256)}.{rng.randrange(1, 255)}" for _ in range(20)]
    private += [f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
                for _ in range(20)]  # fmt: skip
    _add_mixed(family, private)


def _add_mixed(family: Family, strangers: list[str]) -> None:
    """Add flux of which a share of each answer, drawn from 15 to 50 %, are others' addresses."""
    rng = family.rng
    herd = raise_herd(family, draw_shape(family), draw_homes(family))
    rhythm, ratio = draw_rhythm(family), rng.uniform(0.15, 0.5)
    timeline = rotate(herd, rng, rhythm, start_us=family.start_us, end_us=family.day_end_us)
    mixed = tuple(
        tuple(dict.fromkeys(rng.choice(strangers) if rng.random() < ratio else a for a in answer))
        for answer in timeline.values
    )
    ttl_s = rng.choice((60, 180, 300))
    host: Host = {"A": TimelineRecords(ttl_s, Timeline(timeline.starts_us, mixed))}
    servers = bulletproof_servers(family)
    each_domain(family, 3, 12, lambda: add_flux_domain(family, host, servers))


def add_per_vantage(family: Family) -> None:
    """Each vantage is told a few agents of its own, changed every few hours (DIGGER)."""
    rng = family.rng
    herd = raise_herd(
        family, draw_shape(family, (400, 2000)), draw_homes(family), end_us=family.end_us
    )
    rhythm = Rhythm(
        set_size=rng.randint(2, 5),
        stay_min=family.log_between(60, 480),
        stay_spread=0.3,
        carried_ratio=0.4,
    )
    end_us = family.start_us + 3 * DAY_US
    timelines = {
        vantage: rotate(herd, rng, rhythm, start_us=family.start_us, end_us=end_us)
        for vantage in VANTAGES
    }
    records = NearRecords(rng.choice((60, 300, 600)), timelines)
    servers = bulletproof_servers(family)
    for _ in range(family.count(3, 10)):
        domain = add_flux_domain(family, {"A": records}, servers)
        family.scene.asking.visits(
            rng,
            domain,
            family.log_integer(30, 200),
            begin_us=family.start_us,
            end_us=end_us - int(rng.uniform(0, 40) * HOUR_US),
        )


def add_per_client(family: Family) -> None:
    """Every client is told other agents, and the cache keeps one answer for a minute at most."""
    herd = raise_herd(family, draw_shape(family, (300, 1500)), draw_homes(family))
    records = FreshRecords(
        family.rng.choice((0, 10, 30, 60)),
        online_timeline(family, herd),
        family.rng.randint(1, 6),
        f"{family.name}/{family.rng.random()}",
    )
    servers = bulletproof_servers(family)
    each_domain(family, 3, 10, lambda: add_flux_domain(family, {"A": records}, servers))
