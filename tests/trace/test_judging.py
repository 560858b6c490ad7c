"""What stands behind the agents of a capture is found, and explained by the flows."""

import io
import random
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.trace.flow_rows import Row, table
from tests.trace.relayed_capture import AGENT, BEGIN_US, CONTROLLER, MOTHERSHIP, Wire, relayed

from unflux.model.flows import FLOWS
from unflux.model.traces import TracedHost
from unflux.read.flow_capture import FlowCapture
from unflux.read.flow_source import FlowOptions
from unflux.read.source import Drops
from unflux.trace.columns import number_flows
from unflux.trace.judging import involved, judge
from unflux.trace.scene import look
from unflux.trace.sites import NO_ANSWERS, Answers
from unflux.trace.targets import Place


def flows_of(wire: Wire) -> pa.Table:
    batches = FlowCapture().read(io.BytesIO(wire.pcap()), FlowOptions(), Drops())
    return pa.concat_tables([batch.flows for batch in batches])


def trace(
    flows: pa.Table, *told: str, places: dict[str, Place] | None = None,
    answers: Answers = NO_ANSWERS,
) -> dict[str, TracedHost]:  # fmt: skip
    scene = look(number_flows(flows), told=frozenset(told))
    return {f"{host.address} {host.role}": host for host in judge(scene, places or {}, answers)}


def test_a_household_that_relays_is_an_agent_and_its_target_a_mothership() -> None:
    found = trace(flows_of(relayed()))
    host = found[f"{MOTHERSHIP} mothership"]
    # That its owner runs a proxy to a rented host is not excluded.
    assert host.verdict == "suspected"
    assert 0.45 < host.score <= 0.5
    assert host.missing is not None
    assert host.missing.startswith("One household")
    assert [(agent.address, agent.port, agent.requests) for agent in host.agents] == [
        (AGENT, 80, 12)
    ]
    assert host.delay_ms == 40
    evidence = {piece.name: piece for piece in host.evidence}
    assert evidence["requests"].value == 12
    assert all(evidence[name].llr > 2 for name in ("timing", "size", "browsing"))
    assert all(flow.relayed_bytes - flow.received_bytes == 6 for flow in host.flows)
    controller = found[f"{CONTROLLER} controller"]
    assert controller.verdict == "undecided"
    assert controller.period_s == 600


def household(
    number: int, count: int, *, late_s: int = 0, is_asked: bool = False
) -> pa.Table:  # fmt: skip
    """Return the flows of one more household that relays, with visitors of its own."""
    wire = relayed(count=count, seed=number)
    flows = flows_of(asked(wire, 0x84) if is_asked else wire)
    for name in ("client", "server"):
        ends = pa.array([
            {AGENT: f"198.{18 + number % 2}.{number}.7"}.get(end, end).replace(
                "192.0.2.", f"192.0.{number}."
            )
            for end in flows[name].to_pylist()
        ])  # fmt: skip
        flows = flows.set_column(flows.schema.get_field_index(name), name, ends)
    for name in ("first_at", "last_at"):
        moved = pc.add(flows[name], pa.scalar(late_s * 1_000_000, pa.duration("us")))
        flows = flows.set_column(flows.schema.get_field_index(name), name, moved)
    return flows


def test_a_little_of_several_households_adds_up() -> None:
    alone = trace(household(3, 2))
    assert f"{MOTHERSHIP} mothership" not in alone
    together = trace(pa.concat_tables([household(n, 2) for n in (3, 4, 5, 6)]))
    host = together[f"{MOTHERSHIP} mothership"]
    # By flows this may be an application of many homes.
    assert host.verdict == "suspected"
    assert host.missing is not None
    assert host.missing.startswith("Many households")
    assert sum(agent.requests for agent in host.agents) == 8
    evidence = {piece.name: piece for piece in host.evidence}
    assert evidence["size"].value == 8
    assert "Flows of 4 hosts that serve are counted together" in evidence["choice"].says


