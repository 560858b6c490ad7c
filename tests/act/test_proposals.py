"""What is proposed, with which proofs and neighbours."""

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
from tests.act.plans import SEEN, plan_of
from tests.present.generated_results import make_network, make_verdict

from unflux.act.proposals import COMPANY, SERVERS, find_guilty, propose
from unflux.act.surroundings import MOVES, Host, Surroundings, look_around
from unflux.judge import name_server_plane
from unflux.judge.weighing import PIECES
from unflux.model.actions import Delegation, Proposal, verdict_id
from unflux.model.columns import MOMENT
from unflux.model.traces import RelayTarget
from unflux.model.verdicts import SERVICE, Agent, Alternative, Evidence, FluxNetwork, Verdict

AGENT = Agent(
    address="20.1.2.3", asn=64500, holder=None, country=None, first_seen=SEEN, last_seen=SEEN,
    roles=("answer",), domains=1,
)  # fmt: skip

NO_ADDRESSES = pa.table({
    "host": pa.array([], pa.string()), "address": pa.array([], pa.string()),
    "is_own": pa.array([], pa.bool_()),
})  # fmt: skip
NO_FRONTS = pa.table({
    "domain": pa.array([], pa.string()), "addresses": [], "own": [],
    "last_at": pa.array([], MOMENT),
})  # fmt: skip
NO_SERVERS = NO_ADDRESSES.add_column(0, "domain", pa.array([], pa.string())).append_column(
    "last_at", pa.array([], MOMENT)
)
NO_DELEGATIONS = pa.table({
    "domain": pa.array([], pa.string()), "host": [], "first_at": [],
    "last_at": pa.array([], MOMENT),
})  # fmt: skip


def convicted(domain: str, **changes: object) -> Verdict:
    usual = make_verdict(domain=domain, verdict="fast-flux", network="n-1", score=0.999)
    return replace(usual, **{"alternatives": (), "first_seen": SEEN} | changes)  # type: ignore[arg-type]


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
    told_by = {name: {"20.1.2.3": frozenset({name})} for name in ("bad.example", "other.example")}
    both = ("answer", "name-server")
    for roles, by, confirmed, witnesses in (
        (("answer",), "bad.example", frozenset[str](), ["answers"]),
        (both, "bad.example", frozenset[str](), ["answers", "delegation"]),
        (both, "other.example", frozenset[str](), ["answers"]),  # glue for servers of others
        (("answer",), "bad.example", frozenset({"20.1.2.3"}), ["answers", "confirmed"]),
    ):
        around = Surroundings(served=SERVED, servers_of=told_by[by])
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


def told(own: float, *, servers: float = 0.0) -> tuple[Evidence, ...]:
    """Return evidence of company, of a domain's own answers, and of its name servers."""
    ratios = [("prior", -5.0), ("network-membership", 9.0), ("shared-pool", 4.0), ("alias", 9.0),
              ("answer-width", own), ("server-rotation", servers)]  # fmt: skip
    return tuple(
        Evidence(name=name, value=None, llr=llr, says="", source="") for name, llr in ratios
    )


def guilty_of(evidence: tuple[Evidence, ...], around: Surroundings) -> frozenset[str]:
    return find_guilty([convicted("bank.example", evidence=evidence)], around, lambda _: False)


def test_company_alone_makes_nobody_guilty_unless_it_chose_a_rotating_host() -> None:
    bank = frozenset({"bank.example"})
    assert guilty_of(told(7.9), Surroundings()) == frozenset()
    assert guilty_of(told(8.0), Surroundings()) == bank
    assert guilty_of(told(0.0), Surroundings(on_rotating=bank)) == bank


def test_what_only_others_said_makes_nobody_guilty() -> None:
    bank = frozenset({"bank.example"})
    for fronts, servers, evidence, is_guilty in (
        (bank, frozenset[str](), told(9.0, servers=9.0), False),
        (frozenset[str](), bank, told(7.9, servers=9.0), False),
        (frozenset[str](), bank, told(8.0, servers=9.0), True),
        (frozenset[str](), frozenset[str](), told(0.0, servers=9.0), True),
    ):
        around = Surroundings(lent_fronts=fronts, lent_servers=servers)
        assert bool(guilty_of(evidence, around)) is is_guilty


