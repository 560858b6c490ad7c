"""The innocent neighbours of a testbed: what looks like fast flux, and ordinary web servers."""

from typing import Final

from unflux.lab.testbed.blueprint import HOSTER_VIEW, Client, Rotation, Site
from unflux.lab.testbed.draft import Draft
from unflux.model.verdicts import Kind

DELIVERY: Final = "swift-edge.example"
DELIVERY_TTL_S: Final = 20.0
CDN_CUSTOMERS: Final = 3
PLAIN_SITES: Final = 8
REVERSE_PROXIED_SITES: Final = 2
VOLUNTEERS: Final = 40
NODES: Final = 30
NEAR_NODES: Final = 4
"""Of them, subscribers of the tapped network."""
DYNAMIC_DNS_HOMES: Final = 2
HOME_SERVERS: Final = 2
PROXY_PORTS: Final = (80, 3128)


def add_delivery(draft: Draft) -> None:
    """Add a content delivery network: caches in two racks, answers of its own to each resolver."""
    rng = draft.stream("delivery")
    content = draft.plan.of_kind("content")
    racks = {
        "north": draft.rack("fronts", draft.isp, 6) + draft.rack("fronts", content[0], 4),
        "south": draft.rack("fronts", content[0], 6) + draft.rack("fronts", content[1], 6),
    }
    host = f"ns1.{DELIVERY}"
    draft.glue[host] = draft.delivery
    draft.delegations[DELIVERY] = (host,)
    owners = []
    for _ in range(CDN_CUSTOMERS):
        domain = draft.namer.plain()
        owner = f"e{rng.randrange(1000, 9999)}.map.{DELIVERY}"
        owners.append(owner)
        origin = draft.server("origins", rng.choice(draft.plan.of_kind("hosting")))
        www = f"www.{domain}"
        draft.host_zone(domain, [f"{www}. {draft.ttl(3600)} CNAME {owner}."])
        draft.sites.append(
            Site(
                domain=domain, kind="alias", family=DELIVERY, qnames=(www,),
                addresses=racks["north"] + racks["south"], backend=origin, is_cached=True,
                weight=2.0,
            )
        )  # fmt: skip
    for vantage, rack in racks.items():
        view = f"delivery-{vantage}"
        draft.serve_zone(DELIVERY, view, (host,), [f"{host}. 3600 A {draft.delivery}"])
        draft.rotations.extend(
            Rotation(
                owner=owner, view=view, server=draft.delivery, ttl_s=draft.ttl(DELIVERY_TTL_S),
                every_s=draft.span(3 * DELIVERY_TTL_S), candidates=rack, count=3,
            )
            for owner in owners
        )  # fmt: skip
    draft.sites.append(
        Site(domain=DELIVERY, kind="cdn", family=DELIVERY, qnames=(), addresses=(), weight=0.0)
    )


def add_plain_sites(draft: Draft) -> None:
    """Add ordinary web servers: one address each, or two sites on one."""
    rng = draft.stream("plain sites")
    address = ""
    for number in range(PLAIN_SITES):
        if number % 3 != 2:
            address = draft.server("fronts", rng.choice(draft.plan.of_kind("hosting")))
        _add_site(draft, "static", (address,), ttl_s=rng.choice((3600, 14_400, 86_400)))


def add_reverse_proxied(draft: Draft) -> None:
    """Add sites behind an ordinary reverse proxy whose backend stands in the same network."""
    rng = draft.stream("reverse proxied")
    for _ in range(REVERSE_PROXIED_SITES):
        network = rng.choice(draft.plan.of_kind("hosting"))
        backend = draft.server("origins", network)
        _add_site(draft, "static", (draft.server("fronts", network),), ttl_s=3600, backend=backend)


def add_round_robin(draft: Draft) -> None:
    """Add a site of five fixed addresses in one rack."""
    rng = draft.stream("round robin")
    rack = draft.rack("fronts", rng.choice(draft.plan.of_kind("hosting")), 5)
    _add_site(draft, "round-robin", rack, ttl_s=300, weight=2.0)


