"""The gate over time: what stands, what is capped, what is withdrawn."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from tests.act.plans import ANSWERS, DELEGATION, NOW, RELAYED, gate, plan_of, proposal, protected

from unflux.act.gate import Limits
from unflux.act.policy import decide
from unflux.model.actions import Action, Plan

DOMAIN = proposal("block-domain", "bad.example")
ADDRESS = proposal("block-address", "20.1.2.3", related=("bad.example",))


def ended(plan: Plan) -> dict[str, str]:
    return {w.action.target: w.objection.rule for w in plan.withdrawals}


def stood(*, now: timedelta = timedelta()) -> tuple[Action, ...]:
    return decide([DOMAIN, ADDRESS], gate(now=NOW + now)).actions


def test_what_stood_and_is_not_seen_stands_until_it_expires() -> None:
    later = gate(now=NOW + timedelta(hours=22))
    kept = decide([], later, standing=stood())
    assert [a.target for a in kept.actions] == ["bad.example", "20.1.2.3"]
    assert [a.expires_at for a in kept.actions] == [a.expires_at for a in stood()]
    assert kept.fresh == frozenset()

    over = decide([], gate(now=NOW + timedelta(hours=23)), standing=kept.actions)
    assert [a.target for a in over.actions] == ["bad.example"]
    assert ended(over) == {"20.1.2.3": "expired"}
    gone = decide([], gate(now=NOW + timedelta(days=7)), standing=over.actions)
    assert gone.actions == ()
    assert ended(gone) == {"bad.example": "expired"}


def test_a_later_sight_extends_and_keeps_when_it_was_decided() -> None:
    later = NOW + timedelta(hours=9)
    again = replace(DOMAIN, last_seen=later)
    plan = decide([again], gate(now=later), standing=stood())
    first = plan.actions[0]
    assert first.decided_at == NOW
    assert first.expires_at == later + timedelta(days=7)
    assert plan.fresh == frozenset()


def test_a_changed_verdict_withdraws_the_domain_and_its_addresses() -> None:
    for outcome in ("benign", "undecided"):
        plan = decide([], gate(), standing=stood(), verdicts={"bad.example": outcome})
        assert plan.actions == ()
        assert ended(plan) == {"bad.example": "verdict-gone", "20.1.2.3": "verdict-gone"}


def test_an_address_that_its_network_left_is_withdrawn() -> None:
    plan = decide([DOMAIN], gate(), standing=stood(), verdicts={"bad.example": "fast-flux"})
    assert [a.target for a in plan.actions] == ["bad.example"]
    assert ended(plan) == {"20.1.2.3": "proof-gone"}


def test_a_rule_that_refuses_now_withdraws_what_stood() -> None:
    for told, rule in (
        ({"allowed": protected("bad.example")}, "allowed-name"),
        ({"withdrawn": frozenset({DOMAIN.id})}, "asked-to-withdraw"),
    ):
        for proposals in ([], [DOMAIN]):
            plan = decide(proposals, gate(**told), standing=stood()[:1])
            assert plan.actions == ()
            assert ended(plan) == {"bad.example": rule}


def test_a_neighbour_that_appears_withdraws_an_address() -> None:
    domain, address = stood()
    known = replace(address, proposal=replace(ADDRESS, shared_with=("bank.example",)))
    plan = decide([DOMAIN], gate(), standing=[domain, known])
    assert ended(plan) == {"20.1.2.3": "shared-target"}


def test_caps_keep_the_surest_and_show_the_rest() -> None:
    many = [proposal("block-domain", f"bad{n}.example", score=0.991 + n / 1_000) for n in range(9)]
    plan = plan_of(*many, limits=Limits(domains=2))
    assert [a.target for a in plan.actions] == ["bad7.example", "bad8.example"]
    assert {r.objections[0].rule for r in plan.refusals} == {"cap"}
    assert len(plan.refusals) == 7
    assert plan_of(*many, limits=Limits(domains=0)).actions == ()


def test_every_kind_of_address_has_a_cap_of_its_own() -> None:
    homes = protected("20.64.0.0/16")
    many = [proposal("filter-address", f"20.64.0.{n}") for n in range(9)]
    many += [proposal("block-mothership", f"20.5.0.{n}", proofs=RELAYED) for n in range(9)]
    many += [proposal("block-address", f"20.6.0.{n}") for n in range(9)]
    plan = plan_of(*many, subscribers=homes, limits=Limits(addresses=3, motherships=2, filters=1))
    counted = Counter(action.kind for action in plan.actions)
    assert counted == {"block-address": 3, "block-mothership": 2, "filter-address": 1}
    assert {r.objections[0].rule for r in plan.refusals} == {"cap"}


def test_a_filter_goes_when_the_prefix_is_no_subscribers_any_more() -> None:
    homes = protected("20.64.0.0/16")
    stood = plan_of(proposal("filter-address", "20.64.0.9"), subscribers=homes).actions
    plan = decide([], gate(), standing=stood)
    assert ended(plan) == {"20.64.0.9": "no-subscriber"}


def test_every_proposal_ends_as_an_action_or_a_refusal() -> None:
    proposals = [DOMAIN, ADDRESS, proposal("block-domain", "com"), proposal("report-domain", "a.b")]
    plan = plan_of(*proposals)
    ended_ = {a.id for a in plan.actions} | {r.proposal.id for r in plan.refusals}
    assert ended_ == {p.id for p in proposals}


def test_reports_do_not_stand() -> None:
    report = plan_of(proposal("report-domain", "bad.example")).actions
    plan = decide([], gate(), standing=report)
    assert plan.actions == ()
    assert plan.withdrawals == ()


def test_the_same_proposals_in_any_order_give_the_same_plan() -> None:
    proposals = [DOMAIN, ADDRESS, proposal("block-domain", "com"), proposal("block-domain", "a.b")]
    assert plan_of(*proposals) == plan_of(*reversed(proposals))


def test_what_speaks_for_an_agent_in_one_network_speaks_for_it_in_all() -> None:
    for told, rule in (
        ({"innocent": ("cdn",)}, "innocent-explanation"),
        ({"shared_with": ("bank.example",)}, "shared-target"),
    ):
        networks = [ADDRESS, replace(ADDRESS, network="n-2", **told)]  # type: ignore[arg-type]
        for proposals in (networks, networks[::-1]):
            (refusal,) = plan_of(*proposals).refusals
            assert [objection.rule for objection in refusal.objections] == [rule]
            assert plan_of(*proposals).actions == ()


def test_one_network_must_prove_an_agent_and_one_is_enough() -> None:
    of_answers = replace(ADDRESS, proofs=(ANSWERS,), score=0.9999)
    of_servers = replace(ADDRESS, proofs=(DELEGATION,), network="n-2")
    proved = replace(ADDRESS, network="n-3")
    (refusal,) = plan_of(of_answers, of_servers).refusals
    assert {objection.rule for objection in refusal.objections} == {"few-proofs"}
    assert len(refusal.objections) == 2
    for proposals in ((of_answers, of_servers, proved), (proved, of_servers, of_answers)):
        plan = plan_of(*proposals)
        assert [action.proposal.network for action in plan.actions] == ["n-3"]
        assert plan.refusals == ()
