"""Who gives agents their orders: by its bare address, or by who else asks it."""

import random

import pyarrow as pa
import pytest
from tests.trace.flow_rows import Row, table
from tests.trace.relayed_capture import AGENT, CONTROLLER, MOTHERSHIP, relayed
from tests.trace.test_judging import flows_of, trace

from unflux.model.flows import FLOWS

BEGIN_S = 1_790_000_000


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        (CONTROLLER, "accused"),
        (f"{CONTROLLER}:80", "accused"),
        ("203.0.113.99", "undecided"),
        ("cfg.example", "undecided"),
    ],
)
def test_a_named_agent_names_a_controller_that_it_asks_for_by_address(
    name: str, verdict: str
) -> None:
    flows = flows_of(relayed(browsed=3, controller_name=name))
    assert trace(flows, AGENT)[f"{CONTROLLER} controller"].verdict == verdict
    # An agent that nobody knows accuses nobody.
    assert trace(flows)[f"{CONTROLLER} controller"].verdict == "undecided"


def edge(*, polling: int, asking: int = 0, visited: int = 5) -> pa.Table:
    """Return an edge of forty homes, the first of them agents of which some are visited.

    ``polling``: how many of all poll the controller. ``asking``: how many agents without a visitor
    ask the mothership.
    """
    draw, rows = random.Random(7), list[Row]()
    homes = [f"198.{number}.100.7" for number in range(40)]
    for number, home in enumerate(homes):
        for site in range(12):
            at = BEGIN_S + draw.randrange(7_000)
            rows.append((at, at + 2, home, f"203.0.113.{100 + site}", 600, draw.randrange(90_000)))
        if number < polling:
            rows += [
                (BEGIN_S + 600 * n + number, BEGIN_S + 600 * n + number + 1, home, CONTROLLER,
                 200, 300)
                for n in range(11)
            ]  # fmt: skip
    for agent in homes[: visited + asking]:
        for _ in range(6):
            at, size = BEGIN_S + draw.randrange(7_000), draw.randrange(500, 60_000)
            rows.append((at + 1, at + 3, agent, MOTHERSHIP, 420, size + 30))
            if agent in homes[:visited]:
                rows.append((at, at + 3, f"192.0.2.{draw.randrange(250)}", agent, 400, size))
    return table(rows)


@pytest.mark.parametrize(
    ("polling", "verdict"), [(5, "suspected"), (9, "suspected"), (38, "innocent")]
)
def test_who_else_polls_tells_a_controller_from_a_service(polling: int, verdict: str) -> None:
    found = trace(edge(polling=polling))
    assert found[f"{MOTHERSHIP} mothership"].verdict == "suspected"
    assert found[f"{CONTROLLER} controller"].verdict == verdict
    known = trace(edge(polling=polling), "198.3.100.7")
    assert known[f"{MOTHERSHIP} mothership"].verdict == "accused"
    is_for_all = verdict == "innocent"
    assert known[f"{CONTROLLER} controller"].verdict == ("innocent" if is_for_all else "accused")


@pytest.mark.parametrize(("polling", "verdict"), [(14, "suspected"), (0, "innocent")])
def test_who_polls_what_relays_poll_is_an_agent_and_no_bystander(
    polling: int, verdict: str
) -> None:
    """Agents whose visitors nobody sees ask the mothership, as customers ask a service for all."""
    found = trace(edge(polling=polling, asking=10, visited=4))
    assert found[f"{MOTHERSHIP} mothership"].verdict == verdict
    if polling:
        controller = found[f"{CONTROLLER} controller"]
        assert controller.verdict == "suspected"
        assert len(controller.agents) == 14


@pytest.mark.parametrize("is_answered", [False, True])
def test_strangers_that_look_at_hosts_here_are_no_other_households(is_answered: bool) -> None:
    """Whoever comes from outside could not be seen asking an update server outside."""
    flows = flows_of(relayed(controller_name="update.vendor.example")).cast(FLOWS.schema)
    rows: list[Row] = [
        (BEGIN_S + 60 * crawler + site, BEGIN_S + 60 * crawler + site, f"198.18.{crawler}.5",
         f"198.51.{site}.80", *((300, 4_000) if is_answered else (0, 0)))
        for crawler in range(60)
        for site in range(1, 5)
    ]  # fmt: skip
    found = trace(pa.concat_tables([flows, table(rows)]), AGENT)[f"{CONTROLLER} controller"]
    assert found.verdict == "undecided"
    assert "shared" not in {piece.name for piece in found.evidence}
