"""Sites of hosting companies: plain, shared, parked, seized; and bad ones that do not flux."""

from functools import partial
from typing import Final

from unflux.lab.adversary.asking import TALKATIVE
from unflux.lab.adversary.scene import Family
from unflux.lab.agents import HOUR_US
from unflux.lab.demand import DAY_US
from unflux.lab.draft import GLUE_TTL_S
from unflux.lab.naming import misspell, random_host
from unflux.lab.zones import Delegation, FixedRecords, Host, Records, Timeline, TimelineRecords

SITE_TTLS_S: Final = (60, 300, 300, 600, 1800, 3600, 3600, 7200, 14_400, 86_400)
"""Quantiles of a day of an office's DNS (M57, 2009): 60, 300, 1,800, 7,200, 86,400."""


def add_static_sites(family: Family) -> None:
    """Sites that stay where they are, some over IPv6 as well, asked seldom or often.

    Two of five have more hosts than the one, here or at another company.
    """
    rng = family.rng
    for _ in range(family.count(40, 120)):
        holder = family.population.pick(rng, rng.choice(("hosting", "hosting", "cloud")), 1)[0]
        ttl_s = rng.choice(SITE_TTLS_S)
        host: dict[str, Records] = {
            "A": FixedRecords(ttl_s, (family.population.address(rng, holder),))
        }
        if rng.random() < 0.3:
            host["AAAA"] = FixedRecords(ttl_s, (family.population.address6(rng, holder),))
        domain = family.domain()
        others: dict[str, Host] = {}
        if rng.random() < 0.4:
            for sub in rng.sample(("mail", "img", "shop", "static", "api"), rng.randint(1, 4)):
                where = family.population.pick(rng, "hosting", 1)[0]
                place = holder if rng.random() < 0.7 else where
                address = family.population.address(rng, place)
                others[f"{sub}.{domain}"] = {"A": FixedRecords(rng.choice(SITE_TTLS_S), (address,))}
        family.add_site(domain, host, family.any_provider(), others=others)
        family.visit(domain, family.log_integer(1, 40), names=tuple(others))


def add_single_lookups(family: Family) -> None:
    """Names that are asked exactly once."""
    rng = family.rng
    for _ in range(family.count(60, 150)):
        holder = family.population.pick(rng, "hosting", 1)[0]
        count = rng.choice((1, 1, 1, 1, 2, 4))
        host: Host = {
            "A": FixedRecords(rng.choice(SITE_TTLS_S), family.population.block(rng, holder, count))
        }
        domain = family.domain()
        family.add_site(domain, host, family.any_provider())
        family.visit(domain, 1)


def add_shared_hosting(family: Family) -> None:
    """Small sites on a few addresses of one hosting company, under its name servers."""
    rng = family.rng
    hoster = family.population.pick(rng, "hosting", 1)[0]
    addresses = family.population.block(rng, hoster, rng.randint(1, 6))
    servers = family.any_provider()
    for _ in range(family.count(20, 80)):
        host: Host = {"A": FixedRecords(rng.choice((3600, 14_400)), (rng.choice(addresses),))}
        domain = family.domain()
        family.add_site(domain, host, servers)
        family.visit(domain, family.log_integer(1, 8))


def add_parking(family: Family) -> None:
    """Parked names, many of them generated, on one to six addresses, any host below them."""
    rng = family.rng
    company = family.population.pick(rng, rng.choice(("content", "cloud")), 1)[0]
    addresses = family.population.block(rng, company, rng.randint(1, 6))
    servers = family.own_servers(family.server_domain(), [company], 2)
    for number in range(family.count(40, 150)):
        domain = family.domain(is_generated=number % 3 == 0)
        count = min(len(addresses), rng.choice((1, 1, 2)))
        host: Host = {"A": FixedRecords(rng.choice((60, 300, 600)), tuple(addresses[:count]))}
        family.add_site(domain, host, servers, wildcard=host)
        family.visit(domain, family.log_integer(1, 6))


def add_sinkhole(family: Family) -> None:
    """Seized domains of a dead botnet on one or two addresses, asked by its bots day and night."""
    rng = family.rng
    company = family.population.pick(rng, "content", 1)[0]
    addresses = family.population.block(rng, company, rng.randint(1, 2))
    servers = family.own_servers(family.server_domain(), [company], 2)
    for _ in range(family.count(20, 80)):
        domain = family.domain(is_generated=True)
        host: Host = {"A": FixedRecords(rng.choice((60, 300, 3600)), (rng.choice(addresses),))}
        family.add_site(domain, host, servers, wildcard=host)
        family.scene.asking.burst(
            rng, domain, family.log_integer(2, 40), begin_us=family.start_us, length_us=DAY_US
        )


def add_round_robins(family: Family) -> None:
    """Sites of three to ten fixed addresses in one or two networks."""
    rng = family.rng
    for _ in range(family.count(5, 20)):
        hosters = family.population.pick(rng, "hosting", rng.randint(1, 2))
        addresses = tuple(
            address
            for hoster in hosters
            for address in family.population.block(rng, hoster, rng.randint(2, 5))
        )
        domain = family.domain()
        ttl_s = rng.choice((60, 300, 600, 3600))
        family.add_site(domain, {"A": FixedRecords(ttl_s, addresses)}, family.any_provider())
        family.visit(domain, family.log_integer(5, 80))


