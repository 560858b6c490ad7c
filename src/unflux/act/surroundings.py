"""Surroundings: the neighbours of what may be refused, as the records of a run show them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import pyarrow as pa

from unflux.model.actions import Delegation
from unflux.model.columns import MOMENT, TEXT
from unflux.model.verdicts import FluxNetwork

_Key = TypeVar("_Key")

ROTATING_AGENTS: Final = 3
"""A name-server host moves through agents when this many of its addresses are agents that serve as
name servers; linking asks the same number of /16 before it calls them that."""

MOSTLY_OWN: Final = 0.5
"""Least share of its addresses that a domain's own answers must tell before they count as its own.
Chosen: 2026-11-24; a server of others can add any record of it to its answers (RFC 2181 section
5.4.1), which resolvers drop and a capture of their traffic shows. Lower lets them convict it."""

MOST_DELEGATIONS: Final = 100
"""Name servers kept of a domain, and addresses of each. Chosen: 2026-11-24; what a registry can
read, as of the domains kept beside a proposal."""

MOVES: Final = pa.schema([pa.field("domain", TEXT), pa.field("moved_at", MOMENT)])
"""When domains moved, of :func:`unflux.act.uses.moves` and of their name servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the records say of a name-server host."""

    name: str
    addresses: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    """Domains that are delegated to it, by whoever's answer."""
    is_rotating: bool = False
    """Whether it moves through agents, by the word of its own domain."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the gate must know around the convicted."""

    address_users: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Domains that use each candidate address."""
    hosts: Mapping[str, Host] = field(default_factory=dict)
    served: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """By network and agent: domains that it served, in either role."""
    delegations: Mapping[str, tuple[Delegation, ...]] = field(default_factory=dict)
    """By convicted domain: its name servers, the earliest first."""
    shown_at: Mapping[str, datetime] = field(default_factory=dict)
    """By convicted domain: when an address or a name server of it was shown last. Who is refused
    here is asked for still, and shows neither."""
    moved_at: Mapping[str, datetime] = field(default_factory=dict)
    """By convicted domain: when it gave an answer last that is not its latest, or a name server of
    it moved through agents. A domain of which neither was seen is not in it."""
    servers_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By address: convicted domains whose own word has a name server there."""
    on_rotating: frozenset[str] = frozenset()
    """Convicted domains whose own word delegates them to a host that moves through agents."""
    lent_fronts: frozenset[str] = frozenset()
    """Convicted domains most of whose answered addresses only answers about others told."""
    lent_servers: frozenset[str] = frozenset()
    """Those most of whose name servers' addresses, or the delegations to them, others told."""


def look_around(
    networks: Iterable[FluxNetwork],
    *,
    service: pa.Table,
    address_uses: pa.Table,
    host_uses: pa.Table,
    host_addresses: pa.Table,
    delegations: pa.Table,
    fronts: pa.Table,
    moves: pa.Table,
    servers: pa.Table,
) -> Surroundings:
    """Compose the surroundings from the fetched tables of :mod:`unflux.act.uses`.

    ``service``: of shape :data:`unflux.model.verdicts.SERVICE`. A domain that only owns the name of
    a host which moves through a network's agents is no neighbour of theirs: it is the network's.
    """
    agents = {
        agent.address
        for network in networks
        for agent in network.agents
        if "name-server" in agent.roles
    }
    hosts = _compose_hosts(host_uses, host_addresses, agents)
    rotating = {name for name, host in hosts.items() if host.is_rotating}
    users = _gather(
        (row["address"], row["domain"])
        for row in address_uses.to_pylist()
        if not (row["is_glue"] and row["host"] in rotating)
    )
    served = _gather(
        ((row["network"], row["address"]), row["domain"])
        for row in service.select(["network", "address", "domain"]).to_pylist()
    )
    own = servers.filter(servers["is_own"]).select(["address", "domain"]).to_pylist()
    shown = [table.select(["domain", "last_at"]) for table in (fronts, delegations)]
    return Surroundings(
        address_users=users,
        hosts=hosts,
        served=served,
        servers_of=_gather((row["address"], row["domain"]) for row in own),
        delegations=_compose_delegations(delegations, servers),
        shown_at=_latest(pa.concat_tables(shown), "last_at"),
        moved_at=_latest(
            pa.concat_tables([moves, _turns(servers, delegations, agents)]), "moved_at"
        ),
        on_rotating=_on_rotating(servers, agents),
        lent_fronts=_lent(fronts.to_pylist()),
        lent_servers=_lent(_count_own(servers)),
    )


