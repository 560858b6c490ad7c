"""Pools that look like flux: time servers, mirrors, peer-to-peer seeds, proxies for rent."""

from typing import Final

import numpy as np

from unflux.lab.adversary.answers import FreshRecords
from unflux.lab.adversary.asking import VANTAGES
from unflux.lab.adversary.flux import raise_herd
from unflux.lab.adversary.herd import HerdShape
from unflux.lab.adversary.scene import Family
from unflux.lab.agents import HOUR_US
from unflux.lab.zones import DrawnRecords, FixedRecords, Host, Timeline, Vantage

HOME_RATIOS: Final = (0.2, 0.7)
"""Share of volunteers on home lines. Chosen: 2026-11-24; the others rent servers."""


def draw_volunteers(family: Family, count: int) -> tuple[str, ...]:
    """Return addresses of volunteers, at home and at hosters, all over the world."""
    homes = round(count * family.rng.uniform(*HOME_RATIOS))
    population = family.population
    numbers = np.concatenate(
        (
            population.spread(family.draws, population.of_kind("access"), homes),
            population.spread(family.draws, population.of_kind("hosting"), count - homes),
        )
    )
    return tuple(dict.fromkeys(population.addresses(family.draws, numbers)))


def add_time_pool(family: Family) -> None:
    """Time servers of volunteers, four of those near a vantage, TTL 150.

    Every second one's names tell nothing. The NTP pool has thousands of servers; each answer is
    a weighted draw among those of the asker's zone.
    """
    rng = family.rng
    volunteers = draw_volunteers(family, family.log_integer(300, 4000))
    share = rng.uniform(0.1, 0.9)
    near: dict[Vantage, tuple[str, ...]] = {
        vantage: tuple(rng.sample(volunteers, max(8, int(len(volunteers) * share))))
        for vantage in VANTAGES
    }
    domain = family.domain()
    prefix = "pool" if family.number % 2 == 0 else rng.choice(("a", "in", "srv", "x1", "live"))
    names = [f"{prefix}.{domain}", *(f"{number}.{prefix}.{domain}" for number in range(4))]
    records = DrawnRecords(150, near, rng.choice((4, 4, 4, 5, 2)), 150_000_000, f"{rng.random()}")
    hosters = family.population.pick(rng, "hosting", 5)
    servers = family.own_servers(domain, hosters, rng.randint(4, 8))
    others: dict[str, Host] = {name: {"A": records} for name in names}
    family.add_site(domain, {"A": records}, servers, others=others)
    family.visit_all_day(
        lambda: rng.choice(names), family.log_integer(60, 500), vantages=family.some_vantages(1, 6)
    )


def add_mirrors(family: Family) -> None:
    """Mirrors of a free project: a fixed set in many networks, all or some in each answer.

    ClamAV: 21 addresses in 12 networks. Every second one's name tells nothing.
    """
    rng = family.rng
    mirrors = draw_volunteers(family, family.log_integer(8, 60))
    everywhere: dict[Vantage, tuple[str, ...]] = dict.fromkeys(VANTAGES, mirrors)
    domain = family.domain()
    ttl_s = rng.choice((60, 300, 600, 3600))
    count = rng.choice((3, 5, 8, len(mirrors)))
    records = DrawnRecords(
        ttl_s, everywhere, min(count, len(mirrors)), ttl_s * 1_000_000, f"{rng.random()}"
    )
    name = f"mirror.{domain}" if family.number % 2 == 0 else f"{rng.choice(('db', 'dl'))}.{domain}"
    others: dict[str, Host] = {name: {"A": records}}
    hoster = family.population.pick(rng, "hosting", 1)[0]
    apex: Host = {"A": FixedRecords(3600, (family.population.address(rng, hoster),))}
    family.add_site(domain, apex, family.any_provider(), others=others)
    family.visit_all_day(name, family.log_integer(10, 150), vantages=family.some_vantages(1, 6))


def add_peer_seeds(family: Family) -> None:
    """The seed of a peer-to-peer network: up to 25 nodes that are on line now (BOLT #10)."""
    rng = family.rng
    shape = HerdShape(
        alive_count=family.log_integer(800, 8000),
        lifetime_h=family.log_between(200, 2000),
        online_h=family.log_between(12, 200),
        offline_h=family.log_between(1, 20),
        readdress_ratio=rng.uniform(0.0, 0.4),
    )
    homes = [*family.population.of_kind("access"), *family.population.pick(rng, "hosting", 60)]
    nodes = raise_herd(family, shape, homes)
    starts = range(family.start_us, family.day_end_us, HOUR_US // 2)  # the crawler's round
    online = Timeline(tuple(starts), tuple(tuple(nodes.online(moment)) for moment in starts))
    domain = family.domain()
    count, ttl_s = rng.choice((25, 25, 25, 20, 11)), rng.choice((60, 60, 300, 3600))
    records = FreshRecords(ttl_s, online, count, f"{rng.random()}")
    name = f"seed.{domain}" if family.number % 2 == 0 else domain
    servers = family.own_servers(domain, family.population.pick(rng, "hosting", 2), 2)
    family.add_site(domain, {"A": records}, servers, others={f"seed.{domain}": {"A": records}})
    family.visit_all_day(name, family.log_integer(6, 150), vantages=family.some_vantages(1, 6))


def add_chat_networks(family: Family) -> None:
    """A chat network: 5 to 40 servers of volunteers, one to five of the least loaded."""
    rng = family.rng
    servers = draw_volunteers(family, family.log_integer(5, 40))
    everywhere: dict[Vantage, tuple[str, ...]] = dict.fromkeys(VANTAGES, servers)
    domain = family.domain()
    ttl_s = rng.choice((60, 120, 300))
    count = min(len(servers), rng.randint(1, 5))
    records = DrawnRecords(ttl_s, everywhere, count, ttl_s * 1_000_000, f"{rng.random()}")
    family.add_site(domain, {"A": records}, family.any_provider())
    family.visit(domain, family.log_integer(10, 120))


def add_proxy_service(family: Family) -> None:
    """A VPN: 30 to 200 rented servers of many hosters, the least loaded of a region at TTL 60."""
    rng = family.rng
    hosters = family.population.pick(rng, "hosting", rng.randint(6, 25))
    domain = family.domain()
    others: dict[str, Host] = {}
    for region in range(rng.randint(4, 12)):
        here = rng.sample(hosters, min(len(hosters), rng.randint(1, 4)))
        rented = tuple(
            address
            for hoster in here
            for address in family.population.block(rng, hoster, rng.randint(2, 6))
        )
        everywhere: dict[Vantage, tuple[str, ...]] = dict.fromkeys(VANTAGES, rented)
        count = min(len(rented), rng.randint(1, 4))
        others[f"r{region}.{domain}"] = {
            "A": DrawnRecords(60, everywhere, count, 60_000_000, f"{rng.random()}")
        }
    apex: Host = {"A": FixedRecords(300, (family.population.address(rng, hosters[0]),))}
    family.add_site(domain, apex, family.any_provider(), others=others)
    names = tuple(others)
    family.visit_all_day(
        lambda: rng.choice(names), family.log_integer(20, 250), vantages=family.some_vantages(1, 6)
    )
