"""What flux operators have in common: a herd, rotating zones, name servers, campaigns."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from unflux.lab.adversary.asking import Name
from unflux.lab.adversary.herd import (
    Herd,
    HerdShape,
    Readdress,
    Rhythm,
    host_on_agents,
    simulate_herd,
)
from unflux.lab.adversary.population import Holder
from unflux.lab.adversary.scene import Family
from unflux.lab.agents import HOUR_US, MINUTE_US
from unflux.lab.draft import GLUE_TTL_S
from unflux.lab.flux_population import AGENT_FAILURE_RATIO
from unflux.lab.naming import random_host
from unflux.lab.zones import Delegation, FixedRecords, Host, TimelineRecords

WILDCARD_CNAME_RATIO: Final = 0.9
"""Holz et al. 2008 section 4: 90.9 % of their domains had a wildcard CNAME to the domain itself."""

FETCH_MS: Final = 500.0
"""Median time of a query in the dig records of 2009 (SSFD); an agent's line is slow."""

HERD_SIZES: Final = (40, 1500)
"""Chosen: 2026-11-24. 106 agents a day showed in the dig records of 2009, 300 to 500 an hour in
Storm (Nazario and Holz 2008), 3,241 in eight days of the KYE case."""

FARM: Final = "four"
FARM_RATIO: Final = 0.4
"""Campaigns seen through a large provider's farm of caches, as in the dig records of 2009.
Chosen: 2026-11-24."""

PERSISTENT_RATIO: Final = 0.12
"""Chosen: 2026-11-24; domains that are asked all day and not in one campaign only, besides the
first of each operator."""


PERSISTENT_LOOKUPS: Final = 30
"""Chosen: 2026-11-24; of a domain asked all day, at least."""


def draw_shape(family: Family, sizes: tuple[int, int] = HERD_SIZES) -> HerdShape:
    """Draw how a herd lives.

    The dig records of 2009 fit a life of 54 h with 5 h on and 8 h off line
    (``lab.flux_population``); Chosen: 2026-11-24 for the ranges around it.
    """
    return HerdShape(
        alive_count=family.log_integer(*sizes),
        lifetime_h=family.log_between(18, 160),
        online_h=family.log_between(3, 12),
        offline_h=family.log_between(3, 12),
        readdress_ratio=family.rng.uniform(0.1, 0.6),
    )


def draw_rhythm(family: Family, set_sizes: tuple[int, int] = (5, 10)) -> Rhythm:
    """Draw how answers rotate.

    Sets of 5 (Holz et al. 2008 figure 3), 8 (SSFD) and 10 (Hsu et al. 2010 figure 1); a set stays
    3 to 10 min (KYE), 8.2 min with 90th percentile 13 in SSFD; from none (Holz) to three of ten
    (Hsu) are carried over.
    """
    return Rhythm(
        set_size=family.rng.randint(*set_sizes),
        stay_min=family.log_between(3, 12),
        stay_spread=family.rng.uniform(0.1, 0.4),
        carried_ratio=family.rng.uniform(0.0, 0.3),
    )


def draw_homes(family: Family) -> list[Holder]:
    """Draw the access networks a herd lives in: 40 to all of them, the large ones more."""
    return family.population.pick(family.rng, "access", family.log_integer(40, 400))


def raise_herd(
    family: Family,
    shape: HerdShape,
    homes: Sequence[Holder],
    *,
    start_us: int | None = None,
    end_us: int | None = None,
    readdress: Readdress | None = None,
) -> Herd:
    """Simulate a herd, by default over the first day."""

    def holders(count: int) -> np.ndarray:
        return family.population.spread(family.draws, homes, count)

    return simulate_herd(
        family.draws,
        shape,
        holders,
        readdress or family.population.addresses,
        start_us=family.start_us if start_us is None else start_us,
        end_us=family.day_end_us if end_us is None else end_us,
    )


def bulletproof_servers(family: Family) -> Delegation:
    """Return name servers that stay: a DNS company's, or the operator's own at a hoster."""
    if family.rng.random() < 0.6:
        return family.any_provider()
    domain = family.server_domain()
    hosters = family.population.pick(family.rng, "hosting", family.rng.randint(1, 2))
    return family.own_servers(domain, hosters, family.rng.randint(2, 4))


