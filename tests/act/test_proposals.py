"""What is proposed, with which proofs and neighbours."""

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
from tests.act.plans import SEEN, plan_of
from tests.present.generated_results import make_network, make_verdict

from unflux.act.proposals import find_guilty, propose
from unflux.act.surroundings import Host, Surroundings, look_around
from unflux.model.actions import Delegation, Proposal, verdict_id
from unflux.model.verdicts import SERVICE, Agent, Alternative, Evidence, FluxNetwork, Verdict

AGENT = Agent(
    address="20.1.2.3", asn=64500, holder=None, country=None, first_seen=SEEN, last_seen=SEEN,
    roles=("answer",), domains=1,
)  # fmt: skip

NO_ADDRESSES = pa.table({"host": [], "address": []})
NO_DELEGATIONS = pa.table({"domain": [], "host": [], "first_at": [], "last_at": []})


def convicted(domain: str, **changes: object) -> Verdict:
    usual = make_verdict(domain=domain, verdict="fast-flux", network="n-1", score=0.999)
    return replace(usual, alternatives=(), **changes)  # type: ignore[arg-type]


def network(*agents: Agent, servers: tuple[str, ...] = ()) -> FluxNetwork:
    return make_network(
        id="n-1", domains=("bad.example",), agents=agents, name_servers=servers, score=0.999
    )


def of(kind: str, proposals: list[Proposal]) -> Proposal:
    (found,) = [proposal for proposal in proposals if proposal.kind == kind]
    return found


GUILTY = frozenset({"bad.example"})
SERVED = {("n-1", "20.1.2.3"): frozenset({"bad.example"})}


def test_a_role_is_a_witness_and_so_is_a_confirmation() -> None:
    around = Surroundings(served=SERVED)
    for roles, confirmed, witnesses in (
        (("answer",), frozenset[str](), ["answers"]),
        (("answer", "name-server"), frozenset[str](), ["answers", "delegation"]),
        (("answer",), frozenset({"20.1.2.3"}), ["answers", "confirmed"]),
    ):
        agent = replace(AGENT, roles=roles)  # type: ignore[arg-type]
        found = list(propose([convicted("bad.example")], [network(agent)], around,
                             guilty=GUILTY, confirmed=confirmed))  # fmt: skip
        assert [p.witness for p in of("block-address", found).proofs] == witnesses


def test_neighbours_are_those_not_convicted_or_spared() -> None:
    users = frozenset({"bad.example", "bank.example", "spared.example"})
    around = Surroundings(served=SERVED, address_users={"20.1.2.3": users})
    verdicts = [convicted("bad.example"), convicted("spared.example")]
    guilty = find_guilty(verdicts, around, lambda name: name == "spared.example")
    found = list(propose(verdicts, [network(AGENT)], around, guilty=guilty))
    assert of("block-address", found).shared_with == ("bank.example", "spared.example")


def test_what_holds_for_any_domain_served_speaks_for_the_address() -> None:
    holding = Alternative(hypothesis="pool", outcome="holds", because="")
    verdict = replace(convicted("bad.example"), alternatives=(holding,))
    around = Surroundings(served=SERVED)
    found = list(propose([verdict], [network(AGENT)], around, guilty=GUILTY))
    assert of("block-address", found).innocent == ("pool",)
    assert of("block-domain", found).innocent == ("pool",)


def test_what_only_explains_addresses_does_not_speak_for_the_name() -> None:
    holding = Alternative(hypothesis="cdn", outcome="holds", because="", is_of_addresses=True)
    verdict = replace(convicted("bad.example"), alternatives=(holding,))
    found = list(propose([verdict], [network(AGENT)], Surroundings(served=SERVED), guilty=GUILTY))
    assert {p.kind: p.innocent for p in found} == {
        "block-domain": (), "report-domain": (),
        "block-address": ("cdn",), "report-address": ("cdn",),
    }  # fmt: skip


def test_a_host_is_proved_by_moving_or_by_whose_name_it_has() -> None:
    users = frozenset({"bad.example"})
    for name, rotates, witnesses in (
        ("ns.host.net", False, ["delegation"]),
        ("ns.host.net", True, ["answers", "delegation"]),
        ("ns.bad.example", False, ["delegation", "ownership"]),
    ):
        host = Host(name=name, users=users, is_rotating=rotates, last_seen=SEEN)
        around = Surroundings(served=SERVED, hosts={name: host})
        one = [network(AGENT, servers=(name,))]
        found = list(propose([convicted("bad.example")], one, around, guilty=GUILTY))
        proposal = of("block-name-server", found)
        assert sorted(p.witness for p in proposal.proofs) == witnesses
        assert proposal.last_seen == SEEN


def test_innocent_and_undecided_domains_are_not_proposed() -> None:
    verdicts = [make_verdict(domain=f"{v}.example", verdict=v) for v in ("benign", "undecided")]
    assert find_guilty(verdicts, Surroundings(), lambda _: False) == frozenset()
    assert list(propose(verdicts, [], Surroundings(), guilty=frozenset())) == []


