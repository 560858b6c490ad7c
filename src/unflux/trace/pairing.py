"""Pairs: which outbound flow of a host follows which inbound one within a relay's delay.

Every outbound flow is held against the inbound flows of the same host and protocol that began
shortly before it and still went on. The work is a sort and a few passes over columns, whatever the
traffic: at most :data:`NEAREST` inbound flows are looked at for each.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.model.flows import TCP
from unflux.trace.columns import FlowColumns
from unflux.trace.likeness import apart
from unflux.trace.visits import Visits, find_visits, group_of

DELAYS_US: Final = (200_000, 2_000_000)
"""From the start of a request to that of its relay. Chosen: 2026-11-28; the longer bounds a dial
over a bad line, the shorter keeps chance out of busy hosts."""

NEAREST: Final = 16
"""Inbound flows that an outbound one is compared with, the latest first. Chosen: 2026-11-28."""

SHIFTS_US: Final = (-61_000_000, -23_000_000, 23_000_000, 61_000_000)
"""By how much inbound flows are shifted to count what follows by chance: beyond the bursts of one
visit, within the same hour of the day. Chosen: 2026-11-28."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """For each outbound flow of the hosts that serve and ask, the inbound flow it may relay."""

    outbound: np.ndarray
    """Rows of the flows."""
    inbound: np.ndarray
    """Rows of the flows; -1 where none came within the delay."""
    delay_us: np.ndarray
    is_alike: np.ndarray
    """Whether sizes agree, both ways."""
    is_alike_next: np.ndarray
    """The same with the sizes of the next flow to the same target: what chance would give."""
    is_alike_elsewhere: np.ndarray
    """The same with the sizes of the next flow to the target from whichever host."""
    latest: np.ndarray
    """int64 (delays, outbound): the latest inbound flow within each of the delays, or -1."""
    by_chance: np.ndarray
    """int64 (delays, outbound): in how many of the shifted records one came within the delay."""
    visit: np.ndarray
    """Number of the visit (see :mod:`unflux.trace.visits`) that was going on, or -1."""
    visits: Visits


def pair_flows(
    flows: FlowColumns, inbound: np.ndarray, outbound: np.ndarray, tick_us: int
) -> Pairs:
    """Pair outbound with inbound flows; both are rows in order of start.

    A host's outbound flow may relay an inbound one of the same protocol from another host.
    """
    keys = _key(flows, inbound, outbound)
    order = np.argsort(keys.inbound, kind="stable")
    keys_in, keys_out, inbound = keys.inbound[order], keys.outbound, inbound[order]
    widths = [(delay + tick_us) // keys.unit_us for delay in DELAYS_US]
    above = np.searchsorted(keys_in, keys_out, side="right")
    below = [np.searchsorted(keys_in, keys_out - width) for width in widths]
    latest = np.array([np.where(above > low, above - 1, -1) for low in below])
    by_chance = np.zeros((len(DELAYS_US), len(outbound)), np.int64)
    for shift_us in SHIFTS_US:
        shifted = keys.shifted(shift_us)
        top = np.searchsorted(keys_in, shifted, side="right")
        for number, width in enumerate(widths):
            by_chance[number] += top > np.searchsorted(keys_in, shifted - width)
    visits = find_visits(flows, inbound)
    windows = _Windows(inbound=inbound, outbound=outbound, above=above, below=below[-1])
    best, is_alike = _nearest_in_size(flows, windows, outbound)
    following = outbound[_next_of_same_target(flows, outbound, flows.client[outbound])]
    _, is_alike_next = _nearest_in_size(flows, windows, following)
    following = outbound[_next_of_same_target(flows, outbound, flows.protocol[outbound])]
    _, is_alike_elsewhere = _nearest_in_size(flows, windows, following)
    is_paired = best >= 0
    partner = np.where(is_paired, inbound[best], -1) if len(inbound) else np.full(len(best), -1)
    delay_us = np.where(is_paired, flows.first_us[outbound] - flows.first_us[partner], 0)
    return Pairs(
        outbound=outbound,
        inbound=partner,
        delay_us=np.maximum(delay_us, 0),
        is_alike=is_alike,
        is_alike_next=is_alike_next,
        is_alike_elsewhere=is_alike_elsewhere,
        latest=latest,
        by_chance=by_chance,
        visit=visits.going_on(flows, outbound, above),
        visits=visits,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """Numbers that sort flows by host and protocol and then by start."""

    inbound: np.ndarray
    outbound: np.ndarray
    unit_us: int
    width: int
    """Units from one host to the next."""
    begin: int
    span: int
    """Units from the first start of all flows to the last."""

    def shifted(self, shift_us: int) -> np.ndarray:
        """Return the outbound keys, moved in time.

        What is moved beyond one end of the capture comes in at the other: else a short capture
        would have less by chance than there is.
        """
        at = self.outbound % self.width
        moved = (at - self.begin + shift_us // self.unit_us) % (self.span + 1) + self.begin
        keys: np.ndarray = self.outbound - at + moved
        return keys


def _key(flows: FlowColumns, inbound: np.ndarray, outbound: np.ndarray) -> _Keys:
    groups_in = group_of(flows.server, flows, inbound)
    groups_out = group_of(flows.client, flows, outbound)
    margin_us = DELAYS_US[-1] + 1_000_000
    begin = int(flows.first_us[0]) - margin_us
    span = int(flows.first_us[-1]) - begin
    groups = int(max(groups_in.max(initial=0), groups_out.max(initial=0))) + 1
    unit_us = 1
    while groups * (span // unit_us + 1) >= 1 << 62:
        unit_us *= 1_000
    width = span // unit_us + 1
    return _Keys(
        inbound=groups_in * width + (flows.first_us[inbound] - begin) // unit_us,
        outbound=groups_out * width + (flows.first_us[outbound] - begin) // unit_us,
        unit_us=unit_us,
        width=width,
        begin=margin_us // unit_us,
        span=(span - margin_us) // unit_us,
    )


def _next_of_same_target(
    flows: FlowColumns, outbound: np.ndarray, within: np.ndarray
) -> np.ndarray:
    """Return for each outbound flow the place of the next to its target; the last has the first.

    ``within``: a number for each; only those with an equal one follow each other.
    """
    link = np.lexsort((flows.server[outbound], within))
    group, server = within[link], flows.server[outbound][link]
    is_last = np.append((group[1:] != group[:-1]) | (server[1:] != server[:-1]), True)
    first = np.flatnonzero(np.append(True, is_last[:-1]))[: len(link)]
    following = np.arange(1, len(link) + 1)
    following[is_last] = first
    places = np.empty(len(link), np.int64)
    places[link] = link[following]
    return places


@dataclass(frozen=True, slots=True, kw_only=True)
class _Windows:
    """For each outbound row, the inbound rows that began in time: places from below to above."""

    inbound: np.ndarray
    outbound: np.ndarray
    above: np.ndarray
    below: np.ndarray


def _nearest_in_size(
    flows: FlowColumns, windows: _Windows, sized: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of the inbound flow that is nearest in size to each of ``sized``.

    -1 where none came in time; and whether it is as near as a relay's is.
    """
    inbound, outbound = windows.inbound, windows.outbound
    above, below = windows.above, windows.below
    best = np.full(len(outbound), -1, np.int64)
    cost = np.full(len(outbound), np.inf)
    active = np.flatnonzero(above > below)
    is_tcp = flows.protocol[outbound] == TCP
    for back in range(1, NEAREST + 1):
        place = above[active] - back
        active, place = active[place >= below[active]], place[place >= below[active]]
        if not len(active):
            break
        row, out = inbound[place], outbound[active]
        is_open = (flows.last_us[row] >= flows.first_us[out]) & (
            flows.client[row] != flows.server[out]
        )
        relay = sized[active]
        answers, requests = flows.received_bytes, flows.sent_bytes
        here = np.maximum(
            apart(answers[row], answers[relay], is_tcp[active]),
            apart(requests[row], requests[relay], is_tcp[active]),
        )
        here = np.where(is_open, here, np.inf)
        is_better = here < cost[active]
        best[active[is_better]] = place[is_better]
        cost[active[is_better]] = here[is_better]
    return best, cost <= 1
