"""Every rule refuses what it is for, and lets the rest pass."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.act.plans import ANSWERS, NOW, RELAYED, gate, plan_of, proposal, protected

from unflux.act.gate import Limits
from unflux.act.infrastructure import INFRASTRUCTURE, ROOT_SERVERS
from unflux.act.rules import RULES
from unflux.model.actions import ActionKind
from unflux.model.addresses import NOT_GLOBAL, canonical_address
from unflux.model.names import normalise_name

GOOD: tuple[tuple[ActionKind, str], ...] = (
    ("block-domain", "bad.example"),
    ("block-domain", "evil.duckdns.org"),
    ("block-name-server", "ns1.bad.example"),
    ("block-address", "20.1.2.3"),
    ("block-address", "2a09::7"),
    ("report-domain", "bad.example"),
    ("report-address", "20.1.2.3"),
)
OWN = {"own": protected("20.1.0.0/16")}
HOMES = OWN | {"subscribers": protected("20.1.0.0/16")}
SPARED = HOMES | {"allowed": protected("20.1.2.3")}
SERVING = HOMES | {"servers": protected("20.1.2.0/29")}

BAD: tuple[tuple[str, ActionKind, str, dict[str, Any], dict[str, Any]], ...] = (
    ("whole-name", "block-domain", "com", {}, {}),
    ("whole-name", "block-domain", "co.uk", {}, {}),
    ("whole-name", "block-domain", "duckdns.org", {}, {}),
    ("whole-name", "block-domain", ".", {}, {}),
    ("whole-name", "block-domain", "", {}, {}),
    ("whole-name", "block-domain", "*.uk", {}, {}),
    ("whole-name", "block-domain", "*.bad.example", {}, {}),
    ("whole-name", "block-domain", "4.rpz-ip", {}, {}),
    ("whole-name", "block-domain", "32.4.3.2.1.rpz-ip", {}, {}),
    ("whole-name", "block-domain", "x.rpz-passthru", {}, {}),
    ("whole-name", "block-domain", "192.0.2.1", {}, {}),
    ("whole-name", "block-domain", "BAD.example.", {}, {}),
    ("whole-name", "block-domain", "bad.example\n*.com", {}, {}),
    ("whole-name", "block-name-server", "com", {}, {}),
    ("own-name", "block-domain", "isp.example", {}, {"own": protected("isp.example")}),
    ("own-name", "block-domain", "isp.example", {}, {"own": protected("www.isp.example")}),
    ("own-name", "block-domain", "x.isp.example", {}, {"own": protected("isp.example")}),
    ("allowed-name", "block-domain", "bank.example", {}, {"allowed": protected("bank.example")}),
    ("allowed-name", "report-domain", "bank.example", {}, {"allowed": protected("bank.example")}),
    ("infrastructure-name", "block-domain", "gtld-servers.net", {}, {}),
    ("infrastructure-name", "block-name-server", "a.root-servers.net", {}, {}),
    ("infrastructure-name", "block-domain", "0.0.127.in-addr.arpa", {}, {}),
    ("infrastructure-name", "block-domain", "google", {}, {}),
    ("single-address", "block-address", "0.0.0.0/0", {}, {}),
    ("single-address", "block-address", "::/0", {}, {}),
    ("single-address", "block-address", "20.1.2.0/31", {}, {}),
    ("single-address", "block-address", "20.1.2.3/32", {}, {}),
    ("single-address", "block-address", "020.1.2.3", {}, {}),
    ("single-address", "block-address", "20.1.2.3; flush ruleset", {}, {}),
    ("special-use-address", "block-address", "10.0.0.1", {}, {}),
    ("special-use-address", "block-address", "127.0.0.1", {}, {}),
    ("special-use-address", "block-address", "0.0.0.0", {}, {}),
    ("special-use-address", "report-address", "192.168.1.1", {}, {}),
    ("special-use-address", "block-address", "fd00::1", {}, {}),
    ("embedded-address", "block-address", "64:ff9b::808:808", {}, {}),
    ("embedded-address", "block-address", "2002:808:808::1", {}, {}),
    ("embedded-address", "block-address", "::ffff:8.8.8.8", {}, {}),
    ("own-address", "block-address", "20.1.2.3", {}, {"own": protected("20.1.0.0/16")}),
    ("allowed-address", "block-address", "2a09::7", {}, {"allowed": protected("2a09::/32")}),
    ("allowed-address", "report-address", "20.1.2.3", {}, {"allowed": protected("20.1.2.3")}),
    ("forwarder-address", "block-address", "20.1.2.3", {}, {"forwarders": protected("20.1.2.3")}),
    ("infrastructure-address", "block-address", "198.41.0.4", {}, {}),
    ("infrastructure-address", "block-address", "8.8.8.8", {}, {}),
    ("infrastructure-address", "block-address", "2606:4700:4700::1111", {}, {}),
    ("infrastructure-address", "block-address", "192.5.6.30", {}, {}),
    ("innocent-explanation", "block-domain", "bad.example", {"innocent": ("pool",)}, {}),
    ("innocent-explanation", "block-address", "20.1.2.3", {"innocent": ("static",)}, {}),
    ("company-only", "block-domain", "bank.example", {"proofs": ()}, {}),
    ("company-only", "report-domain", "bank.example", {"proofs": ()}, {}),
    ("shared-target", "block-address", "20.1.2.3", {"shared_with": ("bank.example",)}, {}),
    ("shared-target", "report-address", "20.1.2.3", {"shared_with": ("bank.example",)}, {}),
    ("shared-target", "block-name-server", "ns1.host.net", {"shared_with": ("a.example",)}, {}),
    ("own-address", "block-mothership", "20.1.2.3", {"proofs": RELAYED}, OWN),
    ("no-subscriber", "filter-address", "20.1.2.3", {}, {}),
    ("no-subscriber", "filter-address", "20.1.2.3", {}, OWN),
    ("no-subscriber", "filter-address", "20.2.2.3", {}, HOMES),
    ("asked-to-serve", "filter-address", "20.1.2.3", {}, SERVING),
    ("single-address", "filter-address", "20.1.2.0/24", {}, HOMES),
    ("few-proofs", "filter-address", "20.1.2.3", {"proofs": (ANSWERS,)}, HOMES),
    ("shared-target", "filter-address", "20.1.2.3", {"shared_with": ("shop.example",)}, HOMES),
    ("allowed-address", "filter-address", "20.1.2.3", {}, SPARED),
    ("not-recent", "filter-address", "20.1.2.3", {"last_seen": NOW - timedelta(hours=24)}, HOMES),
    ("unproved-mothership", "block-mothership", "20.1.2.3", {}, {}),
    ("unproved-mothership", "block-mothership", "20.1.2.3", {"proofs": ()}, {}),
    ("few-proofs", "block-mothership", "20.1.2.3", {"proofs": RELAYED[:1]}, {}),
    ("infrastructure-address", "block-mothership", "8.8.8.8", {"proofs": RELAYED}, {}),
    ("thin-records", "block-address", "20.1.2.3", {}, {"background": 99}),
    ("few-proofs", "block-address", "20.1.2.3", {"proofs": (ANSWERS, ANSWERS)}, {}),
    ("few-proofs", "block-name-server", "ns1.bad.example", {"proofs": ()}, {}),
    ("low-score", "block-domain", "bad.example", {"score": 0.98}, {}),
    ("low-score", "report-domain", "bad.example", {"score": 0.94}, {}),
    ("low-score", "block-address", "20.1.2.3", {"score": 0.98}, {}),
    ("low-score", "block-address", "20.1.2.3", {"score": float("nan")}, {}),
    ("not-recent", "block-domain", "bad.example", {"last_seen": NOW - timedelta(days=7)}, {}),
    ("not-recent", "block-address", "20.1.2.3", {"last_seen": NOW - timedelta(hours=24)}, {}),
    ("not-recent", "block-address", "20.1.2.3", {"last_seen": None}, {}),
    ("not-recent", "block-address", "20.1.2.3", {"last_seen": NOW + timedelta(days=2)}, {}),
    ("asked-to-withdraw", "block-domain", "bad.example", {}, {"withdrawn": frozenset({"all"})}),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "target"), GOOD)
def test_what_no_rule_is_for_passes(kind: ActionKind, target: str) -> None:
    plan = plan_of(proposal(kind, target))
    assert [action.target for action in plan.actions] == [target], plan.refusals


@pytest.mark.parametrize(("rule", "kind", "target", "changes", "told"), BAD)
def test_a_rule_refuses_what_it_is_for(
    rule: str, kind: ActionKind, target: str, changes: dict[str, Any], told: dict[str, Any]
) -> None:
    plan = plan_of(proposal(kind, target, **changes), **told)
    assert plan.actions == ()
    (refusal,) = plan.refusals
    assert rule in [objection.rule for objection in refusal.objections]
    assert all(objection.because for objection in refusal.objections)


def test_every_rule_is_tested_and_says_what_it_is_for() -> None:
    assert {rule.name for rule in RULES} == {rule for rule, *_ in BAD}
    assert all(rule.check.__doc__ for rule in RULES)


def test_a_quiet_front_does_not_speak_for_a_name() -> None:
    kept = proposal("block-domain", "bad.example", innocent=("static", "round-robin"))
    assert len(plan_of(kept).actions) == 1


def test_a_mothership_passes_once_relaying_and_another_witness_prove_it() -> None:
    assert len(plan_of(proposal("block-mothership", "20.1.2.3", proofs=RELAYED)).actions) == 1


def test_services_of_an_agent_are_filtered_in_own_space_where_nobody_asked_to_serve() -> None:
    asked = HOMES | {"servers": protected("20.1.9.9")}
    (action,) = plan_of(proposal("filter-address", "20.1.2.3"), **asked).actions
    assert action.kind == "filter-address"
    assert action.expires_at - NOW <= timedelta(hours=24)


def test_an_address_of_the_operator_is_reported_but_not_blocked() -> None:
    own = protected("20.1.0.0/16")
    both = [proposal(kind, "20.1.2.3") for kind in ("block-address", "report-address")]
    assert [a.kind for a in plan_of(*both, own=own).actions] == ["report-address"]


def test_the_limits_bound_what_options_may_ask() -> None:
    greedy = Limits(address_life=timedelta(days=9), domain_life=timedelta(days=900))
    plan = plan_of(
        proposal("block-address", "20.1.2.3"), proposal("block-domain", "bad.example"),
        limits=greedy,
    )  # fmt: skip
    lives = {a.kind: a.expires_at - NOW for a in plan.actions}
    assert lives["block-address"] <= timedelta(hours=24)
    assert lives["block-domain"] <= timedelta(days=30)


def test_the_root_servers_are_those_of_the_hints() -> None:
    hints = Path("/usr/share/dns/root.hints")
    if not hints.exists():
        pytest.skip("the package dns-root-data is not installed")
    rows = [line.split() for line in hints.read_text().splitlines() if not line.startswith(";")]
    told = {row[-1].lower() for row in rows if row and row[-2] in ("A", "AAAA")}
    assert told == set(ROOT_SERVERS)


@pytest.mark.parametrize("block", NOT_GLOBAL)
def test_no_special_use_block_can_be_blocked_at_its_ends(block: str) -> None:
    network = ip_network(block)
    for address in {network.network_address, network.broadcast_address}:
        plan = plan_of(proposal("block-address", str(address)))
        assert plan.actions == () or block in ("192.0.0.0/24", "2001::/23")


@given(st.text(max_size=40), st.sampled_from(["block-domain", "block-address"]))
def test_no_text_that_is_no_target_passes(text: str, kind: ActionKind) -> None:
    for action in plan_of(proposal(kind, text)).actions:
        assert action.target.isascii()
        assert action.target.isprintable()
        assert " " not in action.target
        assert action.target in (normalise_name(action.target), canonical_address(action.target))


def test_infrastructure_holds_addresses_of_both_families() -> None:
    held = gate(infrastructure=INFRASTRUCTURE).infrastructure
    assert held.block_of("1.1.1.1") == "1.1.1.0/24"
    assert held.block_of("2001:4860:4860::8888") == "2001:4860:4860::/48"
    assert held.block_of("20.1.2.3") is None