def test_evidence_that_others_can_write_is_evidence_of_the_judge() -> None:
    beyond = {"alias", "planes"}  # what is no piece
    servers = {piece.name for piece in name_server_plane.PIECES}
    assert servers | {"planes"} == SERVERS
    assert COMPANY - beyond <= {piece.name for piece in PIECES}


def test_most_of_what_is_known_of_a_domain_must_be_its_own_word() -> None:
    fronts = pa.table({
        "domain": ["half.example", "less.example"], "addresses": [4, 5], "own": [2, 2],
        "last_at": pa.array([SEEN, None], MOMENT),
    })  # fmt: skip
    addresses = [f"20.1.2.{n}" for n in range(5)]
    rows = [
        {
            "domain": domain,
            "host": "ns1.servers.net",
            "address": text,
            "is_own": n < own,
            "last_at": SEEN,
        }
        for domain, own in (("three.example", 3), ("two.example", 2))
        for n, text in enumerate(addresses)
    ]
    agents = [replace(AGENT, address=text, roles=("name-server",)) for text in addresses]
    around = surroundings(*agents, fronts=fronts, servers=pa.Table.from_pylist(rows))
    assert around.lent_fronts == {"less.example"}
    assert around.shown_at == {"half.example": SEEN}
    assert around.lent_servers == {"two.example"}
    assert around.on_rotating == {"three.example"}


def test_addresses_that_others_tell_do_not_make_a_host_rotate() -> None:
    addresses = [f"20.1.2.{n}" for n in range(5)]
    agents = [replace(AGENT, address=text, roles=("name-server",)) for text in addresses]
    for own, is_rotating in ((2, False), (3, True)):
        told_ = pa.table({"host": ["ns1.servers.net"] * 5, "address": addresses,
                          "is_own": [n < own for n in range(5)]})  # fmt: skip
        around = surroundings(*agents, host_addresses=told_)
        assert around.hosts["ns1.servers.net"].is_rotating is is_rotating


def surroundings(*agents: Agent, **tables: pa.Table) -> Surroundings:
    """Look around a network of the agents with some tables, the others empty."""
    usual = {
        "address_uses": pa.table({"address": [], "host": [], "domain": [], "is_glue": []}),
        "host_uses": pa.table({"host": [], "domain": [], "first_at": [], "last_at": []}),
        "host_addresses": NO_ADDRESSES,
        "delegations": NO_DELEGATIONS,
        "fronts": NO_FRONTS,
        "moves": MOVES.empty_table(),
        "servers": NO_SERVERS,
    }
    return look_around([network(*agents)], service=SERVICE.empty_table(), **usual | tables)


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
    around = surroundings(
        *agents,
        address_uses=pa.Table.from_pylist(rows),
        host_addresses=pa.table({"host": ["ns1.servers.net"] * 3, "address": addresses,
                                 "is_own": [True] * 3}),
    )  # fmt: skip
    assert around.hosts["ns1.servers.net"].is_rotating
    assert around.address_users == {addresses[0]: frozenset({"servers.net"})}


