"""The fast-flux part of a lab's internet: double flux, single flux and slow flux."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from unflux.lab.address_plan import Network
from unflux.lab.agents import AgentPool, PoolShape, single_address_timeline
from unflux.lab.demand import DAY_US
from unflux.lab.draft import GLUE_TTL_S, Draft
from unflux.lab.naming import random_host
from unflux.lab.zones import Delegation, Host, TimelineRecords, Zone

DOUBLE_FLUX_POOL: Final = PoolShape(
    alive_count=120,
    lifetime_h=54,
    online_h=5,
    offline_h=8,
    set_size=8,
    rotation_min=8.2,
    rotation_spread=0.36,
    carried_ratio=0.7,
)
"""Fitted to the dig records published with Huang et al. 2010 (SSFD): a set of 8 stays 8.2 min
(median; 90th percentile 13), 7 of 8 are new in the next one, and one sees 36 addresses in 1 h,
47 in 2 h, 76 in 6 h. Chosen: 2026-11-22; some 140 a day (there 106, in records with gaps)."""

SINGLE_FLUX_POOL: Final = PoolShape(
    alive_count=200,
    lifetime_h=45,
    online_h=5,
    offline_h=5,
    set_size=5,
    rotation_min=6.0,
    rotation_spread=0.3,
    carried_ratio=0.8,
)
"""Chosen: 2026-11-22; some 400 agents in three days, like the smaller networks of Nazario and
Holz 2008."""

DOUBLE_FLUX_DOMAINS: Final = 25
PERSISTENT_DOMAINS: Final = 5
"""Of the double-flux domains, those asked over the whole time."""
WILDCARD_DOMAINS: Final = 10
"""Of the double-flux domains, those asked under random host names."""
DOUBLE_FLUX_TTL_S: Final = 180
DOUBLE_FLUX_NS_TTL_S: Final = 21_600
AGENT_FAILURE_RATIO: Final = 0.046
"""Holz et al. 2008 section 4: 4.60 % of look-ups of fast-flux names failed."""

SINGLE_FLUX_DOMAINS: Final = 3
SINGLE_FLUX_TTL_S: Final = 300
SINGLE_FLUX_NETWORKS: Final = 41

SLOW_FLUX_TTL_S: Final = 3600
SLOW_FLUX_NETWORKS: Final = 18


def add_double_flux(draft: Draft) -> None:
    """Add 25 domains on one pool whose name servers are agents of the pool as well."""
    rng = draft.stream("double flux")
    pool = _pool(draft, rng, DOUBLE_FLUX_POOL, draft.plan.of_kind("access"))
    delegations = _fluxing_delegations(draft, rng, pool)
    answers: Host = {"A": TimelineRecords(DOUBLE_FLUX_TTL_S, pool.answers)}
    for number in range(DOUBLE_FLUX_DOMAINS):
        domain = draft.namer.pronounceable() if number % 2 else draft.namer.generated()
        draft.add(
            Zone(
                apex=domain,
                delegation=delegations[number % len(delegations)],
                hosts={domain: answers},
                wildcard=answers,
                failure_ratio=AGENT_FAILURE_RATIO,
                delay_ms=500,
            ),
            "fast-flux",
            "double-flux",
        )
        has_random_hosts = number % 5 in (1, 4)
        name_of = _asked_names(rng, domain, has_random_hosts=has_random_hosts)
        if number < PERSISTENT_DOMAINS:
            _ask_all_day(draft, rng, name_of, bursts_per_day=16, count=(4, 8))
        else:
            for _ in range(rng.choice((1, 1, 2))):
                draft.demand.burst(name_of, rng.randint(20, 34), length_min=15)


def add_single_flux(draft: Draft) -> None:
    """Add three domains on another pool, with name servers that stay."""
    rng = draft.stream("single flux")
    networks = rng.sample(draft.plan.of_kind("access"), SINGLE_FLUX_NETWORKS)
    pool = _pool(draft, rng, SINGLE_FLUX_POOL, networks)
    delegation = draft.hosted_by(draft.plan.of_kind("hosting")[3])
    answers: Host = {"A": TimelineRecords(SINGLE_FLUX_TTL_S, pool.answers)}
    for _ in range(SINGLE_FLUX_DOMAINS):
        domain = draft.namer.pronounceable()
        draft.add(
            Zone(
                apex=domain,
                delegation=delegation,
                hosts={domain: answers, f"www.{domain}": answers},
            ),
            "fast-flux",
            "single-flux",
        )
        name_of = _asked_names(rng, f"www.{domain}", has_random_hosts=False)
        _ask_all_day(draft, rng, name_of, bursts_per_day=30, count=(4, 9))


def add_slow_flux(draft: Draft) -> None:
    """Add a name with one address at a time, replaced by hand in working hours."""
    rng = draft.stream("slow flux")
    networks = rng.sample(draft.plan.of_kind("hosting"), SLOW_FLUX_NETWORKS)
    timeline = single_address_timeline(
        rng,
        lambda: draft.plan.allocate(rng, rng.choice(networks)),
        start_us=draft.demand.start_us,
        end_us=draft.demand.end_us,
        stay_h=(1.0, 2.2),
        working_hours=(7, 18),
    )
    domain = draft.namer.pronounceable()
    host: Host = {"A": TimelineRecords(SLOW_FLUX_TTL_S, timeline)}
    draft.add(
        Zone(
            apex=domain,
            delegation=draft.hosted_by(draft.plan.of_kind("hosting")[11]),
            hosts={domain: host},
        ),
        "fast-flux",
        "slow-flux",
    )
    draft.demand.poll(domain, every_min=18, vantage="north")
    draft.demand.poll(domain, every_min=25, vantage="south")


def _pool(draft: Draft, rng: Random, shape: PoolShape, networks: Sequence[Network]) -> AgentPool:
    return AgentPool(
        shape,
        rng,
        lambda: draft.plan.allocate_spread(rng, networks, 1)[0],
        start_us=draft.demand.start_us,
        end_us=draft.demand.end_us,
    )


def _fluxing_delegations(draft: Draft, rng: Random, pool: AgentPool) -> tuple[Delegation, ...]:
    """Return two delegations, each to two hosts in each of two name-server domains."""
    glue: dict[str, Host] = {}
    for _ in range(2):
        domain = draft.namer.pronounceable()
        for number in range(1, 5):
            timeline = pool.name_server_timeline(rng, stay_h=(2.0, 6.0))
            glue[f"ns{number}.{domain}"] = {"A": TimelineRecords(GLUE_TTL_S, timeline)}
    hosts = tuple(glue)
    shares = (hosts[0:2] + hosts[4:6], hosts[2:4] + hosts[6:8])
    return tuple(
        Delegation(
            hosts=share, ns_ttl_s=DOUBLE_FLUX_NS_TTL_S, glue={host: glue[host] for host in share}
        )
        for share in shares
    )


def _asked_names(rng: Random, name: str, *, has_random_hosts: bool) -> Callable[[], str]:
    if has_random_hosts:
        return lambda: random_host(rng, name)
    return lambda: name


def _ask_all_day(
    draft: Draft,
    rng: Random,
    name_of: Callable[[], str],
    *,
    bursts_per_day: int,
    count: tuple[int, int],
) -> None:
    """Let bursts of 15 min come by day and by night: machines ask here, not only people."""
    demand = draft.demand
    step_us = DAY_US // bursts_per_day
    for begin_us in range(demand.start_us, demand.end_us - step_us + 1, step_us):
        shift_us = int(rng.random() * step_us * 0.6)
        demand.burst(name_of, rng.randint(*count), length_min=15, begin_us=begin_us + shift_us)