def _on_rotating(servers: pa.Table, agents: set[str]) -> frozenset[str]:
    """Return the domains one of whose hosts was at enough agents, by the domain's own word."""
    at: Counter[tuple[str, str]] = Counter()
    for row in servers.to_pylist():
        at[row["domain"], row["host"]] += row["is_own"] and row["address"] in agents
    return frozenset(domain for (domain, _), count in at.items() if count >= ROTATING_AGENTS)


def _count_own(servers: pa.Table) -> Iterator[dict[str, Any]]:
    counted = servers.group_by("domain").aggregate([("is_own", "sum"), ("is_own", "count")])
    for domain, own, addresses in zip(*(c.to_pylist() for c in counted.columns), strict=True):
        yield {"domain": domain, "own": own, "addresses": addresses}


def _lent(told: Iterable[dict[str, Any]]) -> frozenset[str]:
    return frozenset(r["domain"] for r in told if r["own"] < MOSTLY_OWN * r["addresses"])


def _turns(servers: pa.Table, delegations: pa.Table, agents: set[str]) -> pa.Table:
    """Return (domain, moved_at): until when a host moved through agents, by the domain's own word.

    Later it was at fewer of them, or the domain was not delegated to it.
    """
    seen: dict[tuple[str, str], list[datetime]] = {}
    for row in servers.drop_null().to_pylist():
        if row["is_own"] and row["address"] in agents:
            seen.setdefault((row["domain"], row["host"]), []).append(row["last_at"])
    rows = []
    for row in delegations.select(["domain", "host", "last_at"]).drop_null().to_pylist():
        moments = sorted(seen.get((row["domain"], row["host"]), ()), reverse=True)
        if len(moments) >= ROTATING_AGENTS:
            moved_at = min(moments[ROTATING_AGENTS - 1], row["last_at"])
            rows.append({"domain": row["domain"], "moved_at": moved_at})
    return pa.Table.from_pylist(rows, schema=MOVES)


def _latest(told: pa.Table, moment: str) -> dict[str, datetime]:
    """Return by domain the last of its moments."""
    last = told.drop_null().group_by("domain").aggregate([(moment, "max")])
    return dict(zip(*(column.to_pylist() for column in last.columns), strict=True))


def _gather(pairs: Iterable[tuple[_Key, str]]) -> dict[_Key, frozenset[str]]:
    """Gather the second of each pair by the first."""
    found: dict[_Key, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in found.items()}


def _compose_delegations(
    delegations: pa.Table, addresses: pa.Table
) -> dict[str, tuple[Delegation, ...]]:
    held = _by_host(addresses)
    found: dict[str, list[Delegation]] = {}
    for row in delegations.to_pylist():
        host = row["host"]
        delegation = Delegation(
            host=host,
            addresses=tuple(sorted(held.get(host, ()))[:MOST_DELEGATIONS]),
            first_seen=row["first_at"],
            last_seen=row["last_at"],
        )
        found.setdefault(row["domain"], []).append(delegation)
    return {
        domain: tuple(sorted(parts, key=_by_time)[:MOST_DELEGATIONS])
        for domain, parts in found.items()
    }


def _by_time(delegation: Delegation) -> tuple[bool, str, str]:
    """Sort by the first sight, those without a time last."""
    first = delegation.first_seen
    return first is None, "" if first is None else first.isoformat(), delegation.host


def _by_host(addresses: pa.Table) -> dict[str, frozenset[str]]:
    return _gather((row["host"], row["address"]) for row in addresses.to_pylist())


def _compose_hosts(
    host_uses: pa.Table, host_addresses: pa.Table, agents: set[str]
) -> dict[str, Host]:
    addresses = _by_host(host_addresses)
    told = _by_host(host_addresses.filter(host_addresses["is_own"]))
    delegations: dict[str, list[dict[str, Any]]] = {}
    for row in host_uses.to_pylist():
        delegations.setdefault(row["host"], []).append(row)
    hosts = {}
    for name in sorted(addresses.keys() | delegations.keys()):
        rows = delegations.get(name, [])
        hosts[name] = Host(
            name=name,
            addresses=addresses.get(name, frozenset()),
            users=frozenset(row["domain"] for row in rows),
            is_rotating=len(told.get(name, frozenset()) & agents) >= ROTATING_AGENTS,
            first_seen=min((r["first_at"] for r in rows if r["first_at"]), default=None),
            last_seen=max((r["last_at"] for r in rows if r["last_at"]), default=None),
        )
    return hosts
