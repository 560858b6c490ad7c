"""Operators have answers for every name, however few agents are on line."""

from dataclasses import replace
from random import Random

import pytest

from unflux.lab.testbed.blueprint import Operation
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.rotating import Pool


@pytest.fixture(scope="module")
def operation() -> Operation:
    return draw_blueprint(Options()).operations[1]


@pytest.mark.parametrize("is_watched", [True, False])
def test_every_name_server_has_an_address_with_one_agent_on_line(
    operation: Operation, *, is_watched: bool
) -> None:
    honeypot, *others = operation.agents
    lonely = replace(
        operation, agents=(honeypot, *(replace(agent, online_s=()) for agent in others))
    )
    addresses = Pool(lonely, Random(1)).name_servers(0.0, 2, is_watched=is_watched)
    assert addresses == (honeypot.address, honeypot.address)


def test_name_servers_are_two_agents_where_there_are_more(operation: Operation) -> None:
    pool = Pool(operation, Random(1))
    online = {agent.address for agent in operation.agents if agent.is_online(0.0)}
    for _ in range(20):
        first, second = pool.name_servers(0.0, 2, is_watched=True)
        assert first == operation.agents[0].address != second
        assert {first, second} <= online
