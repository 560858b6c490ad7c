"""Classic flux: single, double, of name servers only, and a few addresses at TTL 0."""

from typing import Final

from unflux.lab.adversary.answers import FreshRecords
from unflux.lab.adversary.asking import TALKATIVE
from unflux.lab.adversary.flux import (
    add_flux_domain,
    asked_name,
    bulletproof_servers,
    draw_homes,
    draw_rhythm,
    draw_shape,
    each_domain,
    fluxing_servers,
    raise_herd,
)
from unflux.lab.adversary.herd import Herd, rotate
from unflux.lab.adversary.scene import Family
from unflux.lab.agents import MINUTE_US
from unflux.lab.zones import FixedRecords, Host, Timeline, TimelineRecords

CLASSIC_TTLS_S: Final = (60, 120, 180, 180, 300, 300, 600)
"""180 (SSFD), 300 (Hsu et al. 2010), 600 (Holz et al. 2008), 3 to 10 min (KYE)."""


def rotating_host(family: Family, herd: Herd, set_sizes: tuple[int, int] = (5, 10)) -> Host:
    """Return address records that rotate through a herd over the first day."""
    rhythm = draw_rhythm(family, set_sizes)
    timeline = rotate(herd, family.rng, rhythm, start_us=family.start_us, end_us=family.day_end_us)
    return {"A": TimelineRecords(family.rng.choice(CLASSIC_TTLS_S), timeline)}


def online_timeline(family: Family, herd: Herd) -> Timeline:
    """Return who is on line, every ten minutes of the first day."""
    starts = range(family.start_us, family.day_end_us, 10 * MINUTE_US)
    return Timeline(
        tuple(starts),
        tuple(tuple(herd.online(moment) or herd.addresses[:1]) for moment in starts),
    )


def add_single_flux(family: Family) -> None:
    """Domains on one herd, name servers that stay."""
    herd = raise_herd(family, draw_shape(family), draw_homes(family))
    host, servers = rotating_host(family, herd), bulletproof_servers(family)
    each_domain(family, 3, 20, lambda: add_flux_domain(family, host, servers))


def add_double_flux(family: Family) -> None:
    """Domains and their name servers on one herd."""
    herd = raise_herd(family, draw_shape(family), draw_homes(family))
    host, servers = rotating_host(family, herd), fluxing_servers(family, herd)
    each_domain(family, 5, 50, lambda: add_flux_domain(family, host, family.rng.choice(servers)))


def add_ns_flux(family: Family) -> None:
    """Name servers on a herd, the site itself at a hoster: the third form (Caglayan)."""
    herd = raise_herd(family, draw_shape(family), draw_homes(family))
    servers = fluxing_servers(family, herd)
    hoster = family.population.pick(family.rng, "hosting", 1)[0]

    # What one never sees one cannot find: asked where name servers are told, and all day.
    for _ in range(family.count(3, 10)):
        addresses = family.population.block(family.rng, hoster, family.rng.randint(1, 3))
        host: Host = {"A": FixedRecords(family.rng.choice((300, 600, 3600)), addresses)}
        domain = add_flux_domain(family, host, family.rng.choice(servers))
        family.scene.asking.burst(
            family.rng,
            asked_name(family, domain),
            family.log_integer(20, 150),
            begin_us=family.start_us,
            length_us=family.day_end_us - family.start_us,
            vantages=("four", family.rng.choice(TALKATIVE)),
        )


def add_few_address_flux(family: Family) -> None:
    """One to four fresh addresses in each answer, TTL 0: Kelihos.

    Kelihos gave one address at TTL 0; asked each second for ten minutes it gave some 600, and
    3,407 in several hours, through six name servers for some 100 names.
    """
    herd = raise_herd(family, draw_shape(family, (600, 3500)), draw_homes(family))
    records = FreshRecords(
        family.rng.choice((0, 0, 0, 1, 5)),
        online_timeline(family, herd),
        (1, 1, 2, 4)[family.number % 4],
        f"{family.name}/{family.rng.random()}",
    )
    servers = bulletproof_servers(family)
    each_domain(family, 3, 20, lambda: add_flux_domain(family, {"A": records}, servers))