def test_a_household_that_gets_new_addresses_is_one_household() -> None:
    days = [household(n, 12, late_s=86_400 * n) for n in (3, 4, 5, 6)]
    host = trace(pa.concat_tables(days))[f"{MOTHERSHIP} mothership"]
    assert len(host.agents) == 4
    assert host.verdict == "suspected"


def test_chance_among_many_households_accuses_nobody() -> None:
    """Homes that serve ask what all homes ask, now and then while a visitor is there."""
    draw, begin_s = random.Random(5), 1_790_000_000
    rows: list[Row] = []
    for home in range(40):
        address = f"198.51.{home}.7"
        for _ in range(60):
            at, size = begin_s + draw.randrange(3_600), draw.choice((900, 4_000, 9_000))
            rows.append((at, at + 2, f"192.0.2.{draw.randrange(250)}", address, 400, size))
            at, size = begin_s + draw.randrange(3_600), draw.choice((900, 4_000, 9_000))
            asked = f"203.0.113.{draw.randrange(60)}"
            rows.append((at, at + 1, address, asked, 400, size))
    hosts = trace(table(rows)).values()
    assert {host.verdict for host in hosts} <= {"innocent", "undecided"}


def test_without_a_household_only_a_known_agent_accuses() -> None:
    flows = flows_of(relayed(browsed=0))
    host = trace(flows)[f"{MOTHERSHIP} mothership"]
    assert host.verdict == "undecided"
    assert host.missing is not None
    assert "--agent" in host.missing
    assert trace(flows, AGENT)[f"{MOTHERSHIP} mothership"].verdict == "accused"


@pytest.mark.parametrize("mine", ["10.0.0.9", "198.51.3.3", "fd00::9"])
def test_an_origin_of_the_own_site_is_explained(mine: str) -> None:
    flows = flows_of(relayed())
    servers = pa.array([mine if s == MOTHERSHIP else s for s in flows["server"].to_pylist()])
    place = flows.schema.get_field_index("server")
    host = trace(flows.set_column(place, "server", servers))[f"{mine} mothership"]
    assert host.verdict == "innocent"
    assert [a.hypothesis for a in host.alternatives if a.outcome == "holds"] == ["own-site"]


def test_a_private_host_of_private_clients_is_not_said_to_stand_behind_its_relay() -> None:
    flows = flows_of(relayed())
    for name in ("client", "server"):
        ends = pa.array([
            "10.0.0.9" if end == MOTHERSHIP else end.replace("192.0.2.", "10.9.0.")
            for end in flows[name].to_pylist()
        ])  # fmt: skip
        flows = flows.set_column(flows.schema.get_field_index(name), name, ends)
    host = trace(flows)["10.0.0.9 mothership"]
    (own,) = (a for a in host.alternatives if a.hypothesis == "own-site")
    assert own.outcome == "rejected"
    assert "so are those of the clients" in own.because


def test_a_private_origin_near_its_relay_is_of_its_site_whoever_asks() -> None:
    """A proxy inside a company: its people have private addresses too."""
    flows = flows_of(relayed())
    for name in ("client", "server"):
        ends = [
            {MOTHERSHIP: "10.0.0.6", AGENT: "10.0.0.5"}.get(end, end).replace(
                "192.0.2.", "10.20.0."
            )
            for end in flows[name].to_pylist()
        ]  # fmt: skip
        flows = written(flows, name, ends)
    host = trace(flows)["10.0.0.6 mothership"]
    assert host.verdict == "innocent"
    (own,) = (a for a in host.alternatives if a.hypothesis == "own-site")
    assert own.outcome == "holds"
    assert "/16" in own.because


def test_providers_and_one_as_explain_too() -> None:
    flows = flows_of(relayed())
    cdn = {MOTHERSHIP: Place(use="cdn"), AGENT: Place(use="cdn")}
    assert trace(flows, places=cdn)[f"{MOTHERSHIP} mothership"].verdict != "accused"
    one = {MOTHERSHIP: Place(asn=64_500), AGENT: Place(asn=64_500)}
    assert trace(flows, places=one)[f"{MOTHERSHIP} mothership"].verdict == "innocent"


