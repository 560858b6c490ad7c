"""A blueprint is the same for the same options, and names nobody who exists."""

from dataclasses import replace
from itertools import pairwise

import pytest

from unflux.lab.testbed.blueprint import Blueprint, refuse_foreign
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.model.errors import UnfluxError


@pytest.fixture(scope="module")
def blueprint() -> Blueprint:
    return draw_blueprint(Options())


def test_options_give_one_blueprint(blueprint: Blueprint) -> None:
    again, other = draw_blueprint(Options()), draw_blueprint(Options(seed=2))
    assert again.hosts == blueprint.hosts and again.operations == blueprint.operations
    assert other.hosts != blueprint.hosts


@pytest.mark.parametrize("seed", range(5))
def test_every_address_is_one_hosts_alone_and_nobodys(seed: int) -> None:
    blueprint = draw_blueprint(Options(seed=seed, agents=40, clients=50))
    refuse_foreign(blueprint)
    held = [address for addresses in blueprint.hosts.values() for address in addresses]
    assert len(held) == len(set(held))


@pytest.mark.parametrize("foreign", ["8.8.8.8", "2001:db8::1", "10.0.0", "192.0.3.1"])
def test_foreign_addresses_are_refused(blueprint: Blueprint, foreign: str) -> None:
    hosts = {**blueprint.hosts, "fronts": (*blueprint.hosts["fronts"], foreign)}
    with pytest.raises(UnfluxError, match="neither a documentation nor a private"):
        refuse_foreign(replace(blueprint, hosts=hosts))


def test_foreign_names_are_refused(blueprint: Blueprint) -> None:
    site = replace(blueprint.sites[0], domain="somebody.com")
    with pytest.raises(UnfluxError, match=r"somebody\.com lies below no reserved"):
        refuse_foreign(replace(blueprint, sites=(site,)))


def test_pools_keep_enough_agents_on_line(blueprint: Blueprint) -> None:
    for operation in blueprint.operations:
        for minute in range(0, 119, 7):
            online = sum(agent.is_online(minute * 60) for agent in operation.agents)
            assert online >= operation.set_size / 2, (operation.title, minute)


def test_presence_is_in_order_and_within_the_length(blueprint: Blueprint) -> None:
    for _, agent in blueprint.agents():
        for start, end in agent.online_s:
            assert 0 <= start < end <= blueprint.length_s + 1e-6
        for (_, end), (start, _) in pairwise(agent.online_s):
            assert end <= start
