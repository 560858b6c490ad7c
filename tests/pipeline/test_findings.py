"""What is listed, and that one domain's findings are those of the whole."""

import pytest
from tests.measure.internet_of_rows import HOUR_S, answer
from tests.pipeline.situations import (
    Internet,
    add_alias_into_flux,
    add_double_flux,
    add_network_with_a_narrow_member,
    add_round_robin,
    add_time_pool,
    analysed,
    turns,
)

from unflux.engine.connection import Engine, open_engine
from unflux.pipeline.analysis import Analysis
from unflux.pipeline.findings import Findings, compose_findings


@pytest.fixture(scope="module")
def whole(engine: Engine, analysis: Analysis) -> Findings:
    return compose_findings(engine, analysis, list_all=True)


@pytest.fixture(scope="module")
def analysis(engine: Engine) -> Analysis:
    net = Internet()
    add_double_flux(net)
    add_alias_into_flux(net)
    add_time_pool(net)
    add_round_robin(net)
    add_network_with_a_narrow_member(net)
    return analysed(engine, net)


def test_the_cleared_are_listed_on_request(
    engine: Engine, analysis: Analysis, whole: Findings
) -> None:
    few = compose_findings(engine, analysis, list_all=False)
    assert few.totals == whole.totals
    assert few.networks == whole.networks
    assert {v.verdict for v in few.verdicts} == {"fast-flux", "undecided"}
    assert few.verdicts == tuple(v for v in whole.verdicts if v.verdict != "benign")
    assert "robin.example" in {v.domain for v in whole.verdicts}


@pytest.mark.parametrize(
    "domain", ["double.example", "led-there.example", "narrow.example", "clocks.org",
               "robin.example"],
)  # fmt: skip
def test_one_domain_is_found_as_in_the_whole(
    engine: Engine, analysis: Analysis, whole: Findings, domain: str
) -> None:
    alone = compose_findings(engine, analysis, list_all=True, domain=domain)
    (verdict,) = alone.verdicts
    assert verdict == next(v for v in whole.verdicts if v.domain == domain)
    assert alone.networks == tuple(n for n in whole.networks if n.id == verdict.network)
    assert alone.totals == whole.totals
    for table, all_rows in ((alone.rotation, whole.rotation), (alone.service, whole.service)):
        theirs = [row for row in all_rows.to_pylist() if row["network"] == verdict.network]
        assert table.to_pylist() == theirs


def test_a_domain_never_seen_has_no_verdict(engine: Engine, analysis: Analysis) -> None:
    found = compose_findings(engine, analysis, list_all=True, domain="never.example")
    assert found.verdicts == () and found.networks == ()


def test_a_network_of_one_has_the_grade_of_its_domain() -> None:
    net = Internet()
    pool = net.hosts(48)
    fronts = turns(pool, 8)
    for n in range(6):
        net.add(answer("moving.example", next(fronts), n * HOUR_S))
    with open_engine("duckdb", workers=1) as engine:  # the other tests' tables stay
        findings = compose_findings(engine, analysed(engine, net), list_all=True)
    (network,) = findings.networks
    (verdict,) = findings.verdicts
    assert network.score == verdict.score
    assert network.kind == verdict.kind == "single-flux"


def test_pictures_are_of_agents_only(whole: Findings) -> None:
    for network in whole.networks:
        agents = {agent.address: agent for agent in network.agents}
        service = [r for r in whole.service.to_pylist() if r["network"] == network.id]
        rotation = [r for r in whole.rotation.to_pylist() if r["network"] == network.id]
        assert {row["address"] for row in service} == agents.keys()
        fronts = {a for a, agent in agents.items() if "answer" in agent.roles}
        assert {row["address"] for row in rotation} == fronts
        assert {row["domain"] for row in service} <= set(network.domains)
        for address, agent in agents.items():
            served = {row["domain"] for row in service if row["address"] == address}
            assert agent.domains == len(served)