def test_name_servers_of_a_domain_are_kept_the_earliest_first_with_their_addresses() -> None:
    later = SEEN + timedelta(hours=1)
    around = surroundings(
        delegations=pa.table({
            "domain": ["bad.example"] * 3, "host": ["ns3.example", "ns2.example", "ns1.example"],
            "first_at": [None, later, SEEN],
            "last_at": pa.array([None, later, later], MOMENT),
        }),
        servers=pa.table({"domain": ["bad.example"] * 2, "host": ["ns1.example"] * 2,
                          "address": ["20.9.8.7", "20.1.2.3"], "is_own": [True, False],
                          "last_at": pa.array([later, None], MOMENT)}),
    )  # fmt: skip
    history = around.delegations["bad.example"]
    assert history == (
        Delegation(host="ns1.example", addresses=("20.1.2.3", "20.9.8.7"), first_seen=SEEN,
                   last_seen=later),
        Delegation(host="ns2.example", first_seen=later, last_seen=later),
        Delegation(host="ns3.example"),
    )  # fmt: skip
    proposals = propose([convicted("bad.example")], [], around, guilty=frozenset())
    found = {proposal.kind: (proposal.delegations, proposal.last_seen) for proposal in proposals}
    assert found == {"block-domain": ((), later), "report-domain": (history, later)}


def test_to_be_asked_for_is_not_to_be_shown() -> None:
    asked = convicted("bad.example", last_seen=SEEN + timedelta(hours=9))
    for shown_at, seen in (({}, None), ({"bad.example": SEEN}, SEEN)):
        around = Surroundings(shown_at=shown_at)
        found = propose([asked], [], around, guilty=frozenset())
        assert {proposal.last_seen for proposal in found} == {seen}


def test_a_domain_that_stands_still_is_shown_no_more_as_what_it_was() -> None:
    def shown(**told_: object) -> object:
        around = Surroundings(shown_at={"bad.example": SEEN}, **told_)  # type: ignore[arg-type]
        verdict = convicted("bad.example", first_seen=SEEN - timedelta(days=40))
        (block, _) = propose([verdict], [], around, guilty=frozenset())
        return block.last_seen

    for days, still in ((0, 0), (23, 0), (24, 1), (200, 177)):
        moved = {"bad.example": SEEN - timedelta(days=days)}
        assert shown(moved_at=moved) == SEEN - timedelta(days=still)
    assert shown() == SEEN - timedelta(days=17)  # it never moved


def test_a_name_server_moved_while_it_was_at_enough_agents_and_was_chosen() -> None:
    addresses = [f"20.1.2.{n}" for n in range(5)]
    agents = [replace(AGENT, address=text, roles=("name-server",)) for text in addresses[:4]]
    hours = [timedelta(hours=n) for n in range(6)]
    servers = pa.table({
        "domain": ["bad.example"] * 5, "host": ["ns1.bad.example"] * 5, "address": addresses,
        "is_own": [True] * 5, "last_at": [SEEN + n for n in hours[:5]],
    })  # fmt: skip
    for until, moved in ((hours[5], hours[1]), (hours[0], hours[0])):
        delegations = pa.table({
            "domain": ["bad.example"], "host": ["ns1.bad.example"], "first_at": [SEEN],
            "last_at": pa.array([SEEN + until], MOMENT),
        })  # fmt: skip
        around = surroundings(*agents, servers=servers, delegations=delegations)
        assert around.moved_at == {"bad.example": SEEN + moved}
    few = surroundings(*agents[:2], servers=servers, delegations=delegations)
    assert few.moved_at == {}


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


def test_traffic_and_whoever_looked_at_it_prove_a_mothership() -> None:
    known = replace(network(AGENT), motherships=("20.5.5.5",), last_seen=SEEN)
    target = RelayTarget(
        address="20.5.5.5", agents=frozenset({AGENT.address}), requests=12, score=0.995,
        first_seen=SEEN - timedelta(hours=2), last_seen=SEEN - timedelta(hours=1),
    )  # fmt: skip
    told = ([convicted("bad.example")], [known], Surroundings(served=SERVED))
    for confirmed, blocked in ((frozenset[str](), 0), (frozenset({"20.5.5.5"}), 1)):
        found = list(
            propose(*told, guilty=GUILTY, confirmed=confirmed, traced={"20.5.5.5": target})
        )
        mothership = of("block-mothership", found)
        assert mothership.proofs[0].witness == "relaying"
        assert (mothership.score, mothership.last_seen) == (0.995, target.last_seen)
        assert len(plan_of(*found).of_kind("block-mothership")) == blocked
