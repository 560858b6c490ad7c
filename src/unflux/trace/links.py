"""Links: what a host's flows to one other host have to do with the flows that came in."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.model.flows import TCP
from unflux.model.ports import DNS_PORT
from unflux.trace.columns import FlowColumns
from unflux.trace.pairing import Pairs
from unflux.trace.tallies import Tally, count_flows, one_to_one
from unflux.trace.visits import group_of

FEWEST: Final = 3
"""Requests that were followed by a flow to one host before that host is looked at. Chosen:
2026-11-28; fewer say nothing against chance among the hosts of an ordinary capture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The flows from a host that serves to one host that it asks, of one protocol."""

    agent: int
    target: int
    is_tcp: bool
    may_join: bool
    """Whether it takes part in what a pool proves."""
    tally: Tally
    authoritative: int
    not_authoritative: int
    """Relayed answers of DNS with and without AA."""
    for_proxy: int
    for_server: int
    unread: int
    """Requests of these as proxies are sent them, as servers are, and those that nobody read."""
    port: int
    """Port of the agent to which most of these came."""
    target_ports: tuple[int, ...]
    rows: tuple[tuple[int, int], ...]
    """Inbound and outbound rows of the pairs that agree, or of all where few do."""
    delay_us: tuple[int, ...]
    first_us: int
    last_us: int
    """Starts of the first and the last flow to the target."""

    @property
    def is_of_names(self) -> bool:
        """Whether what is relayed is DNS."""
        return self.port == DNS_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What all hosts that serve have to do with one target: an edge sees a little of each."""

    target: int
    is_tcp: bool
    host_count: int
    """Hosts that serve and opened flows to it, those without any pair too."""
    rivals: int
    """Targets to which several of those that serve opened flows: each might be it by chance."""
    tally: Tally


def group_links(flows: FlowColumns, pairs: Pairs) -> tuple[list[Link], list[Pool]]:
    """Count per target and protocol, for each host and for all that serve together.

    A link has :data:`FEWEST` pairs. In a pool with as many that agree, one is enough where its
    sizes agree, or where its host asked the target mostly while requests were going on.
    """
    out = pairs.outbound
    if not len(out):
        return [], []
    order = np.lexsort((flows.client[out], group_of(flows.server, flows, out)))
    out = out[order]
    target, client = group_of(flows.server, flows, out), flows.client[out]
    is_target = np.append(True, target[1:] != target[:-1])
    starts = np.flatnonzero(is_target | np.append(True, client[1:] != client[:-1]))
    ends = np.append(starts[1:], len(out))
    # A host to which nothing came in has nothing to tell.
    is_serving = np.isin(client, np.unique(pairs.visits.group >> 1))
    number = np.cumsum(is_target) - 1
    hosts = np.bincount(number[starts], weights=is_serving[starts])
    alike = np.bincount(number, weights=pairs.is_alike[order] & is_serving)
    is_pooled = (hosts >= 2) & (alike >= FEWEST)
    firsts = np.flatnonzero(is_target)
    lasts = np.append(firsts[1:], len(out))
    pools = []
    for which in np.flatnonzero(is_pooled).tolist():
        rows = slice(firsts[which], lasts[which])
        pools.append(
            Pool(
                target=int(flows.server[out[rows.start]]),
                is_tcp=bool(flows.protocol[out[rows.start]] == TCP),
                host_count=int(hosts[which]),
                rivals=int((hosts >= 2).sum()),
                tally=count_flows(
                    flows, pairs, order[rows][is_serving[rows]], pairs.is_alike_elsewhere
                ),
            )
        )
    paired = np.add.reduceat((pairs.inbound[order] >= 0).astype(np.int64), starts)
    during = np.add.reduceat((pairs.visit[order] >= 0).astype(np.int64), starts)
    is_alike = np.maximum.reduceat(pairs.is_alike[order], starts)
    may_join = is_pooled[number[starts]] & (paired > 0)
    may_join &= is_alike | (2 * during >= ends - starts)
    links = []
    for place in np.flatnonzero((paired >= FEWEST) | may_join).tolist():
        link = _link(
            flows, pairs, order[starts[place] : ends[place]], may_join=bool(may_join[place])
        )
        if link.tally.pairs >= FEWEST or may_join[place]:
            links.append(link)
    return links, pools


def _link(flows: FlowColumns, pairs: Pairs, places: np.ndarray, *, may_join: bool) -> Link:
    """Count one link from the places of its flows in the pairs."""
    out = pairs.outbound[places]
    chosen = one_to_one(pairs, places)
    inbound, outbound = pairs.inbound[chosen], pairs.outbound[chosen]
    is_alike = pairs.is_alike[chosen]
    shown = is_alike if is_alike.any() else np.ones(len(chosen), bool)
    aa = flows.is_authoritative[outbound]
    return Link(
        agent=int(flows.client[out[0]]),
        target=int(flows.server[out[0]]),
        is_tcp=bool(flows.protocol[out[0]] == TCP),
        may_join=may_join,
        tally=count_flows(flows, pairs, places, pairs.is_alike_next),
        authoritative=int((aa == 1).sum()),
        not_authoritative=int((aa == 0).sum()),
        for_proxy=int((flows.is_for_proxy[inbound] == 1).sum()),
        for_server=int((flows.is_for_proxy[inbound] == 0).sum()),
        unread=int((flows.is_for_proxy[inbound] == -1).sum()),
        port=_most_common(flows.server_port[inbound[shown]]),
        target_ports=tuple(np.unique(flows.server_port[outbound[shown]]).tolist()),
        rows=tuple(zip(inbound[shown].tolist(), outbound[shown].tolist(), strict=True)),
        delay_us=tuple(pairs.delay_us[chosen][shown].tolist()),
        first_us=int(flows.first_us[out].min()),
        last_us=int(flows.first_us[out].max()),
    )


def _most_common(numbers: np.ndarray) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()])
