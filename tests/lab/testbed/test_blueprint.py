"""A blueprint is the same for the same options, and names nobody who exists."""

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest

from unflux.lab.testbed.blueprint import Agent, Blueprint, refuse_foreign
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


def test_some_homes_get_another_address_of_their_network_every_day() -> None:
    options = Options(compress=600, minutes=10, agents=40)
    still, moved = draw_blueprint(options), draw_blueprint(replace(options, renumbered=0.5))
    day_s = 24 * 3600 / options.compress
    for before, after in zip(still.operations, moved.operations, strict=True):
        hosts: defaultdict[str, list[Agent]] = defaultdict(list)
        for agent in after.agents:
            hosts[agent.host].append(agent)
        # The same homes, software and hours: nothing else is another.
        assert [a.software for a in before.agents] == [held[0].software for held in hosts.values()]
        assert sum(_online_s(a) for a in before.agents) == pytest.approx(
            sum(_online_s(a) for a in after.agents)
        )
        renumbered = [held for held in hosts.values() if len(held) > 1]
        if before.title == "slow":
            assert not renumbered
            continue
        assert 0.2 < len(renumbered) / len(hosts) < 0.5
        for held in renumbered:
            assert held[0].address == held[0].host
            assert len({(a.asn, a.segment, a.software) for a in held}) == 1
            assert len({moved.lines[a.address] for a in held}) == 1
            begins = [a.online_s[0][0] for a in held]
            ends = [a.online_s[-1][1] for a in held]
            for agent, end, begin in zip(held, ends, begins[1:], strict=False):
                assert end <= begin
                assert end - agent.online_s[0][0] <= day_s + 1e-6
    assert all(agent.host == agent.address for _, agent in still.agents())


def _online_s(agent: Agent) -> float:
    return sum(end - start for start, end in agent.online_s)


def test_presence_is_in_order_and_within_the_length(blueprint: Blueprint) -> None:
    for _, agent in blueprint.agents():
        for start, end in agent.online_s:
            assert 0 <= start < end <= blueprint.length_s + 1e-6
        for (_, end), (start, _) in pairwise(agent.online_s):
            assert end <= start
