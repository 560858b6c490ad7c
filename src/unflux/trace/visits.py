"""Visits: stretches of time in which requests to a host were going on without a pause.

Browsers send several requests over one connection and open several connections at once, while a
proxy may open one for each request. Then no two flows have the same size, but all flows of a visit
together have.
"""

from dataclasses import dataclass

import numpy as np

from unflux.model.flows import TCP
from unflux.trace.columns import FlowColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """All visits, by host and protocol and then by start."""

    of_inbound: np.ndarray
    """Number of the visit of each inbound flow, in their order."""
    group: np.ndarray
    """Host and protocol of each visit."""
    end_us: np.ndarray
    flow_count: np.ndarray
    sent_bytes: np.ndarray
    received_bytes: np.ndarray

    def going_on(self, flows: FlowColumns, outbound: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Return the visit in which each outbound flow begins, -1 for none.

        ``above``: how many inbound flows of lower groups, or of its group, had begun by then.
        """
        if not len(self.of_inbound):
            return np.full(len(outbound), -1)
        visit = self.of_inbound[np.maximum(above - 1, 0)]
        is_in = (above > 0) & (self.group[visit] == group_of(flows.client, flows, outbound))
        is_in &= flows.first_us[outbound] <= self.end_us[visit]
        return np.where(is_in, visit, -1)


def group_of(ends: np.ndarray, flows: FlowColumns, rows: np.ndarray) -> np.ndarray:
    """Return a number for the host at one end of flows and their protocol."""
    groups: np.ndarray = ends[rows] * 2 + (flows.protocol[rows] == TCP)
    return groups


def find_visits(flows: FlowColumns, inbound: np.ndarray) -> Visits:
    """Find the visits; ``inbound`` are rows in order of host, protocol and start."""
    if not len(inbound):
        empty = np.empty(0, np.int64)
        return Visits(
            of_inbound=empty, group=empty, end_us=empty, flow_count=empty, sent_bytes=empty,
            received_bytes=empty,
        )  # fmt: skip
    group = group_of(flows.server, flows, inbound)
    order_of_group = np.cumsum(np.append(True, group[1:] != group[:-1])) - 1
    begin_us = int(flows.first_us[0])
    width = int(flows.last_us.max()) - begin_us + 1
    # The latest end so far within the group: those of later groups are larger anyway.
    scale = max(1, -(-(int(order_of_group[-1]) + 1) * width // (1 << 62)))
    width = width // scale + 1
    ends = (flows.last_us[inbound] - begin_us) // scale + order_of_group * width
    so_far = np.maximum.accumulate(ends)
    firsts = (flows.first_us[inbound] - begin_us) // scale + order_of_group * width
    is_new = np.append(True, (group[1:] != group[:-1]) | (firsts[1:] > so_far[:-1]))
    starts = np.flatnonzero(is_new)
    return Visits(
        of_inbound=np.cumsum(is_new) - 1,
        group=group[starts],
        end_us=np.maximum.reduceat(flows.last_us[inbound], starts),
        flow_count=np.diff(np.append(starts, len(inbound))),
        sent_bytes=np.add.reduceat(flows.sent_bytes[inbound], starts),
        received_bytes=np.add.reduceat(flows.received_bytes[inbound], starts),
    )
