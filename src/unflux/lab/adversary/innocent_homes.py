"""Homes under names of their own: dynamic DNS, with outages and moves, and over IPv6."""

from ipaddress import IPv6Address
from typing import Final

from unflux.lab.adversary.population import Holder
from unflux.lab.adversary.scene import Family
from unflux.lab.agents import HOUR_US
from unflux.lab.demand import DAY_US
from unflux.lab.zones import FixedRecords, Host, Timeline, TimelineRecords

DYNAMIC_TTLS_S: Final = (30, 60, 60, 60, 120, 300)
"""Chosen: 2026-11-24; 60 is what the providers give, a customer may ask for others."""


def draw_leases(
    family: Family, holder: Holder, *, begin_us: int, end_us: int
) -> list[tuple[int, str]]:
    """Return from when a home has which address: leases of 24 h or multiples, some longer.

    RIPE Atlas (3,038 probes in 929 ISPs): dynamic addresses commonly change every 24 h or
    multiples of it; many hardly ever.
    """
    rng = family.rng
    period_us = rng.choice((1, 1, 1, 2, 7, 14, 60)) * DAY_US
    moment = begin_us - int(rng.random() * period_us)
    leases = []
    while moment < end_us:
        leases.append((moment, family.population.address(rng, holder)))
        # The line is reset at its hour; now and then it fails before.
        moment += period_us if rng.random() < 0.9 else int(rng.uniform(0.1, 1) * period_us)
        moment += int(rng.uniform(0, 300) * 1_000_000)
    return leases


def _timeline(leases: list[tuple[int, str]]) -> Timeline:
    return Timeline(
        tuple(start for start, _ in leases),
        tuple((address,) if address else () for _, address in leases),
    )


def _add_home(family: Family, leases: list[tuple[int, str]]) -> str:
    """Give a home a name at a dynamic-DNS provider, or, a quarter of them, a domain of its own."""
    rng = family.rng
    host: Host = {"A": TimelineRecords(rng.choice(DYNAMIC_TTLS_S), _timeline(leases))}
    if rng.random() < 0.75:
        domain = family.dynamic_domain(host)
    else:
        domain = family.domain()
        family.add_site(domain, host, family.any_provider())
    family.watch(domain, days=(10, 28))
    if family.number % 2:
        family.forget_ttl(domain)
    return domain


def _any_home(family: Family) -> Holder:
    return family.population.pick(family.rng, "access", 1)[0]


def add_dynamic_dns(family: Family) -> None:
    """Homes whose one address changes at most daily, always at one provider."""
    for _ in range(family.count(10, 30)):
        holder = _any_home(family)
        leases = draw_leases(family, holder, begin_us=family.start_us, end_us=family.end_us)
        _add_home(family, leases)


def add_dynamic_dns_outages(family: Family) -> None:
    """Homes that are gone for hours to days: withdrawn, or with the old address left behind."""
    rng = family.rng
    for _ in range(family.count(4, 12)):
        leases = draw_leases(
            family, _any_home(family), begin_us=family.start_us, end_us=family.end_us
        )
        for _ in range(rng.randint(1, 4)):
            gone_us = int(rng.uniform(family.start_us, family.end_us))
            back_us = gone_us + int(family.log_between(3, 120) * HOUR_US)
            before = [lease for lease in leases if lease[0] < gone_us]
            after = [(start, text) for start, text in leases if start >= back_us]
            returned = family.population.address(rng, _holder_of(family, leases))
            withdrawn = [(gone_us, "")] if rng.random() < 0.5 else []
            leases = [*before, *withdrawn, (back_us, returned), *after]
        _add_home(family, leases)


def add_dynamic_dns_moves(family: Family) -> None:
    """Homes that change their provider once or twice: to another line, or to a telephone's."""
    rng = family.rng
    for _ in range(family.count(3, 8)):
        moves = sorted(
            int(rng.uniform(family.start_us, family.end_us)) for _ in range(rng.randint(1, 2))
        )
        leases: list[tuple[int, str]] = []
        for begin_us, end_us in zip(
            (family.start_us, *moves), (*moves, family.end_us), strict=True
        ):
            part = draw_leases(family, _any_home(family), begin_us=begin_us, end_us=end_us)
            leases += [(max(start, begin_us), text) for start, text in part]
        _add_home(family, leases)


def add_home_over_ipv6(family: Family) -> None:
    """A home's IPv6 address: the /64 stays or changes with the line, the host part each day.

    RFC 8981: temporary addresses are preferred for a day.
    """
    rng = family.rng
    for _ in range(family.count(4, 12)):
        holder = _any_home(family)
        changes_prefix = rng.random() < 0.4
        prefix = family.population.slash64(rng, holder)
        leases = []
        for moment in range(family.start_us - DAY_US, family.end_us, DAY_US):
            if changes_prefix and rng.random() < 0.5:
                prefix = family.population.slash64(rng, holder)
            shift_us = int(rng.random() * HOUR_US)
            leases.append((moment + shift_us, str(IPv6Address(prefix + rng.getrandbits(64)))))
        host: dict[str, TimelineRecords | FixedRecords] = {
            "AAAA": TimelineRecords(rng.choice(DYNAMIC_TTLS_S), _timeline(leases))
        }
        if rng.random() < 0.5:
            address = family.population.address(rng, holder)
            host["A"] = FixedRecords(rng.choice(DYNAMIC_TTLS_S), (address,))
        qtypes = ("A", "AAAA") if "A" in host else ("AAAA",)
        family.watch(family.dynamic_domain(dict(host)), days=(10, 28), qtypes=qtypes)


def _holder_of(family: Family, leases: list[tuple[int, str]]) -> Holder:
    return family.population.holder_of(next(text for _, text in leases if text))