def test_company_alone_makes_nobody_guilty_unless_it_chose_a_rotating_host() -> None:
    told = [("prior", -5.0), ("network-membership", 9.0), ("shared-pool", 4.0), ("alias", 9.0)]
    for own, is_guilty in ((7.9, False), (8.0, True)):
        evidence = tuple(
            Evidence(name=name, value=None, llr=llr, says="", source="")
            for name, llr in (*told, ("answer-width", own))
        )
        verdict = convicted("bank.example", evidence=evidence)
        assert bool(find_guilty([verdict], Surroundings(), lambda _: False)) is is_guilty
    weak = convicted("bank.example", evidence=evidence[:-1])
    for chosen_by, is_guilty in ((frozenset({"bank.example"}), True), (frozenset[str](), False)):
        host = Host(name="ns1.flux.example", users=frozenset({"bank.example"}), is_rotating=True,
                    chosen_by=chosen_by)  # fmt: skip
        around = Surroundings(hosts={host.name: host})
        assert bool(find_guilty([weak], around, lambda _: False)) is is_guilty


def test_the_id_of_a_verdict_changes_with_what_it_says() -> None:
    verdict = convicted("bad.example")
    assert verdict_id(verdict) == verdict_id(replace(verdict, network="other"))
    assert verdict_id(verdict) != verdict_id(replace(verdict, score=0.96))
    assert verdict_id(verdict) != verdict_id(replace(verdict, domain="worse.example"))


def test_glue_of_a_rotating_host_makes_its_owner_no_neighbour_but_an_answer_does() -> None:
    addresses = [f"20.1.2.{n}" for n in range(3)]
    agents = [replace(AGENT, address=text, roles=("name-server",)) for text in addresses]
    rows = [
        {"address": text, "host": "ns1.servers.net", "domain": "servers.net", "is_glue": True}
        for text in addresses
    ]
    rows.append(
        {"address": addresses[0], "host": "www.servers.net", "domain": "servers.net",
         "is_glue": False}
    )  # fmt: skip
    around = look_around(
        [network(*agents)],
        service=SERVICE.empty_table(),
        address_uses=pa.Table.from_pylist(rows),
        host_uses=pa.table({"host": ["ns1.servers.net"], "domain": ["bad.example"],
                            "is_own": [True], "first_at": [SEEN], "last_at": [SEEN]}),
        host_addresses=pa.table({"host": ["ns1.servers.net"] * 3, "address": addresses}),
        delegations=NO_DELEGATIONS,
        delegated_addresses=NO_ADDRESSES,
    )  # fmt: skip
    assert around.hosts["ns1.servers.net"].is_rotating
    assert around.address_users == {addresses[0]: frozenset({"servers.net"})}


def test_name_servers_of_a_domain_are_kept_the_earliest_first_with_their_addresses() -> None:
    later = SEEN + timedelta(hours=1)
    around = look_around(
        [],
        service=SERVICE.empty_table(),
        address_uses=pa.table({"address": [], "host": [], "domain": [], "is_glue": []}),
        host_uses=pa.table({"host": [], "domain": [], "is_own": [], "first_at": [], "last_at": []}),
        host_addresses=NO_ADDRESSES,
        delegations=pa.table({
            "domain": ["bad.example"] * 3, "host": ["ns3.example", "ns2.example", "ns1.example"],
            "first_at": [None, later, SEEN], "last_at": [None, later, later],
        }),
        delegated_addresses=pa.table({"host": ["ns1.example"] * 2,
                                      "address": ["20.9.8.7", "20.1.2.3"]}),
    )  # fmt: skip
    history = around.delegations["bad.example"]
    assert history == (
        Delegation(host="ns1.example", addresses=("20.1.2.3", "20.9.8.7"), first_seen=SEEN,
                   last_seen=later),
        Delegation(host="ns2.example", first_seen=later, last_seen=later),
        Delegation(host="ns3.example"),
    )  # fmt: skip
    proposals = propose([convicted("bad.example")], [], around, guilty=frozenset())
    found = {proposal.kind: proposal.delegations for proposal in proposals}
    assert found == {"block-domain": (), "report-domain": history}


def test_an_agent_in_own_space_is_to_be_filtered_too() -> None:
    around = Surroundings(served=SERVED, address_users={"20.1.2.3": frozenset({"bank.example"})})
    told = ([convicted("bad.example")], [network(AGENT)], around)
    kinds = {p.kind for p in propose(*told, guilty=GUILTY)}
    assert "filter-address" not in kinds
    found = list(propose(*told, guilty=GUILTY, is_own="20.1.2.3".__eq__))
    assert of("filter-address", found).shared_with == ("bank.example",)
    assert of("filter-address", found).agent == AGENT


def test_a_mothership_is_proposed_and_refused_for_want_of_proof() -> None:
    around = Surroundings(served=SERVED, address_users={"20.5.5.5": frozenset({"bank.example"})})
    known = replace(network(AGENT), motherships=("20.5.5.5",), last_seen=SEEN)
    found = list(propose([convicted("bad.example")], [known], around, guilty=GUILTY))
    mothership = of("block-mothership", found)
    assert (mothership.target, mothership.proofs) == ("20.5.5.5", ())
    refused = [r for r in plan_of(*found).refusals if r.proposal.kind == "block-mothership"]
    rules = {objection.rule for refusal in refused for objection in refusal.objections}
    assert {"unproved-mothership", "few-proofs", "shared-target"} <= rules