def test_calls_that_follow_each_request_with_other_sizes_accuse_nobody() -> None:
    flows = flows_of(relayed(count=40))
    received = [
        900 + 37 * (number % 5) if server == MOTHERSHIP else size
        for number, (server, size) in enumerate(
            zip(flows["server"].to_pylist(), flows["received_bytes"].to_pylist(), strict=True)
        )
    ]
    flows = flows.set_column(8, "received_bytes", pa.array(received))
    for name in ("http_host", "http_target"):  # nor is its payload seen
        place = flows.schema.get_field_index(name)
        flows = flows.set_column(place, name, pa.nulls(len(flows), pa.string()))
    host = trace(flows).get(f"{MOTHERSHIP} mothership")
    assert host is None or host.verdict == "innocent"


def written(flows: pa.Table, name: str, values: list[Any]) -> pa.Table:
    place = flows.schema.get_field_index(name)
    field = flows.schema.field(place)
    return flows.set_column(place, field, pa.array(values, field.type))


@pytest.mark.parametrize(
    ("is_read", "holds", "verdict"), [(True, False, "accused"), (False, True, "undecided")]
)
def test_what_is_read_as_http_at_a_port_of_mail_is_no_mail(
    is_read: bool, holds: bool, verdict: str
) -> None:
    flows = flows_of(relayed())
    ports = [
        993 if server == MOTHERSHIP else port
        for server, port in zip(
            flows["server"].to_pylist(), flows["server_port"].to_pylist(), strict=True
        )
    ]
    flows = written(flows, "server_port", ports)
    for name in () if is_read else ("http_host", "http_target"):
        flows = written(flows, name, [None] * len(flows))
    host = trace(flows, AGENT)[f"{MOTHERSHIP} mothership"]
    holding = {a.hypothesis for a in host.alternatives if a.outcome == "holds"}
    assert ("mail-or-time" in holding) == holds
    assert host.verdict == verdict


def test_a_few_equal_requests_among_many_others_prove_nothing() -> None:
    flows = flows_of(relayed(count=20))
    targets = [
        f"/other{number}" if server == MOTHERSHIP and number % 4 else target
        for number, (server, target) in enumerate(
            zip(flows["server"].to_pylist(), flows["http_target"].to_pylist(), strict=True)
        )
    ]
    host = trace(written(flows, "http_target", targets), AGENT)[f"{MOTHERSHIP} mothership"]
    (piece,) = [piece for piece in host.evidence if piece.name == "requests"]
    assert 0 < float(piece.value or 0) < 10
    assert piece.llr == 0


@pytest.mark.parametrize(
    ("method", "host", "proxied"),
    [("GET", "http://shop.example", True), ("CONNECT", "", True), ("GET", "", False)],
)
def test_requests_of_the_form_for_proxies_explain_a_relay(
    method: str, host: str, proxied: bool
) -> None:
    flows = flows_of(relayed())
    is_ours = pc.equal(flows["server"], AGENT)
    target = flows.schema.get_field_index("http_target")
    written = pc.if_else(
        is_ours, pc.binary_join_element_wise(host, flows["http_target"], ""), flows["http_target"]
    )
    flows = flows.set_column(target, flows.schema.field(target), written)
    asked = flows.schema.get_field_index("http_method")
    written = pc.if_else(is_ours, method, flows["http_method"])
    flows = flows.set_column(asked, flows.schema.field(asked), written)
    found = trace(flows, AGENT)[f"{MOTHERSHIP} mothership"]
    assert (
        "forward-proxy" in [a.hypothesis for a in found.alternatives if a.outcome == "holds"]
    ) == (proxied)
    assert (found.verdict == "accused") != proxied


