"""From records to a plan: what is blocked, what poison is not, what ends."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from tests.measure.internet_of_rows import (
    DAY_S,
    HOUR_S,
    START_US,
    Response,
    Route,
    address,
    alias,
    answer,
    glue,
    name_server,
)
from tests.pipeline.situations import Internet, analysed, turns
from tests.pipeline.test_ledger import CDN_NETWORKS, of_networks

from unflux.act.gate import Gate, Limits
from unflux.act.output import Options as OutputOptions
from unflux.act.outputs import OUTPUTS
from unflux.act.protected import Protected
from unflux.engine.connection import Engine
from unflux.model.actions import Action, Plan
from unflux.model.traces import RelayTarget
from unflux.model.verdicts import ScanResult
from unflux.pipeline.acting import Standing, plan, plan_analysed
from unflux.pipeline.gathering import Gathered, Options
from unflux.pipeline.scanning import compose_result

START = datetime.fromtimestamp(START_US / 1e6, UTC)
NOW = START + timedelta(hours=12)
BANK, ROOT, RESOLVER = "20.200.0.80", "198.41.0.4", "8.8.8.8"
OWN, PRIVATE, LISTED = "20.201.0.80", "10.0.0.1", "20.202.0.80"
PLANTED = (BANK, ROOT, RESOLVER, OWN, PRIVATE, LISTED)
OWN_IS_TOLD = frozenset({"csv", "abuse", "takedown", "stix", "misp", "nftables-isp"})
"""Outputs that hold reports too, or the operator's own prefixes."""
GATE = Gate(
    now=NOW,
    own=Protected.of(["isp.example"], [ip_network("20.201.0.0/16")]),
    allowed=Protected.of([], [ip_network(LISTED)]),
)


def innocents(net: Internet, count: int = 120) -> None:
    """Small sites on machines of their own, so that the records know some neighbours."""
    for n, machine in enumerate(net.hosts(count)):
        net.add(answer(f"site{n}.example", [machine], n * 60))


def double_flux(net: Internet, planted: tuple[str, ...] = (), at_h: float = 0) -> None:
    """Twelve hours of a double-flux domain that plants addresses of others on both planes."""
    pool = net.hosts(60)
    fronts, servers = turns(pool, 6), turns(pool[:48], 4)
    for n in range(12):
        names = [name_server("double.example", "ns1.double.example", 172_800)]
        names += [glue("ns1.double.example", text) for text in (*next(servers), *planted)]
        some = [*next(fronts), *planted]
        net.add(answer("double.example", some, (at_h + n) * HOUR_S, *names))


def bank(net: Internet) -> None:
    for n in range(12):
        net.add(answer("www.bank.example", [BANK], n * HOUR_S))
    net.routes |= {text: Route(64500 + n, f"holder {n}", "DE") for n, text in enumerate(PLANTED)}


def run(
    net: Internet, tmp_path: Path, gate: Gate = GATE, **told: object
) -> tuple[ScanResult, Plan]:
    table = tmp_path / "routes.csv"
    rows = [f"{text},{r.asn},{r.holder},{r.country}" for text, r in net.routes.items()]
    table.write_text("\n".join(["ip,asn,name,country", *rows]) + "\n")
    standing = Standing(**told)  # type: ignore[arg-type]
    options = Options(routes=(table,) if rows else ())
    return plan(Gathered(rollup=net.rollup()), options, gate, standing)


def targets(decided: Plan, kind: str) -> set[str]:
    return {action.target for action in decided.actions if action.kind == kind}


