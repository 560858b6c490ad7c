"""Links: what a host's flows to one other host have to do with the flows that came in."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.model.flows import TCP
from unflux.model.ports import DNS_PORT
from unflux.trace.columns import NO_TEXT, FlowColumns
from unflux.trace.likeness import apart
from unflux.trace.pairing import SHIFTS_US, Pairs

FEWEST: Final = 3
"""Requests that were followed by a flow to one host before that host is looked at. Chosen:
2026-11-28; fewer say nothing against chance among the hosts of an ordinary capture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Counts of the flows from a host that serves to one host that it asks, of one protocol."""

    agent: int
    target: int
    flows: int
    """Flows to the target."""
    followed: tuple[int, ...]
    """Inbound flows that one to the target followed, within each of the delays."""
    expected: tuple[float, ...]
    """How many by chance."""
    during: int
    """Flows to the target that began while requests were going on."""
    pairs: int
    """Requests with a flow to the target, and visits whose requests do not pair one by one."""
    alike: int
    """Those of them with sizes that agree."""
    alike_by_chance: float
    """Share that would agree with the sizes of the next flow, or visit, to the target."""
    same_requests: int
    other_requests: int
    """Pairs of which both requests were read, equal or not."""
    authoritative: int
    not_authoritative: int
    """Relayed answers of DNS with and without AA."""
    port: int
    """Port of the agent to which most of these came."""
    target_ports: tuple[int, ...]
    rows: tuple[tuple[int, int], ...]
    """Inbound and outbound rows of the pairs that agree, or of all where few do."""
    delay_us: tuple[int, ...]

    @property
    def is_of_names(self) -> bool:
        """Whether what is relayed is DNS."""
        return self.port == DNS_PORT


def group_links(flows: FlowColumns, pairs: Pairs) -> list[Link]:
    """Count per host, target and protocol; only those that :data:`FEWEST` requests led to."""
    out = pairs.outbound
    order = np.lexsort((flows.protocol[out], flows.server[out], flows.client[out]))
    keys = np.stack([flows.client[out], flows.server[out], flows.protocol[out]])[:, order]
    is_first = np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0))[: len(out)]
    starts = np.flatnonzero(is_first)
    ends = np.append(starts[1:], len(out))
    if not len(starts):
        return []
    paired = np.add.reduceat((pairs.inbound[order] >= 0).astype(np.int64), starts)
    links = []
    for place in np.flatnonzero(paired >= FEWEST).tolist():
        link = _count(flows, pairs, order[starts[place] : ends[place]])
        if link.pairs >= FEWEST:
            links.append(link)
    return links


def _count(flows: FlowColumns, pairs: Pairs, places: np.ndarray) -> Link:
    """Count one link from the places of its flows in the pairs."""
    out = pairs.outbound[places]
    chosen = _one_to_one(pairs, places)
    inbound, outbound = pairs.inbound[chosen], pairs.outbound[chosen]
    is_alike = pairs.is_alike[chosen]
    sizes = _compare(flows, pairs, places, chosen)
    shown = is_alike if is_alike.any() else np.ones(len(chosen), bool)
    asked, relayed = flows.request[inbound], flows.request[outbound]
    is_read = (asked != NO_TEXT) & (relayed != NO_TEXT)
    aa = flows.is_authoritative[outbound]
    latest = pairs.latest[:, places]
    return Link(
        agent=int(flows.client[out[0]]),
        target=int(flows.server[out[0]]),
        flows=len(places),
        followed=tuple(len(np.unique(row[row >= 0])) for row in latest),
        expected=tuple((pairs.by_chance[:, places].sum(axis=1) / len(SHIFTS_US)).tolist()),
        during=int((pairs.visit[places] >= 0).sum()),
        pairs=sizes[0],
        alike=sizes[1],
        alike_by_chance=sizes[2],
        same_requests=int((is_read & (asked == relayed)).sum()),
        other_requests=int((is_read & (asked != relayed)).sum()),
        authoritative=int((aa == 1).sum()),
        not_authoritative=int((aa == 0).sum()),
        port=_most_common(flows.server_port[inbound[shown]]),
        target_ports=tuple(np.unique(flows.server_port[outbound[shown]]).tolist()),
        rows=tuple(zip(inbound[shown].tolist(), outbound[shown].tolist(), strict=True)),
        delay_us=tuple(pairs.delay_us[chosen][shown].tolist()),
    )


def _compare(
    flows: FlowColumns, pairs: Pairs, places: np.ndarray, chosen: np.ndarray
) -> tuple[int, int, float]:
    """Return how many sizes were compared, how many agree, and the share that would by chance.

    Requests are compared one by one; where they do not all agree within a visit, the octets of all
    its requests are, with those of all flows to the target in it.
    """
    visit, is_alike = pairs.visit[chosen], pairs.is_alike[chosen]
    by_chance = pairs.is_alike_next[chosen]
    during = places[pairs.visit[places] >= 0]
    numbers, own = np.unique(pairs.visit[during], return_inverse=True)
    if not len(numbers):
        return len(chosen), int(is_alike.sum()), float(by_chance.mean()) if len(chosen) else 0.0
    rows = pairs.outbound[during]
    counts = np.bincount(own)
    is_tcp = np.full(len(numbers), flows.protocol[rows[0]] == TCP)
    of_flow = np.maximum(counts, pairs.visits.flow_count[numbers])
    is_whole = np.ones(len(numbers), bool)
    is_next = np.ones(len(numbers), bool)
    for column, visited in (
        (flows.received_bytes, pairs.visits.received_bytes),
        (flows.sent_bytes, pairs.visits.sent_bytes),
    ):
        relayed = np.bincount(own, weights=column[rows])
        is_whole &= apart(visited[numbers], relayed, is_tcp, of_flow) <= 1
        is_next &= apart(visited[numbers], np.roll(relayed, -1), is_tcp, of_flow) <= 1
    # Where a request of a visit found no equal, the visit is one more comparison.
    place = np.searchsorted(numbers, visit)
    place = np.minimum(place, len(numbers) - 1)
    is_of_whole = (numbers[place] == visit) & is_whole[place] & ~is_alike
    whole = np.unique(place[is_of_whole])
    alike = int(is_alike.sum()) + len(whole)
    total = len(chosen) - int(is_of_whole.sum()) + len(whole)
    chance = np.concatenate([by_chance[~is_of_whole], is_next[whole]])
    return total, alike, float(chance.mean()) if len(chance) else 0.0


def _one_to_one(pairs: Pairs, places: np.ndarray) -> np.ndarray:
    """Return the places that keep their inbound flow: each is relayed once, best by the nearest."""
    places = places[pairs.inbound[places] >= 0]
    order = np.lexsort((pairs.delay_us[places], ~pairs.is_alike[places], pairs.inbound[places]))
    inbound = pairs.inbound[places][order]
    is_first = np.append(True, inbound[1:] != inbound[:-1])[: len(inbound)]
    kept: np.ndarray = places[order[is_first]]
    return kept


def _most_common(numbers: np.ndarray) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()])
