"""Generated captures: motherships come first, and nobody is accused where there is no agent."""

import os
import subprocess
import sys
from importlib import import_module

import pytest

SEEDS = (1, 2)
ACCUSED = ("agent_of_honeypot", "agent_of_double_flux")
SUSPECTED = ("agent_at_home", "agent_of_hydra", "agent_by_seconds", "agent_of_chain")
INNOCENTS = (
    "web_server", "application_with_api", "server_that_logs", "reverse_proxy",
    "reverse_proxy_private", "reverse_proxy_elsewhere", "points_of_presence",
    "front_of_name_server", "cdn_cache", "vpn_at_home", "resolver",
    "dns_forwarder", "dns_forwarder_elsewhere", "mail_server", "nat_home", "peer_to_peer",
    "camera_with_cloud", "household", "proxy_at_home", "proxy_of_renumbered_home",
    "proxy_of_few_targets",
)  # fmt: skip


def test_a_seed_gives_the_same_flows_to_everybody() -> None:
    """Texts hash to other numbers in each process."""
    code = "import flow_traffic as t; print(t.draw(t.agent_at_home, 1).flows.to_pydict())"
    told = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": number, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for number in ("1", "2")
    }  # fmt: skip
    assert len(told) == 1


@pytest.mark.parametrize("name", (*ACCUSED, *SUSPECTED))
def test_the_motherships_come_first_and_are_accused(name: str) -> None:
    traffic, scoring = import_module("flow_traffic"), import_module("trace_flows")
    _, count = scoring.score(getattr(traffic, name), SEEDS)
    assert (count.first, count.wrong) == (len(SEEDS), 0)
    assert count.accused == (len(SEEDS) if name in ACCUSED else 0)
    assert count.suspected == (0 if name in ACCUSED else len(SEEDS))


@pytest.mark.parametrize("name", INNOCENTS)
def test_nobody_is_accused_without_an_agent(name: str) -> None:
    traffic, scoring = import_module("flow_traffic"), import_module("trace_flows")
    _, count = scoring.score(getattr(traffic, name), SEEDS)
    assert count.wrong == 0


@pytest.mark.slow
def test_an_edge_has_its_network_found() -> None:
    traffic, scoring = import_module("flow_traffic"), import_module("trace_flows")
    _, count = scoring.score(traffic.edge_of_isp, SEEDS)
    assert (count.first, count.accused, count.suspected, count.wrong) == (2, 0, 2, 0)
    for kind in (traffic.edge_of_isp_by_name, traffic.edge_with_application_on_agent):
        _, count = scoring.score(kind, SEEDS)
        assert (count.first, count.accused, count.wrong, count.controllers) == (2, 2, 0, 2)
    for kind in (
        traffic.edge_without_agents, traffic.edge_of_one_application,
        traffic.edge_of_relaying_application, traffic.edge_of_application_with_own_names,
        traffic.edge_of_application_by_one_name,
    ):  # fmt: skip
        _, count = scoring.score(kind, SEEDS)
        assert count.wrong == 0


@pytest.mark.slow
def test_one_known_agent_does_not_have_both_accused_that_it_relays_to() -> None:
    traffic, scoring = import_module("flow_traffic"), import_module("trace_flows")
    case = traffic.draw(traffic.edge_with_application_on_agent, 1)
    shared, *others = sorted(case.agents)
    hosts = scoring.trace(case.flows, frozenset([shared]))
    assert {host.verdict for host in hosts} == {"suspected", "innocent"}
    hosts = scoring.trace(case.flows, frozenset([shared, others[0]]))
    accused = {host.address for host in hosts if host.verdict == "accused"}
    assert accused == case.motherships | case.controllers