def add_pool(draft: Draft) -> None:
    """Add an NTP-style pool: four of forty volunteers an answer, a new draw every 150 s."""
    rng = draft.stream("pool")
    hosting = draft.plan.of_kind("hosting")
    volunteers = tuple(draft.server("fronts", rng.choice(hosting)) for _ in range(VOLUNTEERS))
    domain = "time.example"
    names = tuple(f"{number}.pool.{domain}" for number in range(4))
    _add_rotating(draft, domain, names, "pool", volunteers, ttl_s=150, count=4)


def add_peer_seed(draft: Draft) -> None:
    """Add the seed of a peer-to-peer network: twelve of thirty nodes an answer."""
    rng = draft.stream("peer seed")
    near = tuple(draft.home(rng, (draft.isp,)) for _ in range(NEAR_NODES))
    nodes = near + tuple(draft.home(rng, draft.abroad) for _ in range(NODES - NEAR_NODES))
    domain = "coin.example"
    draft.clients += [
        Client(
            address=node, segment="subscribers", resolver=draft.resolvers["north"],
            wants=(f"seed.{domain}",),
        )
        for node in near
    ]  # fmt: skip
    _add_rotating(draft, domain, (f"seed.{domain}",), "peer-seed", nodes, ttl_s=60, count=12)


def add_dynamic_dns(draft: Draft) -> None:
    """Add homes whose one address is replaced every 24 h by another of the same network."""
    rng = draft.stream("dynamic dns")
    for _ in range(DYNAMIC_DNS_HOMES):
        network = rng.choice(draft.abroad)
        lines = tuple(draft.home(rng, (network,)) for _ in range(6))
        domain = draft.namer.pronounceable()
        _add_rotating(
            draft, domain, (domain,), "dynamic-dns", lines, ttl_s=60, count=1, every_s=86_400
        )


def add_home_servers(draft: Draft) -> None:
    """Add sites on machines of subscribers, whose owners browse from the same address."""
    rng = draft.stream("home servers")
    for _ in range(HOME_SERVERS):
        address = draft.home(rng, (draft.isp,))
        _add_site(draft, "static", (address,), ttl_s=300)
        draft.clients.append(
            Client(
                address=address, segment="subscribers", resolver=draft.resolvers["north"],
                is_idle=True,
            )
        )  # fmt: skip


def add_update_site(draft: Draft) -> None:
    """Add a small site that all homes poll, as operating systems do."""
    rng = draft.stream("updates")
    address = draft.server("fronts", rng.choice(draft.plan.of_kind("hosting")))
    _add_site(draft, "static", (address,), ttl_s=3600, weight=0.0)
    draft.update_site = draft.sites[-1].domain


POPULATIONS: Final = (
    add_delivery,
    add_plain_sites,
    add_reverse_proxied,
    add_round_robin,
    add_pool,
    add_peer_seed,
    add_dynamic_dns,
    add_home_servers,
    add_update_site,
)


def _add_site(
    draft: Draft,
    kind: Kind,
    addresses: tuple[str, ...],
    *,
    ttl_s: float,
    backend: str | None = None,
    weight: float = 1.0,
) -> None:
    domain = draft.namer.plain()
    names = (domain, f"www.{domain}")
    records = [f"{name}. {draft.ttl(ttl_s)} A {a}" for name in names for a in addresses]
    draft.host_zone(domain, records)
    draft.sites.append(
        Site(
            domain=domain, kind=kind, family=domain, qnames=names, addresses=addresses,
            backend=backend, weight=weight,
        )
    )  # fmt: skip


def _add_rotating(
    draft: Draft,
    domain: str,
    names: tuple[str, ...],
    kind: Kind,
    candidates: tuple[str, ...],
    *,
    ttl_s: float,
    count: int,
    every_s: float | None = None,
) -> None:
    draft.host_zone(domain, ())
    draft.sites.append(
        Site(domain=domain, kind=kind, family=domain, qnames=names, addresses=candidates)
    )
    draft.rotations.extend(
        Rotation(
            owner=name, view=HOSTER_VIEW, server=draft.hosters[0], ttl_s=draft.ttl(ttl_s),
            every_s=draft.span(ttl_s if every_s is None else every_s), candidates=candidates,
            count=count,
        )
        for name in names
    )  # fmt: skip