def test_a_stranger_who_tries_for_a_proxy_explains_nothing() -> None:
    """One request in absolute form among many whose form TLS hides."""
    flows = flows_of(relayed(count=20))
    came = [n for n, server in enumerate(flows["server"].to_pylist()) if server == AGENT]
    targets = [None] * len(flows)
    for name, first in (
        ("http_method", "GET"), ("http_host", "judge.example"),
        ("http_target", "http://judge.example/"),
    ):  # fmt: skip
        read: list[str | None] = [*targets]
        read[came[0]] = first
        flows = written(flows, name, read)
    host = trace(flows, AGENT)[f"{MOTHERSHIP} mothership"]
    assert host.verdict == "accused"
    (proxy,) = (a for a in host.alternatives if a.hypothesis == "forward-proxy")
    assert proxy.outcome == "rejected"
    assert "Of 20 requests 1 were read, and 1 of these have the form" in proxy.because


def asked(wire: Wire, marks: int) -> Wire:
    """Add questions that the agent passes on, answered with these marks (RFC 1035 4.1.1)."""
    for number in range(20):
        at_us = BEGIN_US + 100_000_000 * number + 7_000_000
        asker, relay = (f"192.0.2.{100 + number}", 5_300), (AGENT, 30_000 + number)
        question = bytes(12) + bytes(20 + number)
        answer = b"\0\0" + bytes([marks]) + bytes(60 + 7 * number)
        wire.udp(at_us, asker, (AGENT, 53), question)
        wire.udp(at_us + 5_000, relay, (MOTHERSHIP, 53), question)
        wire.udp(at_us + 25_000, (MOTHERSHIP, 53), relay, answer)
        wire.udp(at_us + 30_000, (AGENT, 53), asker, answer)
    return wire


@pytest.mark.parametrize(("marks", "verdict"), [(0x84, "accused"), (0x81, "innocent")])
def test_authority_tells_a_name_server_from_a_resolver(marks: int, verdict: str) -> None:
    found = trace(flows_of(asked(relayed(count=0), marks)))
    assert found[f"{MOTHERSHIP} name-mothership"].verdict == verdict


def test_one_host_may_serve_names_and_pages() -> None:
    flows = flows_of(asked(relayed(), 0x84))
    place = flows.schema.get_field_index("is_authoritative")
    unseen = flows.set_column(place, "is_authoritative", pa.nulls(len(flows), pa.bool_()))
    found = trace(unseen)
    # Owners put a proxy before pages: names that go there too tell an agent.
    assert found[f"{MOTHERSHIP} mothership"].verdict == "accused"
    # Flows alone leave a relay of names undecided; its agent's other relay decides.
    assert found[f"{MOTHERSHIP} name-mothership"].verdict == "accused"
    alone = trace(unseen.filter(pc.not_equal(unseen["server_port"], 80)))
    assert alone[f"{MOTHERSHIP} name-mothership"].verdict == "undecided"


OWNERS = "203.0.113.44"


def owning(wire: Wire) -> Wire:
    """Add a proxy of the household's owner, for TLS, before a host that the owner rents."""
    draw = random.Random(8)
    for number in range(20):
        at_us = BEGIN_US + draw.randrange(60_000_000, 3_500_000_000)
        hello, answer = b"\x16\x03\x01" + bytes(500 + number), bytes(draw.randrange(2_000, 50_000))
        wire.connect(at_us, (f"192.0.2.{200 + number}", 45_000), (AGENT, 443), hello, answer)
        wire.connect(
            at_us + 20_000, (AGENT, 46_000 + number), (OWNERS, 443), hello, answer, takes_us=70_000
        )
    return wire


def test_what_else_an_agents_household_runs_is_not_accused_with_it() -> None:
    found = trace(flows_of(owning(asked(relayed(), 0x84))))
    assert found[f"{MOTHERSHIP} mothership"].verdict == "accused"
    host = found[f"{OWNERS} mothership"]
    assert host.verdict == "suspected"
    assert host.score <= 0.5
    assert host.missing is not None
    assert host.missing.startswith("One household")
    assert "company" not in {piece.name for piece in host.evidence}


