"""A generated internet under construction, and one family in it: an operator or a provider."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

import numpy as np

from unflux.lab.adversary.asking import VANTAGES, Asking, Name
from unflux.lab.adversary.population import Holder, Population, build_population
from unflux.lab.agents import HOUR_US
from unflux.lab.demand import DAY_US
from unflux.lab.draft import GLUE_TTL_S, NS_TTL_S
from unflux.lab.naming import RESERVED_TLDS, Namer
from unflux.lab.zones import Delegation, FixedRecords, Host, Records, Vantage, Zone

Label = Literal["fastflux", "benign", "cdn", "pool", "p2p-seed", "malicious", "unknown"]
"""``unknown`` is what nobody is scored on: domains of name servers alone."""

DNS_PROVIDERS: Final = 40
"""Registrars and DNS companies whose servers good and bad customers share."""

DYNAMIC_SUFFIXES: Final = (
    "ddns.net", "duckdns.org", "dynv6.net", "hopto.org", "ddnsking.com", "dynu.net", "ddnss.de",
)  # fmt: skip
"""Private suffixes of the public suffix list. No reserved name is one, and what the scenarios are
about is that each customer below such a suffix is a domain of its own."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a registrable domain is."""

    label: Label
    kind: str
    family: str


@dataclass(slots=True)
class Scene:
    """What the families put in; each draws from a random stream of its own."""

    seed: int
    scale: float
    asking: Asking
    population: Population = field(init=False)
    zones: dict[str, Zone] = field(default_factory=dict)
    truth: dict[str, Truth] = field(default_factory=dict)
    without_ttl: set[str] = field(default_factory=set)
    """Names whose records come from a source that keeps no TTL."""
    namer: Namer = field(init=False)
    providers: list[Delegation] = field(init=False)
    near: dict[Vantage, list[Holder]] = field(init=False)
    """Access networks around each vantage."""
    _dynamic_hosts: dict[str, dict[str, Host]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = self.stream("scene")
        self.population = build_population(self.stream("population"))
        self.namer = Namer(self.stream("names"), RESERVED_TLDS)
        access = self.population.of_kind("access")
        self.near = {vantage: rng.sample(access, 6) for vantage in VANTAGES}
        self.providers = []
        for tld in RESERVED_TLDS:
            self.zones[tld] = Zone(apex=tld, delegation=self._provider(rng))
        self.providers = [self._provider(rng) for _ in range(DNS_PROVIDERS)]
        for suffix in DYNAMIC_SUFFIXES:
            hosts = self._dynamic_hosts[suffix] = {}
            self.zones[suffix] = Zone(
                apex=suffix, delegation=self._provider(rng), hosts=hosts, negative_ttl_s=60
            )

    def stream(self, part: str) -> Random:
        """Return the random stream of a part; it depends on nothing else drawn."""
        return Random(f"{self.seed}/{part}")  # noqa: S311 - a simulation, not a secret

    def add(self, zone: Zone) -> None:
        """Add a zone."""
        if zone.apex in self.zones:
            raise ValueError(f"zone {zone.apex} is there already")
        self.zones[zone.apex] = zone

    def add_dynamic(self, suffix: str, domain: str, host: Host) -> None:
        """Add a customer of a dynamic-DNS provider."""
        self._dynamic_hosts[suffix][domain] = host

    def stable_delegation(
        self, rng: Random, domain: str, holders: Sequence[Holder], count: int
    ) -> Delegation:
        """Return ``count`` name servers below ``domain`` whose addresses never change."""
        glue: dict[str, Host] = {}
        for number in range(count):
            holder = holders[number % len(holders)]
            host: dict[str, Records] = {
                "A": FixedRecords(GLUE_TTL_S, (self.population.address(rng, holder),))
            }
            if number == 0 and rng.random() < 0.4:
                host["AAAA"] = FixedRecords(GLUE_TTL_S, (self.population.address6(rng, holder),))
            glue[f"ns{number + 1}.{domain}"] = host
        return Delegation(hosts=tuple(glue), ns_ttl_s=NS_TTL_S, glue=glue)

    def _provider(self, rng: Random) -> Delegation:
        domain = self.namer.any_sort()
        self.truth[domain] = Truth("unknown", "name-servers", domain)
        holders = self.population.pick(rng, "hosting", rng.randint(1, 3))
        return self.stable_delegation(rng, domain, holders, rng.randint(2, 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One operator or provider of a scenario, with its own random stream."""

    scene: Scene
    label: Label
    kind: str
    name: str
    number: int
    """Which of the scenario's families it is, from 0."""
    rng: Random
    draws: np.random.Generator

    @property
    def start_us(self) -> int:
        """The first moment of the records."""
        return self.scene.asking.start_us

    @property
    def end_us(self) -> int:
        """The end of the records."""
        return self.scene.asking.end_us

    @property
    def day_end_us(self) -> int:
        """The end of the first day, within which everything fast happens."""
        return self.start_us + DAY_US

    @property
    def population(self) -> Population:
        """Who holds which addresses."""
        return self.scene.population

    def count(self, low: int, high: int) -> int:
        """Return a number of domains, drawn evenly by magnitude and scaled; at least 1."""
        return max(1, round(self.log_between(low, high) * self.scene.scale))

    def log_between(self, low: float, high: float) -> float:
        """Return a number between the two, each magnitude as likely as the next."""
        return math.exp(self.rng.uniform(math.log(low), math.log(high)))

    def log_integer(self, low: int, high: int) -> int:
        """Return an integer from low to high, each magnitude as likely as the next."""
        return round(self.log_between(low, high))

    def domain(self, *, is_generated: bool = False, label: Label | None = None) -> str:
        """Return a new registrable domain of the family and keep the truth about it."""
        namer = self.scene.namer
        domain = namer.generated() if is_generated else namer.any_sort()
        self.scene.truth[domain] = Truth(label or self.label, self.kind, self.name)
        return domain

    def server_domain(self) -> str:
        """Return a new domain of name servers alone; nobody is scored on it."""
        domain = self.scene.namer.any_sort()
        self.scene.truth[domain] = Truth("unknown", "name-servers", self.name)
        return domain

    def label_only(self, domain: str) -> None:
        """Keep the truth about a domain that has no zone."""
        self.scene.truth[domain] = Truth(self.label, self.kind, self.name)

    def dynamic_domain(self, host: Host) -> str:
        """Return a new customer's name below a dynamic-DNS suffix, with its records."""
        suffix = self.rng.choice(DYNAMIC_SUFFIXES)
        # Five more characters keep an invented name from being somebody's.
        tail = "".join(self.rng.choices("abcdefghijkmnpqrstuvwxyz23456789", k=5))
        domain = f"{self.scene.namer.pronounceable().split('.', 1)[0]}{tail}.{suffix}"
        self.scene.truth[domain] = Truth(self.label, self.kind, self.name)
        self.scene.add_dynamic(suffix, domain, host)
        return domain

    def any_provider(self) -> Delegation:
        """Return the name servers of a DNS company that others use, too."""
        return self.rng.choice(self.scene.providers)

    def own_servers(self, domain: str, holders: Sequence[Holder], count: int) -> Delegation:
        """Return name servers of its own, which stay."""
        return self.scene.stable_delegation(self.rng, domain, holders, count)

    def add_site(
        self,
        domain: str,
        host: Host,
        delegation: Delegation,
        *,
        wildcard: Host | None = None,
        others: dict[str, Host] | None = None,
        failure_ratio: float = 0.0,
        delay_ms: float = 40.0,
        warm_ratio: float | None = None,
    ) -> None:
        """Add the zone of a domain whose apex and www have the same records.

        Unless said otherwise, it is anything from unknown to so popular that caches are warm.
        """
        hosts: dict[str, Host] = {domain: host, f"www.{domain}": host, **(others or {})}
        self.scene.add(
            Zone(
                apex=domain,
                delegation=delegation,
                hosts=hosts,
                wildcard=wildcard,
                failure_ratio=failure_ratio,
                delay_ms=delay_ms,
                warm_ratio=self.rng.random() if warm_ratio is None else warm_ratio,
            )
        )

    def some_vantages(self, low: int, high: int) -> tuple[Vantage, ...]:
        """Return from where a name is asked: most often from few places."""
        count = low
        while count < high and self.rng.random() < 0.45:
            count += 1
        return tuple(self.rng.sample(VANTAGES, count))

    def visit(
        self,
        domain: str,
        count: int,
        *,
        span_us: int | None = None,
        names: Sequence[str] = (),
        apex_ratio: float = 0.3,
    ) -> None:
        """Let people ask for a site, by default within the first day.

        They ask for the apex, www, or, where there are, other ``names``. Half of the sites are
        asked within some hours only: a day of an office (M57, 2009) has 75 % of its names within
        1.5 h and 90 % within 5 h.
        """
        rng = self.rng
        begin_us = self.start_us
        end_us = self.day_end_us if span_us is None else self.start_us + span_us
        if span_us is None and rng.random() < 0.6:
            length_us = int(self.log_between(0.05, 8) * HOUR_US)
            begin_us += int(rng.uniform(0.3, 1) * (end_us - begin_us - length_us))
            end_us = begin_us + length_us

        def name() -> str:
            if names and rng.random() < 0.5:
                return rng.choice(names)
            return domain if rng.random() < apex_ratio else f"www.{domain}"

        self.scene.asking.visits(
            rng,
            name,
            count,
            begin_us=begin_us,
            end_us=end_us,
            vantages=self.some_vantages(1, 6),
        )

    def visit_all_day(
        self, name: Name, count: int, *, vantages: tuple[Vantage, ...] = VANTAGES
    ) -> None:
        """Let people ask for a name, or for what a function draws, through all of the first day."""
        self.scene.asking.visits(
            self.rng, name, count,
            begin_us=self.start_us, end_us=self.day_end_us, vantages=vantages,
        )  # fmt: skip

    def watch(
        self,
        domain: str,
        *,
        days: tuple[float, float] = (14, 28),
        every_min: tuple[float, float] = (40, 120),
        qtypes: tuple[str, ...] = ("A",),
    ) -> tuple[int, int]:
        """Ask about hourly for days or weeks, from one vantage; return begin and end."""
        span_us = int(self.rng.uniform(*days) * DAY_US)
        begin_us = self.start_us + int(
            self.rng.random() * max(0, self.end_us - span_us - self.start_us)
        )
        end_us = min(begin_us + span_us, self.end_us)
        self.scene.asking.poll(
            self.rng,
            domain,
            every_min=self.log_between(*every_min),
            vantage=self.rng.choice(VANTAGES),
            begin_us=begin_us,
            end_us=end_us,
            qtypes=qtypes,
        )
        return begin_us, end_us

    def forget_ttl(self, domain: str) -> None:
        """Keep no TTL of a name's records, as archives of resolutions often do."""
        self.scene.without_ttl.add(domain)
