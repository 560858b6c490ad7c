"""Surroundings: the neighbours of what may be refused, as the records of a run show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from unflux.model.verdicts import FluxNetwork

ROTATING_AGENTS: Final = 3
"""A name-server host moves through agents when this many of its addresses are agents that serve as
name servers; linking asks the same number of /16 before it calls them that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the records say of a name-server host."""

    name: str
    addresses: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    """Domains that are delegated to it, by whoever's answer."""
    chosen_by: frozenset[str] = frozenset()
    """Of them, those of which answers to their own names say so."""
    is_rotating: bool = False
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


def look_around(
    networks: Iterable[FluxNetwork],
    *,
    service: pa.Table,
    address_uses: pa.Table,
    host_uses: pa.Table,
    host_addresses: pa.Table,
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
    users: dict[str, set[str]] = {}
    for row in address_uses.to_pylist():
        if not (row["is_glue"] and row["host"] in rotating):
            users.setdefault(row["address"], set()).add(row["domain"])
    served: dict[tuple[str, str], set[str]] = {}
    for row in service.select(["network", "address", "domain"]).to_pylist():
        served.setdefault((row["network"], row["address"]), set()).add(row["domain"])
    return Surroundings(
        address_users={address: frozenset(names) for address, names in users.items()},
        hosts=hosts,
        served={key: frozenset(names) for key, names in served.items()},
    )


def _compose_hosts(
    host_uses: pa.Table, host_addresses: pa.Table, agents: set[str]
) -> dict[str, Host]:
    addresses: dict[str, set[str]] = {}
    for row in host_addresses.to_pylist():
        addresses.setdefault(row["host"], set()).add(row["address"])
    delegations: dict[str, list[dict[str, Any]]] = {}
    for row in host_uses.to_pylist():
        delegations.setdefault(row["host"], []).append(row)
    hosts = {}
    for name in sorted(addresses.keys() | delegations.keys()):
        own, rows = addresses.get(name, set()), delegations.get(name, [])
        hosts[name] = Host(
            name=name,
            addresses=frozenset(own),
            users=frozenset(row["domain"] for row in rows),
            chosen_by=frozenset(row["domain"] for row in rows if row["is_own"]),
            is_rotating=len(own & agents) >= ROTATING_AGENTS,
            first_seen=min((r["first_at"] for r in rows if r["first_at"]), default=None),
            last_seen=max((r["last_at"] for r in rows if r["last_at"]), default=None),
        )
    return hosts
