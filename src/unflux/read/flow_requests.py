"""Requests: what logs say was asked for, given to the flows in which it was."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.read.flow_ends import SAME_US, ends_us, find_ends, starts_us
from unflux.read.flow_gaps import fill_gaps

TEXTS: Final = ("http_method", "http_host", "http_target", "server_name")
ASKED: Final = (*TEXTS, "http_status")
"""Columns that logs of what was asked for have, beside those of flows."""


def part_requests(rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return flows, and requests: rows without an end that say what was asked for."""
    is_asked = pc.or_(
        pc.or_(rows["http_method"].is_valid(), rows["http_host"].is_valid()),
        rows["server_name"].is_valid(),
    )
    is_request = pc.and_(rows["last_at"].is_null(), is_asked)
    if not pc.any(is_request).as_py():
        return rows, rows.slice(0, 0)
    return rows.filter(pc.invert(is_request)), rows.filter(is_request)


def join_requests(flows: pa.Table, requests: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Give requests to the flows they went by: to each flow its first, and a name of TLS.

    A request went by the flow between the same ends that began last before it, where that has the
    same id or still went on, or by one that began within :data:`SAME_US` after it. Returned, too,
    are requests whose flow was not read.
    """
    if not len(flows) or not len(requests):
        return flows, requests
    requests = requests.sort_by("first_at")
    flow = _find_flows(flows, requests)
    joined = np.flatnonzero(flow >= 0)
    flows = fill_gaps(flows, requests, joined, flow[joined], ASKED)
    return flows, requests.filter(pa.array(flow < 0))


def _find_flows(flows: pa.Table, requests: pa.Table) -> np.ndarray:
    """Return the row of the flow of each request, -1 where there is none."""
    count = len(flows)
    rows = pa.concat_tables([flows, requests])
    keys, at_us = find_ends(rows).keys, starts_us(rows)
    is_flow = np.arange(len(rows)) < count
    order = np.lexsort((~is_flow, at_us, *keys))
    is_start = np.zeros(len(order), bool)
    is_start[0] = True
    for key in keys:
        is_start[1:] |= key[order][1:] != key[order][:-1]
    group = np.cumsum(is_start)
    place = np.arange(len(order))
    flow_places = place[is_flow[order]]
    asked = place[~is_flow[order]]
    following = np.searchsorted(flow_places, asked)
    found = np.full(len(requests), -1)
    last_us = ends_us(flows)
    flow_ids, request_ids = _same_ids(rows["flow_id"], count)
    # The one that follows first, so that the one before is preferred.
    for near in (following, following - 1):
        is_there = (near >= 0) & (near < len(flow_places))
        there, request = flow_places[near[is_there]], order[asked[is_there]]
        row = order[there]
        is_of_ends = group[there] == group[asked[is_there]]
        is_in_time = (at_us[row] <= at_us[request] + SAME_US) & (
            at_us[request] <= last_us[row] + SAME_US
        )
        is_same_id = (flow_ids[row] == request_ids[request - count]) & (flow_ids[row] >= 0)
        is_found = is_of_ends & (is_in_time | is_same_id)
        found[request[is_found] - count] = row[is_found]
    return found


def _same_ids(ids: pa.ChunkedArray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of the ids of flows and of requests, -1 where there is none."""
    codes = pc.dictionary_encode(ids.combine_chunks())
    numbers = codes.indices.cast(pa.int64()).fill_null(-1).to_numpy()
    return numbers[:count], numbers[count:]
