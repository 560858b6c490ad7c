"""The scene: hosts that both serve and ask, the links and polls among them, who else is there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.model.ports import DNS_PORT
from unflux.trace.columns import Capture
from unflux.trace.links import Link, Pool, group_links
from unflux.trace.pairing import pair_flows
from unflux.trace.polling import Poll, find_polls

PORTS: Final = frozenset({53, 80, 443})
"""Ports of agents (Honeynet Project, Know Your Enemy: Fast-Flux Service Networks, 2007)."""

WEB_PORTS: Final = (80, 443)
SEVERAL: Final = 3
"""Web hosts that somebody who looks at pages asks. Chosen: 2026-11-28; a client of one server that
is captured asks that one."""

DEEPEST: Final = 3
"""Proxies in a chain that are followed. Chosen: 2026-11-28."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is seen of the hosts that both serve and ask."""

    capture: Capture
    links: tuple[Link, ...]
    pools: tuple[Pool, ...]
    polls: tuple[Poll, ...]
    """Of what hosts with links poll, by whomever."""
    target_counts: dict[int, int]
    """Hosts that each agent opened flows to."""
    browsed: dict[int, int]
    """Of them, those on web ports that answered and to which nothing was relayed."""
    looked_up_at: dict[int, int]
    """Of those that each agent opened flows to, the name servers (port 53)."""
    page_ways: np.ndarray
    """A number for each client and web host that answered it, but for hosts with links."""
    agent_count: int
    """Hosts that both serve and ask."""
    told: frozenset[int]
    """Agents that somebody knew before."""

    def count_households(self, relays: Collection[int]) -> int:
        """Return how many hosts look at several of the web hosts that relays look at.

        Who comes from outside asks others, for what relays look at is outside as well.
        """
        client, server = np.divmod(self.page_ways, max(len(self.capture.hosts), 1))
        is_theirs = _mask(self.capture, np.array(sorted(relays), np.int64))[client]
        is_common = _mask(self.capture, server[is_theirs])[server]
        counts = _per_client(self.capture, self.page_ways[is_common]).values()
        return sum(count >= SEVERAL for count in counts)

    def count_askers(
        self, servers: Collection[int], without: Mapping[int, Collection[int]]
    ) -> dict[int, int]:
        """Return how many hosts got answers of each server, less those told for it."""
        return count_askers(self.capture, servers, without)

    def askers_of(self, server: int) -> frozenset[int]:
        """Return the hosts that got answers of one server."""
        flows = self.capture.flows
        rows = (flows.server == server) & flows.is_answered
        return frozenset(np.unique(flows.client[rows]).tolist())


def look(capture: Capture, *, ports: frozenset[int] = PORTS, told: frozenset[str]) -> Scene:
    """Find what is relayed and what is polled.

    ``ports``: where agents serve. What a target gets at other ports is looked at too, so that
    chains of proxies are followed to their end.
    """
    flows = capture.flows
    serves = np.isin(flows.server_port, list(ports))
    candidates = _mask(capture, flows.server[serves]) & _mask(capture, flows.client)
    links, pools, alike = _link(capture, serves & candidates[flows.server], candidates)
    agent_count = int(candidates.sum())
    known = {link.agent for link in links}
    found = links
    for _ in range(DEEPEST):
        further = {link.target for link in found} - known
        chained = _mask(capture, np.array(sorted(further), np.int64)) & _mask(capture, flows.client)
        came_from = _mask(capture, np.array(sorted(known), np.int64))
        inbound = chained[flows.server] & came_from[flows.client]
        if not inbound.any():
            break
        found, together, more = _link(capture, inbound, chained)
        known |= further
        links += found
        pools += together
        alike = np.concatenate([alike, more])
    agents = np.array(sorted({link.agent for link in links}), np.int64)
    is_agent = _mask(capture, agents)
    is_theirs = is_agent[flows.client]
    is_page = np.isin(flows.server_port, WEB_PORTS) & flows.is_answered
    relayed = _ways(capture, alike)
    return Scene(
        capture=capture,
        links=tuple(links),
        pools=tuple(pools),
        polls=_polls(capture, agents, links),
        target_counts=_per_client(capture, _ways(capture, is_theirs)),
        browsed=_per_client(capture, np.setdiff1d(_ways(capture, is_theirs & is_page), relayed)),
        looked_up_at=_per_client(
            capture, _ways(capture, is_theirs & (flows.server_port == DNS_PORT))
        ),
        # Who asks several agents is a visitor of theirs, of whom no more is seen.
        page_ways=_ways(capture, is_page & ~is_agent[flows.server]),
        agent_count=agent_count,
        told=frozenset(capture.numbers_of(told)),
    )


def _mask(capture: Capture, hosts: np.ndarray) -> np.ndarray:
    flags = np.zeros(len(capture.hosts), bool)
    flags[hosts] = True
    return flags


def _link(
    capture: Capture, is_inbound: np.ndarray, agents: np.ndarray
) -> tuple[list[Link], list[Pool], np.ndarray]:
    """Return the links of some hosts, their pools, and the rows of all flows alike in size."""
    flows = capture.flows
    inbound = np.flatnonzero(is_inbound & flows.is_answered)
    outbound = np.flatnonzero(agents[flows.client] & (flows.client != flows.server))
    if not len(inbound) or not len(outbound):
        return [], [], np.empty(0, np.int64)
    pairs = pair_flows(flows, inbound, outbound, capture.tick_us)
    return *group_links(flows, pairs), pairs.outbound[pairs.is_alike]


def _polls(capture: Capture, agents: np.ndarray, links: list[Link]) -> tuple[Poll, ...]:
    """Return who polls what the agents poll, but for what is relayed and happens to be regular."""
    flows = capture.flows
    relayed = {(link.agent, link.target): link.tally.alike for link in links}

    def find(is_looked_at: np.ndarray) -> list[Poll]:
        return [
            poll
            for poll in find_polls(flows, np.flatnonzero(is_looked_at))
            if 2 * relayed.get((poll.agent, poll.controller), 0) < poll.count
        ]

    polled = {poll.controller for poll in find(_mask(capture, agents)[flows.client])}
    return tuple(find(_mask(capture, np.array(sorted(polled), np.int64))[flows.server]))


def _ways(capture: Capture, rows: np.ndarray) -> np.ndarray:
    """Return a number for each client and server of some flows, each once."""
    flows = capture.flows
    ways: np.ndarray = np.unique(flows.client[rows] * len(capture.hosts) + flows.server[rows])
    return ways


def _per_client(capture: Capture, ways: np.ndarray) -> dict[int, int]:
    """Return how many servers each client has among these ways."""
    return _counted(ways // max(len(capture.hosts), 1))


def _counted(numbers: np.ndarray) -> dict[int, int]:
    values, counts = np.unique(numbers, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def count_askers(
    capture: Capture, servers: Collection[int], without: Mapping[int, Collection[int]]
) -> dict[int, int]:
    """Count for each server the hosts that got answers of it, less those told for it."""
    flows, width = capture.flows, len(capture.hosts)
    rows = _mask(capture, np.array(sorted(servers), np.int64))[flows.server] & flows.is_answered
    ways = np.unique(flows.server[rows] * width + flows.client[rows])
    counts = _counted(ways // max(width, 1))
    if not counts:
        return {}
    told = [server * width + host for server in servers for host in without.get(server, ())]
    is_told = _counted(np.intersect1d(ways, np.array(told, np.int64)) // width)
    return {server: count - is_told.get(server, 0) for server, count in counts.items()}
