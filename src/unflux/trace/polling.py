"""Polls: small flows to one host at a regular period, as an agent asks for its settings."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.trace.columns import FlowColumns

FEWEST: Final = 4
SHORTEST_S: Final = 5
"""Flows and period. Chosen: 2026-11-28; four flows are three gaps, and what is asked more often is
a session. KYE saw agents poll hourly, and a laboratory runs faster."""

NEAR_RATIO: Final = 0.15
REGULAR_RATIO: Final = 0.7
"""Share of the gaps that are within so much of their median. Chosen: 2026-11-28; timers of real
programs jitter by some percent, and a lost poll doubles a gap."""

LARGEST_BYTES: Final = 65_536
"""Of a poll, each way: settings are small. Chosen: 2026-11-28."""

OTHER_SERVICES: Final = frozenset(
    {25, 53, 67, 110, 123, 143, 161, 389, 465, 514, 587, 636, 853, 993, 995, 3478, 5222, 5228, 5353}
)
"""Ports of mail, names, time, push and calls, which poll for everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A host that another asks at a regular period."""

    agent: int
    controller: int
    port: int
    count: int
    period_s: float
    regular_ratio: float
    by_address: int
    """Polls for which its bare address was the HTTP host, and no name."""
    by_name: int
    rows: tuple[int, ...]


def find_polls(flows: FlowColumns, rows: np.ndarray) -> list[Poll]:
    """Find the polls among some flows, rows in order of start."""
    rows = rows[~np.isin(flows.server_port[rows], list(OTHER_SERVICES))]
    # What failed is tried again soon, out of the period.
    rows = rows[flows.received_bytes[rows] > 0]
    if len(rows) < FEWEST:
        return []
    order = np.lexsort((flows.server_port[rows], flows.server[rows], flows.client[rows]))
    rows = rows[order]
    keys = np.stack([flows.client[rows], flows.server[rows], flows.server_port[rows]])
    starts = np.flatnonzero(np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)))
    ends = np.append(starts[1:], len(rows))
    found = []
    for place in np.flatnonzero(ends - starts >= FEWEST).tolist():
        poll = _measure(flows, rows[starts[place] : ends[place]])
        if poll is not None:
            found.append(poll)
    return found


def _measure(flows: FlowColumns, rows: np.ndarray) -> Poll | None:
    gaps_s = np.diff(flows.first_us[rows]) / 1e6
    period_s = float(np.median(gaps_s))
    if period_s < SHORTEST_S:
        return None
    regular = float((np.abs(gaps_s - period_s) <= NEAR_RATIO * period_s).mean())
    sent = int(np.median(flows.sent_bytes[rows]))
    received = int(np.median(flows.received_bytes[rows]))
    if regular < REGULAR_RATIO or max(sent, received) > LARGEST_BYTES:
        return None
    return Poll(
        agent=int(flows.client[rows[0]]),
        controller=int(flows.server[rows[0]]),
        port=int(flows.server_port[rows[0]]),
        count=len(rows),
        period_s=period_s,
        regular_ratio=regular,
        by_address=int((flows.is_by_address[rows] == 1).sum()),
        by_name=int((flows.is_by_address[rows] == 0).sum()),
        rows=tuple(rows.tolist()),
    )
