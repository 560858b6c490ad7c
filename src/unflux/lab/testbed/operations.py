"""The fast-flux operations of a testbed: single flux, double flux and slow flux."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final

from unflux.lab.address_plan import Network
from unflux.lab.testbed.blueprint import Agent, Operation, Segment, Software
from unflux.lab.testbed.draft import Draft
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.presence import (
    DAY_H,
    Interval,
    expected_addresses,
    in_seconds,
    live,
    part_daily,
)

SOFTWARE: Final[tuple[Software, ...]] = ("nginx", "stream", "haproxy")
LARGE_POOLS: Final = 2
"""Single flux and double flux."""
ISP_RATIO: Final = 0.25
"""Agents that are subscribers of the tapped network. Chosen: 2026-11-28; of 12 places three
are seen at the edge."""

SINGLE_FLUX_DOMAINS: Final = 3
DOUBLE_FLUX_DOMAINS: Final = 4
NS_ROTATION_S: Final = 4 * 3600.0
"""A name server of the double-flux pool of the small internet stays 2 to 6 h."""
SLOW_FLUX_HOSTS: Final = 6
SLOW_FLUX_STAY_S: Final = 90 * 60.0
POLL_S: Final = 600.0
"""How often agents ask for their configuration. Chosen: 2026-11-28; ten seconds when compressed
by 60, so that half a minute shows three polls of each agent."""


def draw_single_flux(draft: Draft) -> Operation:
    """Draw names on a pool of homes whose name servers are a hoster's."""
    rng = draft.stream("single flux")
    title = "single"
    domains = tuple(draft.namer.pronounceable() for _ in range(SINGLE_FLUX_DOMAINS))
    for domain in domains:
        draft.host_zone(domain, ())
    return Operation(
        title=title,
        kind="single-flux",
        domains=domains,
        agents=_draw_pool(draft, rng, title),
        mothership=draft.server("origins", draft.plan.of_kind("hosting")[7]),
        controller=draft.server("origins", draft.plan.of_kind("hosting")[8]),
        name_server=draft.hosters[0],
        set_size=5,
        ttl_s=draft.ttl(300),
        rotation_s=draft.span(6 * 60),
        ns_rotation_s=0.0,
        poll_s=draft.span(POLL_S),
    )


def draw_double_flux(draft: Draft) -> Operation:
    """Draw names on a pool whose agents relay UDP 53 too; one of them is the honeypot."""
    rng = draft.stream("double flux")
    title = "double"
    operation = Operation(
        title=title,
        kind="double-flux",
        domains=tuple(draft.namer.generated() for _ in range(DOUBLE_FLUX_DOMAINS)),
        agents=(_draw_honeypot(draft, rng), *_draw_pool(draft, rng, title)),
        mothership=draft.server("origins", draft.plan.of_kind("hosting")[10]),
        controller=draft.server("origins", draft.plan.of_kind("hosting")[11]),
        name_server=draft.registry,
        set_size=8,
        ttl_s=draft.ttl(180),
        rotation_s=draft.span(8 * 60),
        ns_rotation_s=draft.span(NS_ROTATION_S),
        poll_s=draft.span(POLL_S),
    )
    for domain in operation.domains:
        hosts = operation.name_hosts(domain)
        # A zone loads with addresses for its name servers; the operator moves them at once.
        first = [f"{host}. 1 A {operation.agents[0].address}" for host in hosts]
        draft.serve_zone(domain, operation.own_view, hosts, first)
        draft.delegations[domain] = hosts
    return operation


def draw_slow_flux(draft: Draft) -> Operation:
    """Draw a name that has one rented server at a time."""
    rng = draft.stream("slow flux")
    domain = draft.namer.pronounceable()
    draft.host_zone(domain, ())
    whole = (0.0, draft.options.minutes * 60)
    networks = rng.sample(draft.plan.of_kind("hosting")[12:], SLOW_FLUX_HOSTS)
    agents = []
    for network in networks:
        address = draft.server("abroad", network)
        agents.append(
            Agent(
                address=address, host=address, asn=network.asn, segment="abroad", software="nginx",
                online_s=(whole,),
            )
        )  # fmt: skip
    return Operation(
        title="slow",
        kind="slow-flux",
        domains=(domain,),
        agents=tuple(agents),
        mothership=draft.server("origins", draft.plan.of_kind("hosting")[9]),
        controller=draft.server("origins", draft.plan.of_kind("hosting")[9]),
        name_server=draft.hosters[1],
        set_size=1,
        ttl_s=draft.ttl(3600),
        rotation_s=draft.span(SLOW_FLUX_STAY_S),
        ns_rotation_s=0.0,
        poll_s=draft.span(POLL_S),
    )


def expected_agents(options: Options) -> float:
    """Return about how many agents the pools of these options have, before any is drawn."""
    return expected_addresses(
        LARGE_POOLS * options.agents, length_h=options.length_h, renumbered=options.renumbered
    )


def _draw_pool(draft: Draft, rng: Random, title: str) -> tuple[Agent, ...]:
    length_h = draft.options.length_h
    renumbering = draft.stream(f"renumbering {title}")
    agents: list[Agent] = []
    for place in range(draft.options.agents):
        for online_h in live(rng, length_h=length_h):
            is_near = place < draft.options.agents * ISP_RATIO
            networks = (draft.isp,) if is_near else draft.abroad
            agent = _draw_agent(draft, rng, networks, online_h)
            if renumbering.random() < draft.options.renumbered and online_h:
                agents += _renumber(draft, renumbering, agent, online_h)
            else:
                agents.append(agent)
    return tuple(agents)


def _renumber(
    draft: Draft, rng: Random, agent: Agent, online_h: tuple[Interval, ...]
) -> Iterator[Agent]:
    """Yield an agent at each address that its provider gives it, day by day."""
    address = agent.address
    for number, online in enumerate(part_daily(online_h, renewed_h=rng.uniform(0, DAY_H))):
        if number:
            address = draft.renumber(rng, agent.address)
        yield replace(agent, address=address, online_s=in_seconds(online, draft.options.compress))


def _draw_agent(
    draft: Draft, rng: Random, networks: tuple[Network, ...], online_h: tuple[Interval, ...]
) -> Agent:
    address = draft.home(rng, networks)
    return Agent(
        address=address,
        host=address,
        asn=draft.asn_of(address),
        segment=draft.segment_of(address),
        software=rng.choice(SOFTWARE),
        online_s=in_seconds(online_h, draft.options.compress),
    )


def _draw_honeypot(draft: Draft, rng: Random) -> Agent:
    segment: Segment = "honeypot"
    address = draft.home(rng, draft.abroad, segment)
    return Agent(
        address=address,
        host=address,
        asn=draft.asn_of(address),
        segment=segment,
        software="nginx",
        online_s=((0.0, draft.options.minutes * 60),),
    )