@pytest.mark.parametrize(
    ("homes", "verdict"), [((3,), "suspected"), ((3, 4), "suspected"), ((3, 4, 5), "accused")]
)
def test_agents_in_three_networks_speak_for_the_company_of_an_accused_host(
    homes: tuple[int, ...], verdict: str
) -> None:
    """Questions go on to one host and pages to another, which an owner might rent of a few."""
    flows = pa.concat_tables([household(number, 12, is_asked=True) for number in homes])
    servers = [
        OWNERS if (server, port) == (MOTHERSHIP, 80) else server
        for server, port in zip(
            flows["server"].to_pylist(), flows["server_port"].to_pylist(), strict=True
        )
    ]
    found = trace(written(flows, "server", servers))
    assert found[f"{MOTHERSHIP} name-mothership"].verdict == "accused"
    assert found[f"{OWNERS} mothership"].verdict == verdict


def knocked(flows: pa.Table, server: str, port: int) -> pa.Table:
    """Add flows of five strangers that opened nothing, as scanners leave them."""
    knocks = flows.take([0] * 5)
    for name, values in (
        ("client", [f"198.51.{number}.77" for number in range(5)]),
        ("server", [server] * 5),
        ("server_port", [port] * 5),
        ("sent_bytes", [0, 0, 40, 40, 0]),
        ("received_bytes", [0, 0, 0, 0, 20]),
        ("http_method", [None] * 5),
        ("http_target", [None] * 5),
    ):
        knocks = written(knocks, name, values)
    return pa.concat_tables([flows, knocks])


@pytest.mark.parametrize("port", [9, 80])
def test_who_knocks_at_a_mothership_in_vain_is_no_customer_of_it(port: int) -> None:
    flows = flows_of(relayed())
    found = trace(knocked(knocked(flows, MOTHERSHIP, port), CONTROLLER, port))
    host = found[f"{MOTHERSHIP} mothership"]
    assert host.verdict == "suspected"
    (service,) = (a for a in host.alternatives if a.hypothesis == "service-for-all")
    assert service.because.startswith("0 hosts")
    assert found[f"{CONTROLLER} controller"] == trace(flows)[f"{CONTROLLER} controller"]


def test_who_gets_answers_of_it_is_one() -> None:
    flows = knocked(flows_of(relayed()), MOTHERSHIP, 80)
    for name in ("sent_bytes", "received_bytes"):
        flows = written(flows, name, [max(count, 9) for count in flows[name].to_pylist()])
    host = trace(flows)[f"{MOTHERSHIP} mothership"]
    assert host.verdict == "innocent"
    assert "service-for-all" in [a.hypothesis for a in host.alternatives if a.outcome == "holds"]


def test_web_hosts_that_a_relay_knocks_at_in_vain_are_not_browsed() -> None:
    flows = flows_of(relayed())
    received = [
        0 if client == AGENT and port == 443 else count
        for client, port, count in zip(
            *(flows[name].to_pylist() for name in ("client", "server_port", "received_bytes")),
            strict=True,
        )
    ]
    host = trace(written(flows, "received_bytes", received))[f"{MOTHERSHIP} mothership"]
    assert "browsing" not in {piece.name for piece in host.evidence}
    assert host.verdict == "undecided"


def test_who_is_involved_is_known_before_judging() -> None:
    scene = look(number_flows(flows_of(relayed())), told=frozenset())
    assert {AGENT, MOTHERSHIP, CONTROLLER} <= involved(scene)


def test_nothing_gives_nothing() -> None:
    assert trace(FLOWS.empty()) == {}
    one = flows_of(relayed()).slice(0, 1)
    assert trace(one) == {}


def test_the_order_of_rows_changes_nothing() -> None:
    flows = flows_of(relayed())
    shuffled = flows.sort_by([("received_bytes", "descending")])
    hosts, again = trace(flows), trace(shuffled)
    assert hosts.keys() == again.keys()
    for name, host in hosts.items():
        assert replace(host, flows=()) == replace(again[name], flows=())