def fluxing_servers(
    family: Family, herd: Herd, end_us: int | None = None
) -> tuple[Delegation, ...]:
    """Return delegations to name servers that are agents of the herd.

    SSFD: eight domains of name servers, glue that lives 48 h, NS records 6 h; an agent serves
    hours (12 to 24 h in Caglayan et al. 2009, minutes in Avalanche).
    """
    rng = family.rng
    fastest_h = family.log_between(0.2, 8)
    stay_h = (fastest_h, fastest_h * rng.uniform(1.5, 3))
    glue: dict[str, Host] = {}
    for _ in range(rng.randint(1, 4)):
        domain = family.server_domain()
        for number in range(1, rng.randint(3, 5)):
            timeline = host_on_agents(
                herd,
                rng,
                stay_h,
                start_us=family.start_us,
                end_us=family.day_end_us if end_us is None else end_us,
            )
            glue[f"ns{number}.{domain}"] = {"A": TimelineRecords(GLUE_TTL_S, timeline)}
    hosts = tuple(glue)
    ns_ttl_s = rng.choice((300, 1800, 7200, 21_600))
    delegations = []
    for _ in range(2):
        share = tuple(sorted(rng.sample(hosts, min(len(hosts), 4))))
        delegations.append(
            Delegation(hosts=share, ns_ttl_s=ns_ttl_s, glue={name: glue[name] for name in share})
        )
    return tuple(delegations)


def add_flux_domain(
    family: Family,
    host: Host,
    delegation: Delegation,
    *,
    is_generated: bool = False,
    others: dict[str, Host] | None = None,
) -> str:
    """Add a domain that answers every name below it."""
    domain = family.domain(is_generated=is_generated)
    wildcard = host
    if family.rng.random() < WILDCARD_CNAME_RATIO and "CNAME" not in host:
        ttl_s = next(iter(host.values())).ttl_s
        wildcard = {"CNAME": FixedRecords(ttl_s, (domain,))}
    family.add_site(
        domain,
        host,
        delegation,
        wildcard=wildcard,
        others=others,
        failure_ratio=AGENT_FAILURE_RATIO,
        delay_ms=FETCH_MS,
        warm_ratio=family.rng.uniform(0, 0.2),
    )
    return domain


def asked_name(family: Family, domain: str) -> Name:
    """Return how spam names a domain: apex, www, or a random host, each its own way."""
    rng = family.rng
    way = rng.random()
    if way < 0.4:
        return domain
    if way < 0.6:
        return f"www.{domain}"
    return lambda: random_host(rng, domain)


def campaign(
    family: Family,
    domain: str,
    *,
    lookups: tuple[int, int] = (8, 90),
    qtypes: tuple[str, ...] = ("A",),
    name: Name | None = None,
    is_persistent: bool = False,
) -> None:
    """Ask for a domain in a campaign, or, some of them, all day.

    In the dig records of 2009 a domain has 12 to 78 look-ups (10th and 90th percentile) within a
    median of 15 min, 90 % within 1.3 h.
    """
    rng = family.rng
    count = family.log_integer(*lookups)
    asked: Name = name or asked_name(family, domain)
    length_us = int(family.log_between(2, 80) * MINUTE_US)
    if is_persistent or rng.random() < PERSISTENT_RATIO:
        count = max(2 * count, PERSISTENT_LOOKUPS)
        length_us = int(rng.uniform(4, 23) * HOUR_US)
    latest_us = family.day_end_us - length_us
    begin_us = family.start_us + int(rng.random() * (latest_us - family.start_us))
    family.scene.asking.burst(
        rng,
        asked,
        count,
        begin_us=begin_us,
        length_us=length_us,
        vantages=(FARM,) if rng.random() < FARM_RATIO else family.some_vantages(1, 3),
        qtypes=qtypes,
    )


def each_domain(family: Family, low: int, high: int, add: Callable[[], str]) -> None:
    """Add some domains of an operator and a campaign for each, all day for the first."""
    for number in range(family.count(low, high)):
        campaign(family, add(), is_persistent=number == 0)
