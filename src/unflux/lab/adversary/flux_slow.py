"""Slow flux: one address at a time, changed every hour to three in working hours."""

from collections.abc import Callable
from functools import partial
from typing import Final

from unflux.lab.adversary.flux import add_flux_domain, bulletproof_servers
from unflux.lab.adversary.scene import Family
from unflux.lab.agents import single_address_timeline
from unflux.lab.zones import Host, Timeline, TimelineRecords

SLOW_TTLS_S: Final = (30, 60, 300, 300, 600, 1800, 3600)
"""Chosen: 2026-11-24; what such names have been seen with, from a dynamic-DNS provider's half
minute to the hour that hosters give by default."""


def draw_working_timeline(family: Family, recruit: Callable[[], str]) -> Timeline:
    """Return one address at a time, over all of the records.

    Changed every one to three hours in working hours, hardly by night: modern slow flux.
    """
    rng = family.rng
    begins = rng.randint(4, 12)
    shortest_h = rng.uniform(0.8, 1.6)
    return single_address_timeline(
        rng,
        recruit,
        start_us=family.start_us,
        end_us=family.end_us,
        stay_h=(shortest_h, shortest_h * rng.uniform(1.5, 2.4)),
        working_hours=(begins, begins + rng.randint(8, 11)),
    )


def draw_ranges(family: Family) -> Callable[[], str]:
    """Return where addresses of 8 to 40 hosting networks come from; a third of them comes back."""
    rng = family.rng
    hosters = family.population.pick(rng, "hosting", rng.randint(8, 40))
    known: list[str] = []
    return_ratio = rng.uniform(0.1, 0.5)

    def recruit() -> str:
        if known and rng.random() < return_ratio:
            return rng.choice(known)
        known.append(family.population.address(rng, rng.choice(hosters)))
        return known[-1]

    return recruit


def add_slow_hosting(family: Family) -> None:
    """Addresses of many hosters."""
    for _ in range(family.count(2, 8)):
        _add_slow(family, draw_working_timeline(family, draw_ranges(family)))


def add_slow_slash24(family: Family) -> None:
    """About ten addresses of one /24, in turn."""
    rng = family.rng
    hoster = rng.choice(family.population.of_kind("hosting"))
    for _ in range(family.count(2, 5)):
        block = family.population.block(rng, hoster, rng.randint(6, 16))
        _add_slow(family, draw_working_timeline(family, partial(rng.choice, block)))


def add_slow_homes(family: Family) -> None:
    """Home lines of many providers (residential slow flux, 2026)."""
    rng = family.rng
    homes = family.population.pick(rng, "access", rng.randint(10, 60))
    for _ in range(family.count(2, 5)):
        timeline = draw_working_timeline(
            family, lambda: family.population.address(rng, rng.choice(homes))
        )
        _add_slow(family, timeline)


def add_slow_dynamic(family: Family) -> None:
    """A customer's name at a dynamic-DNS provider, addresses of many hosters."""
    rng = family.rng
    for _ in range(family.count(2, 8)):
        timeline = draw_working_timeline(family, draw_ranges(family))
        host: Host = {"A": TimelineRecords(rng.choice((30, 60, 60, 120)), timeline)}
        family.watch(family.dynamic_domain(host))


def add_slow_without_ttl(family: Family) -> None:
    """The same in an archive that keeps no TTL, under names of both sorts."""
    for number in range(family.count(2, 8)):
        timeline = draw_working_timeline(family, draw_ranges(family))
        if number % 2:
            host: Host = {"A": TimelineRecords(60, timeline)}
            domain = family.dynamic_domain(host)
            family.watch(domain)
        else:
            domain = _add_slow(family, timeline)
        family.forget_ttl(domain)


def _add_slow(family: Family, timeline: Timeline) -> str:
    host: Host = {"A": TimelineRecords(family.rng.choice(SLOW_TTLS_S), timeline)}
    domain = add_flux_domain(family, host, bulletproof_servers(family))
    family.watch(domain)
    return domain
