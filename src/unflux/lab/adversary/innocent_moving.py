"""Sites that move for good reasons: clouds that grow, regions, failover, migration, anycast."""

from typing import Final

from unflux.lab.adversary.asking import VANTAGES
from unflux.lab.adversary.scene import Family
from unflux.lab.agents import HOUR_US, MINUTE_US
from unflux.lab.demand import DAY_US
from unflux.lab.zones import DrawnRecords, FixedRecords, Host, Timeline, TimelineRecords, Vantage

CLOUD_TTL_S: Final = 60
"""What load balancers of clouds give."""


def add_autoscaling(family: Family) -> None:
    """A load balancer in one or two cloud networks, its addresses changing by the hour.

    Of 1 to 8 addresses some are replaced every hour, fewer by night, by others of the cloud.
    """
    rng = family.rng
    clouds = [
        family.population.region(rng, cloud, rng.randint(3, 12))
        for cloud in family.population.pick(rng, "cloud", rng.randint(1, 2))
    ]
    for _ in range(family.count(3, 10)):
        largest, moment = rng.choice((1, 2, 3, 8)), float(family.start_us)
        replace_ratio = rng.uniform(0.1, 0.9)
        current: list[str] = []
        starts, values = [], []
        while moment < family.end_us:
            hour = moment / HOUR_US % 24
            is_busy = 6 <= hour < 22
            size = rng.randint(max(1, largest // 2), largest) if is_busy else max(1, largest // 2)
            ratio = replace_ratio if is_busy else replace_ratio / 4
            current = [address for address in current if rng.random() >= ratio][:size]
            while len(current) < size:
                current.append(family.population.address(rng, rng.choice(clouds)))
            starts.append(int(moment))
            values.append(tuple(current))
            moment += rng.uniform(0.7, 1.6) * HOUR_US
        host: Host = {"A": TimelineRecords(CLOUD_TTL_S, Timeline(tuple(starts), tuple(values)))}
        _add_watched_site(family, host)


def _add_watched_site(family: Family, host: Host) -> None:
    """Add a site that is watched for weeks; of every second family without TTL."""
    domain = family.domain()
    family.add_site(domain, host, family.any_provider())
    family.watch(domain)
    if family.number % 2:
        family.forget_ttl(domain)


def add_failover(family: Family) -> None:
    """Two or three sites of which one answers; it changes when a check fails, and back."""
    rng = family.rng
    for _ in range(family.count(3, 10)):
        hosters = family.population.pick(rng, "hosting", rng.randint(2, 3))
        places = [(family.population.address(rng, hoster),) for hoster in hosters]
        starts, values = [family.start_us], [places[0]]
        moment = float(family.start_us)
        while True:
            moment += family.log_between(4, 200) * HOUR_US
            if moment >= family.end_us:
                break
            starts.append(int(moment))
            values.append(rng.choice(places[1:]))
            moment += family.log_between(0.1, 24) * HOUR_US
            starts.append(int(moment))
            values.append(places[0])
        host: Host = {
            "A": TimelineRecords(rng.choice((30, 60)), Timeline(tuple(starts), tuple(values)))
        }
        _add_watched_site(family, host)


def add_migrations(family: Family) -> None:
    """A site that moves once, to another company; its TTL short before the move or not."""
    rng = family.rng
    for _ in range(family.count(4, 12)):
        old, new = family.population.pick(rng, "hosting", 2)
        count = rng.choice((1, 1, 2, 4))
        starts = (family.start_us, int(rng.uniform(family.start_us, family.end_us)))
        values = tuple(family.population.block(rng, holder, count) for holder in (old, new))
        host: Host = {
            "A": TimelineRecords(rng.choice((60, 300, 3600, 14_400)), Timeline(starts, values))
        }
        _add_watched_site(family, host)


def add_portals(family: Family) -> None:
    """A portal balanced over two to five providers: the healthy ones, near ones first."""
    rng = family.rng
    holders = family.population.pick(rng, "content", rng.randint(1, 3))
    holders += family.population.pick(rng, "cloud", rng.randint(1, 2))
    sites = [family.population.block(rng, holder, rng.randint(2, 6)) for holder in holders]
    near: dict[Vantage, tuple[str, ...]] = {}
    for vantage in VANTAGES:
        chosen = rng.sample(sites, rng.randint(1, len(sites)))
        near[vantage] = tuple(address for site in chosen for address in site)
    ttl_s = rng.choice((30, 60, 300))
    count = min(rng.choice((1, 2, 4)), *(len(addresses) for addresses in near.values()))
    records = DrawnRecords(ttl_s, near, count, ttl_s * 1_000_000, f"{rng.random()}")
    domain = family.domain()
    servers = family.own_servers(domain, holders, rng.randint(4, 8))
    others: dict[str, Host] = {f"{sub}.{domain}": {"A": records} for sub in ("mail", "img", "m")}
    family.add_site(domain, {"A": records}, servers, others=others)
    family.visit(domain, family.log_integer(80, 400))


def add_large_portals(family: Family) -> None:
    """A very large site: a region for each vantage, hundreds of addresses in networks of its own.

    Each vantage sees one to three regions, and most of a region in a day.
    """
    rng = family.rng
    holders = family.population.pick(rng, "content", rng.randint(1, 3))
    regions = [
        tuple(
            address
            for _ in range(rng.randint(1, 3))
            for address in family.population.block(rng, rng.choice(holders), rng.randint(8, 40))
        )
        for _ in range(rng.randint(8, 20))
    ]
    near: dict[Vantage, tuple[str, ...]] = {
        vantage: tuple(a for region in rng.sample(regions, rng.randint(1, 3)) for a in region)
        for vantage in VANTAGES
    }
    ttl_s = rng.choice((60, 300))
    domain = family.domain()
    servers = family.own_servers(domain, holders, 4)
    others: dict[str, Host] = {}
    for sub in ("mail", "maps", "news", "video", "api"):
        count = rng.choice((1, 4, 6))
        records = DrawnRecords(ttl_s, near, count, ttl_s * 1_000_000, f"{sub}/{rng.random()}")
        others[f"{sub}.{domain}"] = {"A": records}
    family.add_site(domain, others[f"api.{domain}"], servers, others=others)
    names = tuple(others)
    family.visit_all_day(lambda: rng.choice(names), family.log_integer(200, 900))


def add_anycast(family: Family) -> None:
    """One or two addresses that are everywhere at once, watched for weeks."""
    rng = family.rng
    holder = family.population.pick(rng, "content", 1)[0]
    for _ in range(family.count(3, 10)):
        addresses = family.population.block(rng, holder, rng.randint(1, 2))
        domain = family.domain()
        family.add_site(domain, {"A": FixedRecords(300, addresses)}, family.any_provider())
        family.watch(domain)


def add_flip_flops(family: Family) -> None:
    """Two or three sets that an authority gives in turn, kept for hours by each cache of a farm.

    In the dig records of 2009 glue changed back and forth 402 times in 430 observations for no
    other reason than the many caches of the resolver.
    """
    rng = family.rng
    for _ in range(family.count(3, 10)):
        hosters = family.population.pick(rng, "hosting", rng.randint(2, 3))
        sets = [family.population.block(rng, hoster, rng.randint(1, 3)) for hoster in hosters]
        step_us = int(family.log_between(2, 120) * MINUTE_US)
        starts = tuple(range(family.start_us, family.start_us + 3 * DAY_US, step_us))
        values = tuple(sets[number % len(sets)] for number in range(len(starts)))
        host: Host = {
            "A": TimelineRecords(rng.choice((3600, 14_400, 43_200)), Timeline(starts, values))
        }
        domain = family.domain()
        family.add_site(domain, host, family.any_provider())
        family.visit(domain, family.log_integer(40, 300), span_us=2 * DAY_US)
