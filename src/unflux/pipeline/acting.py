"""Act: records in, a plan of countermeasures out, through the one gate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa

from unflux.act.gate import Gate
from unflux.act.policy import decide
from unflux.act.proposals import find_guilty, propose
from unflux.act.surroundings import Surroundings, look_around
from unflux.engine.connection import Engine
from unflux.engine.store_part import Around
from unflux.model.actions import ADDRESS_BLOCKS, Action, Plan, Proposal
from unflux.model.columns import TEXT
from unflux.model.traces import RelayTarget
from unflux.model.verdicts import FluxNetwork, Outcome, ScanResult
from unflux.pipeline.acting_steps import (
    ADDRESS_USES,
    DELEGATIONS,
    FRONTS,
    HOST_ADDRESSES,
    HOST_USES,
    MOVES,
    OUTCOMES,
    SERVERS,
)
from unflux.pipeline.analysis import Analysis
from unflux.pipeline.gathering import Gathered, Options
from unflux.pipeline.scanning import analysed, compose_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stood before this run, and what somebody outside DNS has seen."""

    actions: tuple[Action, ...] = ()
    confirmed: frozenset[str] = frozenset()
    convicted_until: Mapping[str, datetime] = field(default_factory=dict)
    """Of domains that stand blocked, in a window that slides: what was seen until then had them
    blocked. Who is refused is seen no more, and what spoke against it leaves the window: that
    acquits nobody, and is no reason to refuse now what passed before."""
    traced: tuple[RelayTarget, ...] = ()
    """Hosts that agents were seen relaying to."""


def plan(
    gathered: Gathered, options: Options, gate: Gate, standing: Standing
) -> tuple[ScanResult, Plan]:
    """Judge what was gathered, and decide what may be done about it."""
    with analysed(gathered, options) as (engine, analysis):
        result = compose_result(engine, analysis, gathered, list_all=False, domain=None)
        return result, plan_analysed(engine, result, gate, standing)


def plan_analysed(engine: Engine, result: ScanResult, gate: Gate, standing: Standing) -> Plan:
    """Decide what may be done about what was found, with the analysis still in the engine.

    The gate's ``background`` is counted here; records that hold nothing say nothing, so that what
    stands is not withdrawn for want of them.
    """
    result = replace(result, networks=_with_motherships(result.networks, standing.traced))
    around = _look_around(engine, result, standing.actions)
    seen = sum(result.totals.values()) > 0
    innocent = result.totals["benign"] + result.totals["undecided"]
    gate = replace(gate, background=innocent if seen else gate.limits.background)
    guilty = find_guilty(result.verdicts, around, gate.is_named_innocent)
    proposals = propose(
        result.verdicts,
        result.networks,
        around,
        guilty=guilty,
        confirmed=standing.confirmed | {a for target in standing.traced for a in target.agents},
        traced={target.address: target for target in standing.traced},
        is_own=lambda address: gate.own.block_of(address) is not None,
    )
    proposals = _without_rests(proposals, standing)
    before = [_refresh(action, around, guilty) for action in standing.actions]
    verdicts = _verdicts_of(engine, standing)
    return decide(proposals, gate, standing=before, verdicts=verdicts)


def _with_motherships(
    networks: Iterable[FluxNetwork], traced: Sequence[RelayTarget]
) -> tuple[FluxNetwork, ...]:
    """Give each network the hosts that its agents were seen relaying to."""
    found = []
    for network in networks:
        agents = {agent.address for agent in network.agents}
        # An agent may relay to another one; that is an agent still.
        hosts = {target.address for target in traced if target.agents & agents} - agents
        motherships = tuple(sorted(hosts | set(network.motherships)))
        found.append(replace(network, motherships=motherships))
    return tuple(found)


def surroundings_of(analysis: Analysis, standing: Standing) -> Around:
    """Return whose records a plan asks for: of the convicted, of what stood, of what was traced."""
    stood_at, stood_hosts = _stood(standing.actions)
    return Around(
        domains=analysis.members["domain"].to_pylist(),
        addresses=[*stood_at, *(target.address for target in standing.traced)],
        hosts=stood_hosts,
    )


def _stood(actions: Sequence[Action]) -> tuple[list[str], list[str]]:
    """Return the addresses and the name-server hosts that were refused."""
    return (
        [action.target for action in actions if action.kind in ADDRESS_BLOCKS],
        [action.target for action in actions if action.kind == "block-name-server"],
    )


def _look_around(engine: Engine, result: ScanResult, before: Sequence[Action]) -> Surroundings:
    """Ask the records for the neighbours of every agent and host, and of what stood before."""
    stood_at, stood_hosts = _stood(before)
    addresses = {agent.address for network in result.networks for agent in network.agents}
    addresses |= {address for network in result.networks for address in network.motherships}
    hosts = {host for network in result.networks for host in network.name_servers}
    engine.put("acted_addresses", _column("address", addresses, stood_at))
    engine.put("acted_hosts", _column("host", hosts, stood_hosts))
    convicted = {v.domain for v in result.verdicts if v.verdict == "fast-flux"}
    engine.put("acted_domains", _column("domain", convicted))
    return look_around(
        result.networks,
        service=result.service,
        address_uses=engine.take(ADDRESS_USES),
        host_uses=engine.take(HOST_USES),
        host_addresses=engine.take(HOST_ADDRESSES),
        delegations=engine.take(DELEGATIONS),
        fronts=engine.take(FRONTS),
        moves=engine.take(MOVES),
        servers=engine.take(SERVERS),
    )


def _without_rests(proposals: Iterable[Proposal], standing: Standing) -> Iterator[Proposal]:
    """Leave out domains that stand and of which nothing was seen since: what stood is asked."""
    stood = {action.id for action in standing.actions}
    for proposal in proposals:
        until = standing.convicted_until.get(proposal.target)
        seen = proposal.last_seen
        is_rest = until is not None and seen is not None and seen <= until
        if not (is_rest and proposal.kind == "block-domain" and proposal.id in stood):
            yield proposal


def _verdicts_of(engine: Engine, standing: Standing) -> Mapping[str, Outcome]:
    """Return what these records say of the domains behind what stood before."""
    engine.put("domains_behind", _column("domain", _domains_behind(standing.actions)))
    rows = engine.take(OUTCOMES).to_pylist()
    until = standing.convicted_until
    return {
        row["domain"]: row["verdict"]
        for row in rows
        if row["verdict"] == "fast-flux"
        or row["domain"] not in until
        or (row["last_seen"] is not None and row["last_seen"] > until[row["domain"]])
    }


def _domains_behind(actions: Iterable[Action]) -> set[str]:
    """Return the names that actions are about, or are taken for."""
    return {name for action in actions for name in (action.target, *action.proposal.related)}


def _refresh(action: Action, around: Surroundings, guilty: frozenset[str]) -> Action:
    """Let what stood before know the neighbours that these records show."""
    if action.kind in ADDRESS_BLOCKS:
        users = around.address_users.get(action.target, frozenset())
    elif action.kind == "block-name-server" and action.target in around.hosts:
        users = around.hosts[action.target].users
    else:
        return action
    proposal = replace(action.proposal, shared_with=tuple(sorted(users - guilty)))
    return replace(action, proposal=proposal)


def _column(name: str, *values: Iterable[str]) -> pa.Table:
    distinct: Sequence[str] = sorted({value for part in values for value in part})
    return pa.table({name: pa.array(distinct, TEXT)})
