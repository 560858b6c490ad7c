"""Links: what a host's flows to one other host have to do with the flows that came in."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.model.flows import DNS_PORT, TCP
from unflux.trace.columns import NO_TEXT, FlowColumns
from unflux.trace.pairing import Pairs

FEWEST: Final = 3
"""Requests that were followed by a flow to one host before that host is looked at. Chosen:
2026-11-28; fewer say nothing against chance among the hosts of an ordinary capture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Counts of the flows from a host that serves to one host that it asks, of one protocol."""

    agent: int
    target: int
    is_tcp: bool
    flows: int
    """Flows to the target."""
    followed: tuple[int, ...]
    """Inbound flows that one to the target followed, within each of the delays."""
    expected: tuple[float, ...]
    """How many by chance."""
    pairs: int
    """Inbound flows with a flow to the target that is nearest in size."""
    alike: int
    """Those of them with sizes that agree."""
    alike_by_chance: float
    """Share of the flows that would agree with the sizes of the next one."""
    same_requests: int
    other_requests: int
    """Pairs of which both requests were read, equal or not."""
    authoritative: int
    not_authoritative: int
    """Relayed answers of DNS with and without AA."""
    clients: int
    """Distinct hosts whose requests were relayed, of pairs that agree."""
    port: int
    """Port of the agent to which most of these came."""
    target_port: int
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
    is_paired = pairs.inbound[places] >= 0
    shown = is_alike if is_alike.any() else np.ones(len(chosen), bool)
    asked, relayed = flows.request[inbound], flows.request[outbound]
    is_read = (asked != NO_TEXT) & (relayed != NO_TEXT)
    aa = flows.is_authoritative[outbound]
    latest = pairs.latest[:, places]
    return Link(
        agent=int(flows.client[out[0]]),
        target=int(flows.server[out[0]]),
        is_tcp=bool(flows.protocol[out[0]] == TCP),
        flows=len(places),
        followed=tuple(len(np.unique(row[row >= 0])) for row in latest),
        expected=tuple((pairs.by_chance[:, places].sum(axis=1) / 4).tolist()),
        pairs=len(chosen),
        alike=int(is_alike.sum()),
        alike_by_chance=float(pairs.is_alike_next[places][is_paired].mean()),
        same_requests=int((is_read & (asked == relayed)).sum()),
        other_requests=int((is_read & (asked != relayed)).sum()),
        authoritative=int((aa == 1).sum()),
        not_authoritative=int((aa == 0).sum()),
        clients=len(np.unique(flows.client[inbound[shown]])),
        port=_most_common(flows.server_port[inbound[shown]]),
        target_port=_most_common(flows.server_port[outbound[shown]]),
        rows=tuple(zip(inbound[shown].tolist(), outbound[shown].tolist(), strict=True)),
        delay_us=tuple(pairs.delay_us[chosen][shown].tolist()),
    )


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
