"""Content delivery in a lab's internet: three providers, their customers, and a big portal."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from unflux.lab.address_plan import Network
from unflux.lab.draft import Draft
from unflux.lab.zones import (
    VANTAGES,
    Delegation,
    DrawnRecords,
    FixedRecords,
    Host,
    Vantage,
    Zone,
)

CDN_CUSTOMERS: Final = 30
PROVIDERS: Final = (
    ("swift-edge.example", slice(0, 2)),
    ("nimbus-delivery.example", slice(2, 4)),
    ("relay-media.example", slice(4, 5)),
)
"""Domain of each provider and its share of the content networks."""
EDGES_PER_RACK: Final = 24
CACHES_AT_AN_ISP: Final = 12
"""Servers of a provider inside the access network of a vantage."""


@dataclass(slots=True)
class _Provider:
    domain: str
    delegation: Delegation
    edges: dict[Vantage, tuple[str, ...]]
    hosts: dict[str, Host] = field(default_factory=dict)

    def map_customer(self, rng: Random, label: str) -> str:
        """Enter a customer into the provider's zone; return the name to point a CNAME at."""
        near = {
            vantage: tuple(rng.sample(edges, rng.randint(16, 32)))
            for vantage, edges in self.edges.items()
        }
        ttl_s = rng.choice((20, 30, 60))
        target = f"e{rng.randrange(1000, 9999)}.map.{self.domain}"
        self.hosts[target] = {
            "A": DrawnRecords(
                ttl_s, near, rng.randint(2, 4), ttl_s * 1_000_000, f"{target}/{rng.random()}"
            )
        }
        if rng.random() < 0.5:
            return target
        alias = f"{label}.{self.domain}"
        self.hosts[alias] = {"CNAME": FixedRecords(300, (target,))}
        return alias


def add_content_delivery(draft: Draft) -> None:
    """Add the providers, thirty customers and the portal that buys from two of them."""
    rng = draft.stream("content delivery")
    content = draft.plan.of_kind("content")
    isps = rng.sample(draft.plan.of_kind("access"), len(VANTAGES))
    providers = [_provider(draft, rng, domain, content[share], isps) for domain, share in PROVIDERS]
    for number in range(CDN_CUSTOMERS):
        _add_customer(draft, rng, providers[number % len(providers)])
    _add_portal(draft, rng, content[5], providers)
    for provider in providers:
        draft.add_unasked(
            Zone(apex=provider.domain, delegation=provider.delegation, hosts=provider.hosts)
        )


def _provider(
    draft: Draft,
    rng: Random,
    domain: str,
    networks: tuple[Network, ...],
    isps: list[Network],
) -> _Provider:
    edges: dict[Vantage, tuple[str, ...]] = {}
    for vantage, isp in zip(VANTAGES, isps, strict=True):
        near = draft.plan.allocate_block(rng, isp, CACHES_AT_AN_ISP)
        for network in (*networks, networks[0]):
            near += draft.plan.allocate_block(rng, network, EDGES_PER_RACK)
        edges[vantage] = near
    delegation = draft.stable_delegation(rng, domain, networks, 4)
    return _Provider(domain=domain, delegation=delegation, edges=edges)


def _add_customer(draft: Draft, rng: Random, provider: _Provider) -> None:
    domain = draft.namer.plain()
    hoster = rng.choice(draft.plan.of_kind("hosting"))
    target = provider.map_customer(rng, domain.split(".", maxsplit=1)[0])
    hosts: dict[str, Host] = {
        domain: {"A": FixedRecords(3600, (draft.plan.allocate(rng, hoster),))},
        f"www.{domain}": {"CNAME": FixedRecords(rng.choice((300, 3600)), (target,))},
    }
    draft.add(Zone(apex=domain, delegation=draft.hosted_by(hoster), hosts=hosts), "benign", "cdn")
    draft.demand.visits(
        lambda: domain if rng.random() < 0.08 else f"www.{domain}", 32, aaaa_ratio=0.08
    )


def _add_portal(draft: Draft, rng: Random, network: Network, providers: list[_Provider]) -> None:
    """Add a portal: a round robin of its own, pictures and films from two providers."""
    domain = "big-portal.example"
    own = draft.plan.allocate_block(rng, network, 8)
    hosts: dict[str, Host] = {
        domain: {"A": FixedRecords(300, own[:4])},
        f"www.{domain}": {"A": FixedRecords(300, own[:4])},
        f"mail.{domain}": {"A": FixedRecords(600, own[4:6])},
        f"news.{domain}": {"A": FixedRecords(300, own[6:])},
        f"img.{domain}": {
            "CNAME": FixedRecords(600, (providers[0].map_customer(rng, "big-portal-img"),))
        },
        f"film.{domain}": {
            "CNAME": FixedRecords(600, (providers[1].map_customer(rng, "big-portal-film"),))
        },
    }
    delegation = draft.stable_delegation(rng, domain, (network,), 4)
    draft.add(Zone(apex=domain, delegation=delegation, hosts=hosts), "benign", "multi-provider")
    names = tuple(hosts)
    draft.demand.visits(lambda: rng.choice(names), 260, aaaa_ratio=0.1)
