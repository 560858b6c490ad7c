"""Networks: agents, roles, rotation, service."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from tests.measure.internet_of_rows import (
    HOUR_S,
    START_US,
    Response,
    Route,
    answer,
    glue,
    name_server,
    open_records,
    roll,
    rows_of,
)

from unflux.engine.connection import Engine
from unflux.link.components import MEMBERS
from unflux.link.networks import (
    agents_of,
    compose_network,
    conform_rotation,
    conform_service,
    name_servers_of,
    rotation_of,
    served,
    service_of,
)
from unflux.measure.name_servers import delegations, host_addresses, host_rotation
from unflux.measure.records import observe
from unflux.model.verdicts import ROTATION, SERVICE

START = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=START_US)
ROUTES = {"20.0.0.1": Route(64500, "a holder", "DE")}

# Two members behind one front; a fluxing server that serves both; a stable one; a bystander.
RESPONSES = [
    answer("a.example", ["20.0.0.1", "10.0.0.1"], 0, name_server("a.example", "ns1.a.example")),
    answer("b.example", ["20.0.0.1", "21.0.0.1"], 60, name_server("b.example", "ns1.a.example")),
    answer("b.example", ["20.0.0.1"], HOUR_S, name_server("b.example", "ns.stable.net"),
           glue("ns.stable.net", "50.0.0.1")),
    answer("other.example", ["20.0.0.1"], 5),
    answer("a.example", ["22.0.0.1"], None),
    *(
        Response("a.example", (glue("ns1.a.example", f"3{n}.0.0.1"),), hour * HOUR_S)
        for n, hour in enumerate((0, 1, 2, 4, 5))
    ),
    Response("a.example", (glue("ns1.a.example", "20.0.0.1"),), 6 * HOUR_S),
]  # fmt: skip


def serve(engine: Engine) -> Any:
    records = open_records(engine, roll(RESPONSES), ROUTES)
    observed = engine.cache(observe(records), "n_observed")
    members = engine.table(
        "n_members",
        pa.table({"domain": ["a.example", "b.example"], "network": ["ffn-1", "ffn-1"]}, MEMBERS),
    )
    rotation = host_rotation(host_addresses(delegations(records), observed))
    return (
        served(observed, delegations(records), rotation, members),
        name_servers_of(delegations(records), members),
    )


def test_agents_have_roles_times_and_places(engine: Engine) -> None:
    rows, servers = serve(engine)
    network = compose_network(
        "ffn-1",
        kind="double-flux",
        score=1.0,
        domains=["b.example", "a.example"],
        agents=engine.fetch(agents_of(rows)).to_pylist(),
        name_servers=[row[1] for row in rows_of(engine, servers)],
    )
    assert network.domains == ("a.example", "b.example")
    assert network.name_servers == ("ns.stable.net", "ns1.a.example")
    assert [(a.address, a.roles, a.domains) for a in network.agents] == [
        ("20.0.0.1", ("answer", "name-server"), 2),
        ("30.0.0.1", ("name-server",), 2),
        ("21.0.0.1", ("answer",), 1),
        ("31.0.0.1", ("name-server",), 2),
        ("32.0.0.1", ("name-server",), 2),
        ("33.0.0.1", ("name-server",), 2),
        ("34.0.0.1", ("name-server",), 2),
        ("22.0.0.1", ("answer",), 1),
    ]
    first = network.agents[0]
    assert (first.asn, first.holder, first.country) == (64500, "a holder", "DE")
    assert (first.first_seen, first.last_seen) == (START, START + timedelta(hours=6))
    assert network.agents[-1].first_seen is None
    assert (network.first_seen, network.last_seen) == (START, START + timedelta(hours=6))


def test_rotation_tells_when_each_front_was_seen(engine: Engine) -> None:
    rows, _ = serve(engine)
    rotation = conform_rotation(engine.fetch(rotation_of(rows)))
    assert rotation.schema == ROTATION
    assert [(r["address"], r["bucket_at"], r["count"]) for r in rotation.to_pylist()] == [
        ("20.0.0.1", START, 2),
        ("21.0.0.1", START, 1),
        ("20.0.0.1", START + timedelta(hours=1), 1),
        ("22.0.0.1", None, 1),
    ]


def test_service_tells_who_served_what(engine: Engine) -> None:
    rows, _ = serve(engine)
    service = conform_service(engine.fetch(service_of(rows)))
    assert service.schema == SERVICE
    found = {
        (r["domain"], r["address"], r["role"]): r["count"]
        for r in service.to_pylist()
        if r["role"] == "answer"
    }
    assert found == {
        ("a.example", "20.0.0.1", "answer"): 1,
        ("a.example", "22.0.0.1", "answer"): 1,
        ("b.example", "20.0.0.1", "answer"): 2,
        ("b.example", "21.0.0.1", "answer"): 1,
    }
    by_server = {r["address"] for r in service.to_pylist() if r["role"] == "name-server"}
    assert by_server == {"20.0.0.1", "30.0.0.1", "31.0.0.1", "32.0.0.1", "33.0.0.1", "34.0.0.1"}
    order = [(r["network"], r["domain"], r["address"], r["role"]) for r in service.to_pylist()]
    assert order == sorted(order)


def test_no_members_no_service(engine: Engine) -> None:
    records = open_records(engine, roll(RESPONSES), ROUTES)
    observed = observe(records)
    nobody = engine.table("n_nobody", MEMBERS.empty_table())
    rotation = host_rotation(host_addresses(delegations(records), observed))
    rows = served(observed, delegations(records), rotation, nobody)
    assert conform_service(engine.fetch(service_of(rows))).num_rows == 0
    assert conform_rotation(engine.fetch(rotation_of(rows))).num_rows == 0
    empty = compose_network(
        "ffn-1", kind="ns-flux", score=0.99, domains=["a"], agents=[], name_servers=[]
    )
    assert empty.first_seen is None and empty.agents == ()
