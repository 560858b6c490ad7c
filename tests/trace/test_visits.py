"""Requests that go on without a pause are one visit, whose octets are compared as a whole."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.trace.flow_rows import Row, table
from tests.trace.relayed_capture import AGENT, MOTHERSHIP
from tests.trace.test_judging import trace

from unflux.trace.columns import FlowColumns, number_flows
from unflux.trace.visits import find_visits


def sorted_inbound(flows: FlowColumns) -> np.ndarray:
    return np.lexsort((flows.first_us, flows.server))


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=40
    )
)
def test_visits_are_the_unions_of_what_overlaps(spans: list[tuple[int, int, int]]) -> None:
    rows: list[Row] = [
        (first, first + length, "192.0.2.1", f"198.51.100.{host}", 1, 10)
        for first, length, host in spans
    ]
    flows = number_flows(table(rows)).flows
    visits = find_visits(flows, sorted_inbound(flows))
    expected = 0
    for host in {row[3] for row in rows}:
        end = -1
        for first, last in sorted((row[0], row[1]) for row in rows if row[3] == host):
            expected += first > end
            end = max(end, last)
    assert len(visits.group) == expected
    assert visits.flow_count.sum() == len(rows)
    assert visits.received_bytes.sum() == 10 * len(rows)


def test_a_relay_that_opens_a_flow_for_each_request_is_found() -> None:
    draw, rows = random.Random(3), list[Row]()
    for visit in range(12):
        begin, visitor = 1_790_000_000 + visit * 250, f"192.0.2.{visit + 1}"
        sizes = [draw.randrange(500, 60_000) for _ in range(draw.randrange(2, 7))]
        rows.append((begin, begin + 40, visitor, AGENT, 400 * len(sizes), sum(sizes)))
        for number, size in enumerate(sizes):
            at = begin + 5 * number
            rows.append((at, at + 2, AGENT, MOTHERSHIP, 430, size + 40))
    rows += [
        (1_790_000_000 + 50 * n, 1_790_000_001 + 50 * n, AGENT, f"203.0.113.{100 + n}", 600, 9_000)
        for n in range(60)
    ]
    host = trace(table(rows))[f"{MOTHERSHIP} mothership"]
    assert host.verdict == "suspected"
    compared = {piece.name: piece.value for piece in host.evidence}
    assert compared["size"] == 12
    # The same flows with octets of their own are calls to a service.
    other = [
        (*row[:5], 3_000 + 11 * n) if row[3] == MOTHERSHIP else row for n, row in enumerate(rows)
    ]
    found = trace(table(other)).get(f"{MOTHERSHIP} mothership")
    assert found is None or found.verdict not in ("accused", "suspected")