def add_moving_servers(family: Family) -> None:
    """Sites that stay while their name servers are renumbered, host by host, from one company to
    another and perhaps a third; caches of a farm know different times of it.
    """
    rng = family.rng
    hosters = family.population.pick(rng, "hosting", rng.randint(2, 3))
    domain = family.server_domain()
    glue: dict[str, Host] = {}
    for number in range(rng.randint(2, 6)):
        moves = sorted(rng.uniform(-1, 1) for _ in hosters[1:])
        starts = (-2.0, *moves)
        timeline = Timeline(
            tuple(family.start_us + int(start * DAY_US) for start in starts),
            tuple((family.population.address(rng, hoster),) for hoster in hosters),
        )
        glue[f"ns{number + 1}.{domain}"] = {"A": TimelineRecords(GLUE_TTL_S, timeline)}
    servers = Delegation(hosts=tuple(glue), ns_ttl_s=rng.choice((3600, 86_400)), glue=glue)
    for _ in range(family.count(5, 20)):
        addresses = family.population.block(rng, hosters[0], rng.randint(1, 2))
        site = family.domain()
        family.add_site(site, {"A": FixedRecords(3600, addresses)}, servers)
        family.visit_all_day(
            site, family.log_integer(10, 80), vantages=("four", *rng.sample(TALKATIVE, 1))
        )


def add_absent_names(family: Family) -> None:
    """Domains of which nearly every question is for a host that does not exist, and typos that
    no domain answers to.
    """
    rng = family.rng
    for _ in range(family.count(5, 20)):
        holder = family.population.pick(rng, "hosting", 1)[0]
        domain = family.domain()
        host: Host = {"A": FixedRecords(3600, (family.population.address(rng, holder),))}
        family.add_site(domain, host, family.any_provider())
        family.scene.asking.burst(
            rng,
            partial(random_host, rng, domain),
            family.log_integer(20, 150),
            begin_us=family.start_us,
            length_us=DAY_US,
            vantages=family.some_vantages(1, 3),
        )
        family.visit(domain, 3)
        typo = misspell(rng, domain)
        if typo not in family.scene.truth:
            family.label_only(typo)
            family.visit(typo, rng.randint(1, 4))


def add_disposable_names(family: Family) -> None:
    """A service that packs data into names: each asked once, all answered alike (DNS Noise)."""
    rng = family.rng
    holder = family.population.pick(rng, "content", 1)[0]
    addresses = family.population.block(rng, holder, rng.randint(1, 8))
    domain = family.domain()
    host: Host = {"A": FixedRecords(rng.choice((1, 30, 300)), addresses)}
    family.add_site(domain, host, family.own_servers(domain, [holder], 4), wildcard=host)
    family.visit_all_day(partial(random_host, rng, domain), family.log_integer(100, 600))


def add_bulletproof(family: Family) -> None:
    """Bad names that do not flux: on one address of a hoster that looks away.

    In the list of 2009 nine in ten are so; their TTL is 600 to 3,600 in most.
    """
    rng = family.rng
    hoster = family.population.pick(rng, "hosting", 1)[0]
    addresses = family.population.block(rng, hoster, rng.randint(1, 8))
    servers = family.own_servers(family.server_domain(), [hoster], rng.choice((1, 1, 2)))
    for number in range(family.count(20, 80)):
        host: Host = {
            "A": FixedRecords(rng.choice((600, 1200, 1200, 3600)), (rng.choice(addresses),))
        }
        domain = family.domain(is_generated=number % 2 == 0)
        family.add_site(domain, host, servers, wildcard=host)
        family.scene.asking.burst(
            rng,
            partial(random_host, rng, domain),
            family.log_integer(*rng.choice(((1, 2), (1, 4), (1, 25)))),
            begin_us=family.start_us,
            length_us=int(family.log_between(0.01, 20) * HOUR_US),
            vantages=family.some_vantages(1, 2),
        )


def add_snowshoe(family: Family) -> None:
    """Spam spread thin: many names, each on three addresses of the same few racks."""
    rng = family.rng
    hosters = family.population.pick(rng, "hosting", rng.randint(1, 3))
    racks = [family.population.block(rng, hoster, 60) for hoster in hosters]
    servers = family.own_servers(family.server_domain(), hosters, rng.choice((1, 2)))
    for _ in range(family.count(20, 80)):
        addresses = tuple(rng.choice(rng.choice(racks)) for _ in range(rng.choice((1, 1, 3))))
        domain = family.domain()
        host: Host = {"A": FixedRecords(rng.choice((1200, 3600)), tuple(dict.fromkeys(addresses)))}
        family.add_site(domain, host, servers, wildcard=host)
        family.scene.asking.burst(
            rng,
            domain,
            family.log_integer(*rng.choice(((1, 2), (1, 4), (1, 25)))),
            begin_us=family.start_us,
            length_us=int(family.log_between(0.01, 20) * HOUR_US),
            vantages=family.some_vantages(1, 2),
        )


def add_evicted(family: Family) -> None:
    """Phishing that moves when a hoster throws it out: every 2 to 9 days, one address, no flux."""
    rng = family.rng
    for _ in range(family.count(2, 6)):
        moment, starts, values = family.start_us, [], []
        while moment < family.end_us:
            hoster = family.population.pick(rng, "hosting", 1)[0]
            starts.append(moment)
            values.append((family.population.address(rng, hoster),))
            moment += int(rng.uniform(2, 9) * DAY_US)
        host: Host = {"A": TimelineRecords(600, Timeline(tuple(starts), tuple(values)))}
        domain = family.domain()
        family.add_site(domain, host, family.any_provider())
        family.watch(domain)
