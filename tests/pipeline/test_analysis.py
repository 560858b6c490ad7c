"""Known situations from records to verdicts and networks, on every engine."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.measure.internet_of_rows import (
    HOUR_S,
    answer,
    beside,
    random_internet,
    roll,
    roll_in_parts,
    route_table,
    seeds,
    shuffled_rollup,
)
from tests.pipeline.situations import (
    Internet,
    add_network_with_a_narrow_member,
    add_two_networks_on_one_hoster,
    analysed,
    every_situation,
    find,
    turns,
)

from unflux.engine.connection import Engine, open_engine
from unflux.judge.bounds import CONVICTION
from unflux.link.continuity import rename
from unflux.measure.provider_lists import load_zones
from unflux.model.rollup import Rollup, tables_of
from unflux.model.verdicts import Verdict
from unflux.pipeline import steps
from unflux.pipeline.analysis import (
    Analysis,
    analyse,
    conclude,
    distinct_addresses,
    measure_records,
    put_records,
)
from unflux.pipeline.findings import Findings, compose_findings


@dataclass(frozen=True)
class Known:
    """What all situations together give."""

    rows: dict[str, list[dict[str, Any]]]
    findings: Findings
    verdicts: dict[str, Verdict]

    def of(self, pattern: str) -> list[Verdict]:
        found = [v for d, v in self.verdicts.items() if re.fullmatch(pattern, d)]
        assert found, pattern
        return found


@pytest.fixture(scope="module")
def known(engine: Engine) -> Known:
    analysis = analysed(engine, every_situation())
    findings = compose_findings(engine, analysis, list_all=True)
    verdicts = {verdict.domain: verdict for verdict in findings.verdicts}
    return Known(analysis_rows(engine, analysis), findings, verdicts)


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Engine]:
    with open_engine("duckdb", workers=1) as opened:
        yield opened


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        (r"double\.example", "double-flux"),
        (r"led-there\.example", "double-flux"),
        (r"single\.example", "single-flux"),
        (r"slow\.example", "slow-flux"),
        (r"m\d\.example", "single-flux"),
        (r"narrow(er)?\.example", "single-flux"),
        (r"taken\d\.example", "single-flux"),
        (r"(left|right)\d\.example", "single-flux"),
        (r"nsflux\.example", "ns-flux"),
    ],
)
def test_flux_is_found(known: Known, pattern: str, kind: str) -> None:
    for verdict in known.of(pattern):
        assert (verdict.verdict, verdict.kind) == ("fast-flux", kind), verdict
        assert verdict.network is not None and verdict.missing is None


@pytest.mark.parametrize(
    ("pattern", "kinds"),
    [
        (r"customer\d+\.example", {"cdn"}),
        (r"edges\.net", {"cdn"}),
        (r"robin\.example", {"round-robin"}),
        (r"home\d\.duckdns\.org", {"dynamic-dns"}),
        (r"parked\d+\.example", {"parking"}),
        (r"tenant\d+\.example", {"parking"}),
        (r"blog\d+\.example", {"parking", "round-robin"}),
        (r"portal\.example", {"multi-provider"}),
        (r"hosted\d+\.example", {"static"}),
        (r"neighbour\.example", {"static"}),
    ],
)
def test_the_innocent_are_cleared(known: Known, pattern: str, kinds: set[str]) -> None:
    for verdict in known.of(pattern):
        assert verdict.verdict == "benign", verdict
        assert verdict.kind in kinds
        assert verdict.network is None


@pytest.mark.parametrize(
    "pattern",
    [
        # An operator could name a pool or a seed so.
        r"clocks\.org",
        r"nodes\.example",
    ],
)
def test_what_cannot_be_told_is_left_open(known: Known, pattern: str) -> None:
    for verdict in known.of(pattern):
        assert verdict.verdict == "undecided", verdict
        assert verdict.missing is not None and verdict.network is None


def test_seeds_that_hand_out_the_same_nodes_are_no_network(known: Known) -> None:
    for verdict in known.of(r"(sipa\.be|bluematt\.me|nodes\.example)"):
        assert verdict.verdict != "fast-flux", verdict
        assert all(piece.name != "network-membership" for piece in verdict.evidence)


def test_totals_count_every_domain(known: Known) -> None:
    totals = known.findings.totals
    assert sum(totals.values()) == len(known.verdicts)
    for outcome, count in totals.items():
        assert count == sum(v.verdict == outcome for v in known.verdicts.values())


def test_an_alias_is_in_the_network_it_leads_to(known: Known) -> None:
    target, alias = known.verdicts["double.example"], known.verdicts["led-there.example"]
    assert alias.network == target.network
    assert "alias" in {piece.name for piece in alias.evidence}
    assert alias.counts.addresses == 0


def test_networks_hold_their_own_and_do_not_chain(known: Known) -> None:
    by_members = {network.domains: network for network in known.findings.networks}
    assert len({network.id for network in known.findings.networks}) == len(by_members)
    left = tuple(f"left{n}.example" for n in range(3))
    right = tuple(f"right{n}.example" for n in range(3))
    moving = (*(f"m{n}.example" for n in range(5)), "narrow.example", "narrower.example")
    assert by_members.keys() == {
        left, right, moving, ("double.example", "led-there.example"), ("single.example",),
        ("nsflux.example",),
        ("slow.example",), ("taken1.example", "taken2.example"),
    }  # fmt: skip
    for domains, network in by_members.items():
        assert {known.verdicts[domain].network for domain in domains} == {network.id}
        assert network.score >= 0.95
    servers = by_members["double.example", "led-there.example"]
    roles = [agent.roles for agent in servers.agents]
    assert (roles.count(("answer",)), roles.count(("name-server",))) == (24, 12)


def test_a_registrars_name_server_is_no_agent(known: Known) -> None:
    lone = next(n for n in known.findings.networks if n.domains == ("single.example",))
    assert "193.0.14.1" not in {agent.address for agent in lone.agents}
    assert len(lone.agents) == 120


def test_networks_come_largest_first_and_verdicts_most_suspicious_first(known: Known) -> None:
    sizes = [(-len(n.domains), -len(n.agents), n.id) for n in known.findings.networks]
    assert sizes == sorted(sizes)
    scores = [verdict.score for verdict in known.findings.verdicts]
    assert scores == sorted(scores, reverse=True)


def test_every_sum_is_the_log_odds_of_its_score(known: Known) -> None:
    for verdict in known.verdicts.values():
        total = sum(piece.llr for piece in verdict.evidence)
        if verdict.verdict == "fast-flux":
            assert total >= CONVICTION - 1e-6
        elif verdict.verdict == "benign":
            assert total <= 1e-6 - CONVICTION
        else:
            assert abs(total) < CONVICTION


@pytest.mark.slow
def test_an_id_stays_when_later_records_add_members(duckdb: Engine) -> None:
    net = Internet()
    add_network_with_a_narrow_member(net)
    (before,) = find(duckdb, net).networks
    fronts = turns([agent.address for agent in before.agents], 8)
    for n in range(4):
        some = next(fronts)
        net.add(*(answer(f"a{later}.example", some, 20 * HOUR_S + n) for later in range(3)))
    (after,) = find(duckdb, net).networks
    assert set(before.domains) < set(after.domains)
    assert "a0.example" in after.domains
    assert before.id == after.id


@pytest.mark.slow
def test_a_lone_domain_keeps_its_id_when_company_comes(duckdb: Engine) -> None:
    net = Internet()
    fronts = turns(net.hosts(48), 8)
    shown = [next(fronts) for _ in range(6)]
    net.add(*(answer("first.example", some, n * HOUR_S) for n, some in enumerate(shown)))
    (before,) = find(duckdb, net).networks
    net.add(*(answer("a.example", some, (n + 6) * HOUR_S) for n, some in enumerate(shown)))
    (after,) = find(duckdb, net).networks
    assert (before.domains, after.domains) == (("first.example",), ("a.example", "first.example"))
    assert before.id == after.id


def test_a_takedown_to_parking_convicts_nobody_there(known: Known) -> None:
    parked = known.of(r"parked\d+\.example")
    assert all("network-membership" not in {e.name for e in v.evidence} for v in parked)


# Determinism -------------------------------------------------------------------------------------


def test_networks_go_on_under_the_ids_they_had(open_once: Callable[[str], Engine]) -> None:
    """Each is told to have had the id that the records give to the next; a watch has DuckDB."""
    engine = open_once("duckdb")
    net = Internet()
    add_network_with_a_narrow_member(net)
    add_two_networks_on_one_hoster(net)
    analysis = analysed(engine, net)
    found = compose_findings(engine, analysis, list_all=False)
    ids = [network.id for network in found.networks]
    had = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    held = rename(analysis.members, "network", had)

    rollup = net.rollup()
    tables = (*tables_of(rollup), route_table(rollup, net.routes), load_zones())
    put_records(engine, dict(zip(steps.RECORDS, tables, strict=True)))
    measure_records(engine)
    again = compose_findings(engine, conclude(engine, held=held), list_all=False)
    assert again.verdicts == tuple(
        replace(verdict, network=had[verdict.network or ""]) for verdict in found.verdicts
    )
    assert {network.id: network for network in again.networks} == {
        had[network.id]: replace(network, id=had[network.id]) for network in found.networks
    }
    assert again.service.num_rows == found.service.num_rows > 0


def analysis_rows(engine: Engine, analysis: Analysis) -> dict[str, list[dict[str, Any]]]:
    def rows(name: str, *key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = engine.rows(name).to_pylist()
        return sorted(found, key=lambda row: [str(row[name]) for name in key])

    return {
        "decided": rows("decided", "domain"),
        "networks": rows("networks", "domain"),
        "convicted": analysis.members.to_pylist(),
        "delegations": rows("delegations", "domain", "ns_host"),
        "rotation": rows("rotation", "ns_host"),
    }


def assert_same(one: Findings, other: Findings) -> None:
    assert one.verdicts == other.verdicts
    assert one.networks == other.networks
    assert one.totals == other.totals
    assert one.rotation.equals(other.rotation)
    assert one.service.equals(other.service)


def test_every_stage_is_the_same_on_every_engine(known: Known) -> None:
    assert len(known.rows["decided"]) == len(known.verdicts)
    assert known.rows["networks"] and known.rows["convicted"] and known.rows["rotation"]
    with open_engine("duckdb", workers=1) as other:
        analysis = analysed(other, every_situation())
        assert analysis_rows(other, analysis) == known.rows
        assert_same(compose_findings(other, analysis, list_all=True), known.findings)


@pytest.mark.slow
def test_random_records_are_analysed_alike(engine: Engine) -> None:
    for seed in seeds(engine, many=2, few=1):
        responses, routes = random_internet(seed + 40)
        rollup = roll(responses)
        here = compose_findings(
            engine, analyse(engine, rollup, route_table(rollup, routes)), list_all=True
        )
        for other in beside(engine):
            mixed = shuffled_rollup(rollup, seed)
            there = compose_findings(
                other, analyse(other, mixed, route_table(rollup, routes)), list_all=True
            )
            assert_same(here, there)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 4])
def test_neither_row_order_nor_threads_matter(known: Known, workers: int) -> None:
    net = every_situation()
    whole = net.rollup()
    for rollup in (shuffled_rollup(whole, workers), roll_in_parts(net.responses, 3)):
        with open_engine("duckdb", workers=workers) as engine:
            analysis = analyse(engine, rollup, route_table(whole, net.routes))
            assert_same(compose_findings(engine, analysis, list_all=True), known.findings)


def test_nothing_in_nothing_out(engine: Engine) -> None:
    empty = Rollup.empty()
    findings = compose_findings(
        engine, analyse(engine, empty, route_table(empty, {})), list_all=True
    )
    assert findings.verdicts == () and findings.networks == ()
    assert set(findings.totals.values()) == {0}
    assert findings.rotation.num_rows == findings.service.num_rows == 0


def test_every_address_is_looked_up_once(engine: Engine) -> None:
    rollup = every_situation().rollup()
    addresses = distinct_addresses(rollup).to_pylist()
    assert len(set(addresses)) == len(addresses) > 500
    assert distinct_addresses(Rollup.empty()).to_pylist() == []
