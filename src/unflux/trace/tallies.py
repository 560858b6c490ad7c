"""Tallies: what the flows to one target have to do with the requests that came in."""

from dataclasses import dataclass

import numpy as np

from unflux.model.flows import TCP
from unflux.trace.columns import NO_TEXT, FlowColumns
from unflux.trace.likeness import apart
from unflux.trace.pairing import SHIFTS_US, Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of the flows from one host, or several, to one target."""

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


def count_flows(
    flows: FlowColumns, pairs: Pairs, places: np.ndarray, is_alike_by_chance: np.ndarray
) -> Tally:
    """Count some flows to one target, given by their places in the pairs."""
    chosen = one_to_one(pairs, places)
    total, alike, by_chance = _compare(flows, pairs, places, chosen, is_alike_by_chance)
    asked, relayed = flows.request[pairs.inbound[chosen]], flows.request[pairs.outbound[chosen]]
    is_read = (asked != NO_TEXT) & (relayed != NO_TEXT)
    return Tally(
        flows=len(places),
        followed=tuple(len(np.unique(row[row >= 0])) for row in pairs.latest[:, places]),
        expected=tuple((pairs.by_chance[:, places].sum(axis=1) / len(SHIFTS_US)).tolist()),
        during=int((pairs.visit[places] >= 0).sum()),
        pairs=total,
        alike=alike,
        alike_by_chance=by_chance,
        same_requests=int((is_read & (asked == relayed)).sum()),
        other_requests=int((is_read & (asked != relayed)).sum()),
    )


def _compare(
    flows: FlowColumns, pairs: Pairs, places: np.ndarray, chosen: np.ndarray,
    is_alike_by_chance: np.ndarray,
) -> tuple[int, int, float]:  # fmt: skip
    """Return how many sizes were compared, how many agree, and the share that would by chance.

    Requests are compared one by one; where they do not all agree within a visit, the octets of all
    its requests are, with those of all flows to the target in it.
    """
    visit, is_alike = pairs.visit[chosen], pairs.is_alike[chosen]
    by_chance = is_alike_by_chance[chosen]
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


def one_to_one(pairs: Pairs, places: np.ndarray) -> np.ndarray:
    """Return the places that keep their inbound flow: each is relayed once, best by the nearest."""
    places = places[pairs.inbound[places] >= 0]
    order = np.lexsort((pairs.delay_us[places], ~pairs.is_alike[places], pairs.inbound[places]))
    inbound = pairs.inbound[places][order]
    is_first = np.append(True, inbound[1:] != inbound[:-1])[: len(inbound)]
    kept: np.ndarray = places[order[is_first]]
    return kept
