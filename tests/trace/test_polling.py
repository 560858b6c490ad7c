"""Polls are small, regular and answered; who is polled is a controller only beside bystanders."""

import random

import numpy as np
import pytest
from tests.trace.flow_rows import Row, table
from tests.trace.relayed_capture import AGENT

from unflux.model.flows import FLOWS
from unflux.trace.columns import number_flows
from unflux.trace.judging import judge
from unflux.trace.polling import Poll, find_polls
from unflux.trace.scene import look

BEGIN = 1_790_000_000
CONTROLLER = "203.0.113.9"


def polls_of(rows: list[Row]) -> list[Poll]:
    flows = number_flows(table(rows)).flows
    return find_polls(flows, np.arange(len(flows)))


def polled(gaps: list[int], *, received: int = 300) -> list[Row]:
    at, rows = BEGIN, list[Row]()
    for gap in [0, *gaps]:
        at += gap
        rows.append((at, at, AGENT, CONTROLLER, 200, received))
    return rows


def test_a_regular_period_is_a_poll_with_a_lost_one_too() -> None:
    (poll,) = polls_of(polled([600, 590, 610, 1200, 600, 605]))
    assert (poll.count, poll.period_s) == (7, 602.5)


@pytest.mark.parametrize(
    ("gaps", "received"),
    [([600, 600], 300), ([60, 700, 20, 4_000, 300], 300), ([2, 2, 2, 2, 2], 300),
     ([600] * 5, 90_000), ([600] * 5, 0)],
)  # fmt: skip
def test_what_is_seldom_irregular_fast_large_or_unanswered_is_none(
    gaps: list[int], received: int
) -> None:
    assert polls_of(polled(gaps, received=received)) == []


def test_attempts_that_failed_do_not_hide_a_period() -> None:
    failed = [(at + n, at + n, AGENT, CONTROLLER, 60, 0)
              for at in range(BEGIN + 100, BEGIN + 3_000, 600) for n in range(1, 9)]  # fmt: skip
    (poll,) = polls_of(polled([600] * 6) + failed)
    assert poll.period_s == 600


def network(homes: int) -> list[Row]:
    """Return the flows of four agents in four networks, and of homes that are none."""
    draw, rows = random.Random(5), list[Row]()
    agents = [f"198.{18 + n}.0.7" for n in range(4)]
    for number, agent in enumerate([*agents, *(f"198.51.{n}.9" for n in range(homes))]):
        for site in range(60):
            at = BEGIN + draw.randrange(7_000)
            rows.append((at, at + 3, agent, f"203.0.113.{100 + site}", 500, 9_000))
        if number >= 4:
            continue
        for request in range(12):
            at, size = BEGIN + 100 + 500 * request + number, draw.randrange(900, 60_000)
            rows.append((at, at + 2, f"192.0.2.{request + 1}", agent, 400, size))
            rows.append((at, at + 1, agent, "203.0.113.80", 420, size))
        rows += [(at, at, agent, CONTROLLER, 200, 300)
                 for at in range(BEGIN + number, BEGIN + 7_000, 600)]  # fmt: skip
    return rows


@pytest.mark.parametrize(("homes", "verdict"), [(0, "undecided"), (12, "suspected")])
def test_what_all_agents_poll_says_little_without_households_that_do_not(
    homes: int, verdict: str
) -> None:
    hosts = judge(look(number_flows(table(network(homes))), told=frozenset()), {})
    found = {(host.address, host.role): host.verdict for host in hosts}
    assert found["203.0.113.80", "mothership"] == "suspected"
    assert found[CONTROLLER, "controller"] == verdict


def test_no_flows_have_no_polls() -> None:
    assert find_polls(number_flows(FLOWS.empty()).flows, np.arange(0)) == []