def rules(decided: Plan, target: str) -> set[str]:
    return {
        objection.rule
        for refusal in decided.refusals
        if refusal.proposal.target == target
        for objection in refusal.objections
    }


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScanResult, Plan]]:
    net = Internet()
    innocents(net)
    double_flux(net, PLANTED)
    bank(net)
    yield run(net, tmp_path_factory.mktemp("poisoned"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    net = Internet()
    innocents(net)
    double_flux(net)
    return run(net, tmp_path_factory.mktemp("first"))[1]


def test_the_flux_domain_its_name_server_and_agents_are_blocked(
    poisoned: tuple[ScanResult, Plan],
) -> None:
    result, decided = poisoned
    assert result.totals["fast-flux"] == 1
    assert targets(decided, "block-domain") == {"double.example"}
    assert targets(decided, "block-name-server") == {"ns1.double.example"}
    blocked = targets(decided, "block-address")
    (report,) = [a.proposal for a in decided.actions if a.kind == "report-domain"]
    (delegation,) = report.delegations
    assert delegation.host == "ns1.double.example"
    assert blocked < set(delegation.addresses)
    assert delegation.first_seen == START
    assert len(blocked) == 48  # who served on both planes
    for action in decided.of_kind("block-address"):
        assert {p.witness for p in action.proposal.proofs} == {"answers", "delegation"}
        assert action.expires_at - NOW <= timedelta(hours=24)


def test_nothing_that_was_planted_is_blocked_or_reported(
    poisoned: tuple[ScanResult, Plan],
) -> None:
    _, decided = poisoned
    acted = {a.target for a in decided.actions if a.kind != "report-address" or a.target != OWN}
    assert not acted & set(PLANTED)
    assert "shared-target" in rules(decided, BANK)
    assert "infrastructure-address" in rules(decided, ROOT)
    assert "infrastructure-address" in rules(decided, RESOLVER)
    assert "own-address" in rules(decided, OWN)
    assert "special-use-address" in rules(decided, PRIVATE)
    assert "allowed-address" in rules(decided, LISTED)


def test_no_file_of_any_output_holds_what_was_planted(
    poisoned: tuple[ScanResult, Plan],
) -> None:
    _, decided = poisoned
    # One's own agents are reported, not blocked.
    spared = [text for text in PLANTED if text != OWN]
    for output in OUTPUTS:
        files = output.render(
            decided, OutputOptions(subscribers=Protected.of([], [ip_network(OWN)]))
        )
        text = "".join(file.content.decode("ascii") for file in files)
        for planted in spared if output.NAME in OWN_IS_TOLD else PLANTED:
            assert not re.search(rf"(?<![\d.]){re.escape(planted)}(?![\d.])", text), output.NAME
            reversed_ = ".".join(["32", *reversed(planted.split("."))])
            assert reversed_ not in text, output.NAME
        assert not re.search(r"bank\.example|root-servers|isp\.example", text), output.NAME
        wide = r"\d/(?:\d|[12]\d|3[01])(?!\d)|::/"
        assert not re.search(wide, text), output.NAME


def test_glue_planted_for_the_servers_of_a_bank_blocks_neither(tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    places, pool = net.hosts(6), net.hosts(60)
    fronts, servers = turns(pool, 6), turns(pool[:48], 4)
    host = "ns1.bankdns.net"
    for n in range(12):
        moved = next(servers)
        names = [name_server("double.example", text) for text in ("ns1.double.example", host)]
        names += [glue(text, at) for text in ("ns1.double.example", host) for at in moved]
        net.add(answer("double.example", [*next(fronts), *places], n * HOUR_S, *names))
    net.add(answer("www.bank.example", places, HOUR_S, name_server("bank.example", host)))
    result, decided = run(net, tmp_path)
    convicted = {v.domain for v in result.verdicts if v.verdict == "fast-flux"}
    assert convicted == {"double.example", "bank.example"}  # the trap is set
    assert targets(decided, "block-domain") == {"double.example"}
    assert targets(decided, "report-domain") == {"double.example"}
    assert targets(decided, "block-name-server") == {"ns1.double.example"}
    assert rules(decided, "bank.example") == {"company-only"}


@pytest.mark.parametrize("lookups", [0, 1, 12])
def test_addresses_planted_under_the_name_of_a_bank_do_not_block_it(
    tmp_path: Path, lookups: int
) -> None:
    net = Internet()
    innocents(net)
    fronts, servers = turns(net.hosts(60), 6), turns(net.hosts(48), 4)
    for n in range(12):
        names = [name_server("double.example", "ns1.double.example")]
        names += [glue("ns1.double.example", text) for text in next(servers)]
        some = next(fronts)
        net.add(answer("double.example", some, n * HOUR_S, *names))
        led = alias("www.double.example", "www.bank.example")
        theirs = (address("www.bank.example", text) for text in some)
        net.add(Response("www.double.example", (led, *theirs), n * HOUR_S))
    for n in range(lookups):
        net.add(answer("www.bank.example", [BANK], n * HOUR_S))
    result, decided = run(net, tmp_path)
    assert "bank.example" in {v.domain for v in result.verdicts if v.verdict == "fast-flux"}
    assert targets(decided, "block-domain") == {"double.example"}
    assert rules(decided, "bank.example") == {"company-only"}


def test_glue_planted_for_the_servers_of_a_registrar_does_not_block_them(tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    fronts, servers = turns(net.hosts(60), 6), turns(net.hosts(48), 4)
    for n in range(12):
        names = [name_server("double.example", "ns1.registrar.net")]
        names += [glue("ns1.registrar.net", text) for text in next(servers)]
        net.add(answer("double.example", next(fronts), n * HOUR_S, *names))
    net.add(answer("www.registrar.net", net.hosts(1), 60))
    _, decided = run(net, tmp_path)
    assert targets(decided, "block-domain") == {"double.example"}
    assert targets(decided, "block-name-server") == set()
    assert rules(decided, "ns1.registrar.net") == {"few-proofs"}


def test_every_engine_decides_the_same(engine: Engine) -> None:
    net = Internet()
    innocents(net)
    double_flux(net, PLANTED)
    bank(net)
    stood = plan_on(engine, net).actions
    assert Counter(action.kind for action in stood) == {
        "block-domain": 1, "block-name-server": 1, "block-address": 48,
        "report-domain": 1, "report-address": 61,
    }  # fmt: skip
    cleared = Internet()
    innocents(cleared)
    for n in range(12):
        cleared.add(answer("double.example", ["20.240.0.1"], n * HOUR_S))
    decided = plan_on(engine, cleared, actions=stood)
    assert Counter(w.objection.rule for w in decided.withdrawals) == {"verdict-gone": 50}


def plan_on(engine: Engine, net: Internet, **told: Any) -> Plan:
    gathered = Gathered(rollup=net.rollup())
    analysis = analysed(engine, net)
    result = compose_result(engine, analysis, gathered, list_all=False, domain=None)
    return plan_analysed(engine, result, GATE, Standing(**told))


@pytest.mark.slow
def test_agents_that_only_answered_are_refused_for_want_of_proof_until_confirmed(
    first: Plan, tmp_path: Path
) -> None:
    one_plane = {
        r.proposal.target
        for r in first.refusals
        if [o.rule for o in r.objections] == ["few-proofs"]
    }
    assert len(one_plane) >= 10
    net = Internet()
    innocents(net)
    double_flux(net)
    _, confirmed = run(net, tmp_path, confirmed=frozenset(one_plane))
    assert one_plane <= targets(confirmed, "block-address")


def test_traffic_of_agents_names_a_mothership_and_proves_agents(
    first: Plan, tmp_path: Path
) -> None:
    agents = frozenset(
        r.proposal.target
        for r in first.refusals
        if [o.rule for o in r.objections] == ["few-proofs"]
    )
    mothership, imitated = "20.210.0.1", "20.210.0.2"
    traced = tuple(
        RelayTarget(
            address=address, agents=agents, requests=40, score=0.998, first_seen=START,
            last_seen=NOW - timedelta(hours=1),
        )
        for address in (mothership, imitated)
    )  # fmt: skip
    net = Internet()
    innocents(net)
    double_flux(net)
    _, decided = run(net, tmp_path, traced=traced, confirmed=frozenset({mothership}))
    assert targets(decided, "block-mothership") == {mothership}
    assert rules(decided, imitated) == {"few-proofs"}
    assert agents <= targets(decided, "block-address")


def test_records_with_few_others_block_no_address(tmp_path: Path) -> None:
    net = Internet()
    double_flux(net)
    _, decided = run(net, tmp_path)
    assert targets(decided, "block-domain") == {"double.example"}
    assert targets(decided, "block-address") == set()
    assert all("thin-records" in rules(decided, r.proposal.target)
               for r in decided.refusals if r.proposal.kind == "block-address")  # fmt: skip


@pytest.mark.parametrize(("lookups", "verdict"), [(1, "fast-flux"), (12, "undecided")])
def test_a_bank_of_many_places_is_not_blocked_whatever_its_planted_addresses_say_of_it(
    tmp_path: Path, lookups: int, verdict: str
) -> None:
    net = Internet()
    innocents(net)
    places = net.hosts(6)
    double_flux(net, tuple(places))
    for n in range(lookups):
        net.add(answer("www.bank.example", places, n * HOUR_S))
    result, decided = run(net, tmp_path)
    bank = next(v for v in result.verdicts if v.domain == "bank.example")
    assert bank.verdict == verdict  # seen once, company convicts it: the trap is set
    assert targets(decided, "block-domain") == {"double.example"}
    assert targets(decided, "report-domain") == {"double.example"}
    assert not targets(decided, "block-address") & set(places)
    assert not targets(decided, "report-address") & set(places)
    if verdict == "fast-flux":
        assert "company-only" in rules(decided, "bank.example")
    assert all("shared-target" in rules(decided, text) for text in places)


def test_a_network_on_the_ranges_of_cdns_is_blocked_by_name_and_no_address(tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    net.routes.clear()  # the bundled tables know whose the addresses are
    fronts = turns(of_networks(CDN_NETWORKS, 240, 1), 6)
    for n in range(24):
        some = next(fronts)
        for member in range(6):
            net.add(answer(f"m{member}.flux{member}.example", some, n * HOUR_S / 2 + member))
    for n in range(2):  # a customer of the same CDN, whose addresses were planted
        net.add(answer("www.bank.example", some, n * HOUR_S))
    result, decided = run(net, tmp_path)
    assert {v.domain: v.verdict for v in result.verdicts}["bank.example"] == "fast-flux"
    assert targets(decided, "block-domain") == {f"flux{member}.example" for member in range(6)}
    assert targets(decided, "block-address") == set()
    assert targets(decided, "report-address") == set()
    assert "company-only" in rules(decided, "bank.example")
    assert "innocent-explanation" in rules(decided, some[0])


def test_a_zone_of_a_cdn_is_not_blocked_though_it_is_convicted(tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    net.routes.clear()
    fronts = turns(of_networks(CDN_NETWORKS, 240, 1), 6)
    for n in range(24):
        some = next(fronts)
        for member in range(6):
            at_s = n * HOUR_S / 2 + member
            net.add(answer(f"e{member}.akamaiedge.net", some, at_s))
            net.add(answer(f"m{member}.flux{member}.example", some, at_s))
    result, decided = run(net, tmp_path)
    assert "e0.akamaiedge.net" in {v.domain for v in result.verdicts if v.verdict == "fast-flux"}
    assert targets(decided, "block-domain") == {f"flux{member}.example" for member in range(6)}
    assert "innocent-explanation" in rules(decided, "e0.akamaiedge.net")


def test_shared_name_servers_of_a_registrar_are_never_blocked(tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    net.add(answer("site3.example", net.hosts(1), 60,
                   name_server("site3.example", "ns.registrar.net")))  # fmt: skip
    pool = turns(net.hosts(120, asns=40), 6)
    for n in range(20):
        net.add(answer("single.example", next(pool), n * HOUR_S / 2,
                       name_server("single.example", "ns.registrar.net"),
                       glue("ns.registrar.net", "20.250.0.1")))  # fmt: skip
    eager = replace(GATE, limits=Limits(domain_score=0.95))
    _, decided = run(net, tmp_path, eager)
    assert targets(decided, "block-domain") == {"single.example"}
    assert targets(decided, "block-name-server") == set()
    assert {"few-proofs", "shared-target"} <= rules(decided, "ns.registrar.net")


def test_an_allow_listed_domain_spares_its_name_and_its_addresses(tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    double_flux(net)
    spared = replace(GATE, allowed=Protected.of(["double.example"]))
    _, decided = run(net, tmp_path, spared)
    assert decided.actions == ()
    assert "allowed-name" in rules(decided, "double.example")
    shared = [r for r in decided.refusals if r.proposal.kind == "block-address"]
    assert all("shared-target" in {o.rule for o in r.objections} for r in shared)


def test_what_stood_goes_when_the_records_clear_it(first: Plan, tmp_path: Path) -> None:
    assert len(first.actions) > 10

    cleared = Internet()
    innocents(cleared)
    for n in range(12):
        cleared.add(answer("double.example", ["20.240.0.1"], n * HOUR_S))
    result, decided = run(cleared, tmp_path, actions=first.actions)
    assert result.totals["fast-flux"] == 0
    assert decided.actions == ()
    ended = {w.action.target: w.objection.rule for w in decided.withdrawals}
    assert ended["double.example"] == "verdict-gone"
    assert len(ended) == len([a for a in first.actions if a.kind.startswith("block")])


@pytest.mark.parametrize(("until_h", "ends"), [(12, False), (2, True)])
def test_in_a_window_that_slides_only_what_came_since_acquits(
    first: Plan, tmp_path: Path, until_h: float, ends: bool
) -> None:
    """Of a name that is refused the window soon holds a rest, which convicts nobody."""
    rest = Internet()
    innocents(rest)
    for n in range(12):
        rest.add(answer("double.example", ["20.240.0.1"], n * HOUR_S))
    until = {"double.example": START + timedelta(hours=until_h)}
    _, decided = run(rest, tmp_path, actions=first.actions, convicted_until=until)
    assert (targets(decided, "block-domain") == set()) == ends
    assert ({w.objection.rule for w in decided.withdrawals} >= {"verdict-gone"}) == ends


def refused(net: Internet, since_h: int, until_h: int) -> None:
    """Have clients ask on for the name and be told, here, that there is none."""
    for n in range(since_h, until_h):
        net.add(Response("double.example", (), n * HOUR_S, rcode="NXDOMAIN"))


def test_to_be_asked_for_and_refused_is_not_to_be_seen(first: Plan, tmp_path: Path) -> None:
    """Of a source that shows what clients are answered: a block neither lasts on nor ends by it."""
    net = Internet()
    innocents(net)
    double_flux(net)
    refused(net, 12, 20)
    later = replace(GATE, now=START + timedelta(hours=20))
    _, decided = run(net, tmp_path, later)
    (before,), (action,) = first.of_kind("block-domain"), decided.of_kind("block-domain")
    assert action.proposal.last_seen == before.proposal.last_seen
    assert action.expires_at == before.expires_at

    rest = Internet()
    innocents(rest)
    rest.add(answer("double.example", ["20.240.0.1"], HOUR_S))
    refused(rest, 2, 20)
    until = {"double.example": START + timedelta(hours=1)}
    result, decided = run(rest, tmp_path, later, actions=first.actions, convicted_until=until)
    assert result.totals["fast-flux"] == 0
    assert targets(decided, "block-domain") == {"double.example"}


def test_a_name_is_seen_where_its_name_servers_are(first: Plan, tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    double_flux(net)
    referral = name_server("double.example", "ns1.double.example", 172_800)
    net.add(Response("double.example", (referral,), 14 * HOUR_S))
    _, decided = run(net, tmp_path, replace(GATE, now=START + timedelta(hours=20)))
    (action,) = decided.of_kind("block-domain")
    assert action.proposal.last_seen == START + timedelta(hours=14)


LINES = (2, 5, 24, 31, 37, 46, 58, 62, 71, 77, 79, 82, 84, 85, 87, 88, 89, 91, 92, 95, 98, 109)
"""First octets of providers of lines."""


@pytest.mark.slow
def test_a_rest_that_company_still_convicts_withdraws_nothing(first: Plan, tmp_path: Path) -> None:
    """Hours after a block the window holds minutes of it, whose own word convicts no more."""
    rest = Internet()
    innocents(rest)
    pool = [f"{octet}.{turn * 37 + 20}.{octet}.7" for turn in range(5) for octet in LINES]
    for number, domain in enumerate(("double.example", "other.example", "third.example")):
        for turn in range(30):
            held = [pool[(turn * 5 + number * 17 + n) % len(pool)] for n in range(5)]
            rest.add(answer(domain, held, turn * 5))
    told: list[Plan] = []
    for until in (START + timedelta(hours=1), START - timedelta(hours=1)):
        result, decided = run(rest, tmp_path, actions=first.of_kind("block-domain"),
                              convicted_until={"double.example": until})  # fmt: skip
        told.append(decided)
        assert "double.example" in {v.domain for v in result.verdicts if v.verdict == "fast-flux"}
    assert [targets(decided, "block-domain") for decided in told] == [{"double.example"}, set()]
    assert "company-only" in {w.objection.rule for w in told[1].withdrawals}


def new_owner(net: Internet, since_day: int, until_day: int) -> None:
    """A site, its mail and its name server, of both families, that stand where they are."""
    site, mail, server = net.hosts(3)
    for n in range(since_day * 4 + 4, until_day * 4):
        at_s = n * DAY_S / 4
        names = [name_server("double.example", "ns1.double.example", 172_800)]
        names += [glue("ns1.double.example", text) for text in (server, "2a09:64::53")]
        net.add(answer("double.example", [site], at_s, *names))
        net.add(answer("mail.double.example", [mail], at_s + 60, *names))
        if n % 5 == 0:
            six = address("double.example", "2a09:64::80")
            net.add(Response("double.example", (six, *names), at_s + 1, qtype="AAAA"))


@pytest.mark.parametrize(
    ("since", "until", "blocked"),
    [(0, 20, True), (0, 31, False), (45, 60, False), (200, 230, False)],
)
def test_a_domain_that_changed_hands_is_not_blocked_for_as_long_as_it_is_seen(
    tmp_path: Path, since: int, until: int, blocked: bool
) -> None:
    net = Internet()
    innocents(net)
    double_flux(net)
    new_owner(net, since, until)
    now = replace(GATE, now=START + timedelta(days=until), limits=Limits(domain_score=0.95))
    result, decided = run(net, tmp_path, now)
    assert result.totals["fast-flux"] == 1  # old evidence convicts still: the trap is set
    assert targets(decided, "block-domain") == ({"double.example"} if blocked else set())
    assert targets(decided, "report-domain") == targets(decided, "block-domain")
    if not blocked:
        assert rules(decided, "double.example") == {"not-recent"}


def test_a_network_that_fluxes_slowly_stays_blocked_while_it_is_shown(tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    pool = net.hosts(9)
    for n in range(90 * 4):
        at = pool[n // 40]  # another place every ten days
        names = (name_server("slow.example", "ns1.slow.example"), glue("ns1.slow.example", at))
        net.add(answer("slow.example", [at], n * DAY_S / 4, *names))
    _, decided = run(net, tmp_path, replace(GATE, now=START + timedelta(days=90)))
    (action,) = decided.of_kind("block-domain")
    assert action.target == "slow.example"
    assert action.proposal.last_seen == START + timedelta(days=89, hours=18)


@pytest.mark.parametrize("names", ["one", "many"])
def test_a_network_all_of_whose_agents_are_known_stays_blocked_while_it_is_shown(
    tmp_path: Path, names: str
) -> None:
    net = Internet()
    innocents(net)
    pool = net.hosts(40)
    fronts = [turns(pool[n:] + pool[:n], 4) for n in range(4)]
    for n in range(60 * 4):
        for number, some in enumerate(fronts):
            domain, at = f"known{number}.example", next(some)
            host = f"ns1.{domain}"
            more = (name_server(domain, host), glue(host, at[0]))
            name = domain if names == "one" else f"x{n}.{domain}"  # each visitor gets his own
            net.add(answer(name, at, n * DAY_S / 4, *more))
    _, decided = run(net, tmp_path, replace(GATE, now=START + timedelta(days=60)))
    assert targets(decided, "block-domain") == {f"known{number}.example" for number in range(4)}
    seen = {action.proposal.last_seen for action in decided.of_kind("block-domain")}
    assert seen == {START + timedelta(days=59, hours=18)}


def test_what_stood_stays_where_the_records_do_not_say(first: Plan, tmp_path: Path) -> None:
    other = Internet()
    innocents(other)
    _, decided = run(other, tmp_path, actions=first.actions)
    assert targets(decided, "block-domain") == {"double.example"}
    assert targets(decided, "block-address") == targets(first, "block-address")
    assert decided.withdrawals == ()


def test_a_neighbour_in_later_records_withdraws_an_address(first: Plan, tmp_path: Path) -> None:
    victim = first.of_kind("block-address")[0]
    other = Internet()
    innocents(other)
    other.add(answer("www.newcomer.example", [victim.target], HOUR_S))
    _, decided = run(other, tmp_path, actions=first.actions)
    ended: list[tuple[Action, str]] = [(w.action, w.objection.rule) for w in decided.withdrawals]
    assert ended == [(ended[0][0], "shared-target")]
    assert ended[0][0].target == victim.target


@pytest.mark.slow
def test_subscribers_who_are_agents_are_filtered_and_not_blackholed(tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    double_flux(net)
    homes = Protected.of([], [ip_network("20.0.0.0/8")])
    isp = replace(GATE, own=homes, subscribers=homes)
    _, decided = run(net, tmp_path, isp)
    assert len(targets(decided, "filter-address")) == 48  # who served on both planes
    assert targets(decided, "block-address") == set()
    asked = next(iter(targets(decided, "filter-address")))
    serving = Protected.of([], [ip_network(asked)])
    _, fewer = run(net, tmp_path, replace(isp, servers=serving))
    assert targets(fewer, "filter-address") == targets(decided, "filter-address") - {asked}
    assert "asked-to-serve" in rules(fewer, asked)
    # Who only says what is his own has nothing filtered.
    _, none = run(net, tmp_path, replace(GATE, own=homes))
    assert targets(none, "filter-address") == set()
    assert "no-subscriber" in rules(none, asked)


def test_a_neighbour_in_later_records_ends_a_filter(tmp_path: Path) -> None:
    net = Internet()
    innocents(net)
    double_flux(net)
    homes = Protected.of([], [ip_network("20.0.0.0/8")])
    isp = replace(GATE, own=homes, subscribers=homes)
    _, before = run(net, tmp_path, isp)
    victim = before.of_kind("filter-address")[0]
    other = Internet()
    innocents(other)
    other.add(answer("www.newcomer.example", [victim.target], HOUR_S))
    _, decided = run(other, tmp_path, isp, actions=before.actions)
    ended = {(w.action.target, w.objection.rule) for w in decided.withdrawals}
    assert ended == {(victim.target, "shared-target")}


def test_without_records_what_stood_stays_until_it_expires(first: Plan, tmp_path: Path) -> None:
    _, decided = run(Internet(), tmp_path, actions=first.actions)
    assert targets(decided, "block-address") == targets(first, "block-address")
    assert decided.withdrawals == ()
    later = replace(GATE, now=NOW + timedelta(days=2))
    _, decided = run(Internet(), tmp_path, later, actions=first.actions)
    assert targets(decided, "block-address") == set()
    assert targets(decided, "block-domain") == {"double.example"}
