"""The name-server plane."""

import ibis.expr.types as ir
from tests.measure import reference
from tests.measure.internet_of_rows import Response, address, answer, glue, name_server
from tests.measure.reference import assert_measures, measure_rows

from unflux.engine.connection import Engine
from unflux.measure.name_servers import delegations, measure_name_servers, measure_overlap
from unflux.measure.records import Records


def name_servers(records: Records, observed: ir.Table) -> ir.Table:
    return measure_name_servers(delegations(records), observed)


def overlap(records: Records, observed: ir.Table) -> ir.Table:
    return measure_overlap(delegations(records), observed)


def test_name_servers_are_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(engine, name_servers, reference.name_servers)


def test_overlap_is_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(engine, overlap, reference.overlap)


def test_a_wide_server_is_not_a_moving_one(engine: Engine) -> None:
    def delegate(domain: str, at_s: float, servers: list[str]) -> Response:
        records = [name_server(domain, f"ns.{domain}")]
        records += [glue(f"ns.{domain}", text) for text in servers]
        return Response(domain, tuple(records), at_s)

    wide = [f"3{n}.0.0.1" for n in range(9)]
    responses = [delegate("wide.example", n * 3_600, wide[n % 4 :][:4]) for n in range(9)]
    responses += [delegate("moving.example", n * 3_600, wide[n : n + 1]) for n in range(9)]
    responses += [delegate("renumbered.example", n * 3_600, [wide[n // 5]]) for n in range(9)]
    responses += [delegate("brief.example", n * 100, wide[n : n + 1]) for n in range(3)]
    rows = measure_rows(engine, name_servers, responses)
    assert {
        d: (r["ns_host_slash16_max"], r["ns_host_late_slash16_max"]) for d, r in rows.items()
    } == {
        "wide.example": (7, 0),
        "moving.example": (9, 4),
        "renumbered.example": (2, 1),
        "brief.example": (3, None),
    }


def test_glue_of_any_ttl_counts(engine: Engine) -> None:
    responses = [
        answer(
            "alpha.example",
            ["20.0.0.1"],
            n * 3_600,
            name_server("alpha.example", "ns1.other.net", 172_800),
            glue("ns1.other.net", f"3{n}.0.0.1", 172_800),
        )
        for n in range(5)
    ]
    row = measure_rows(engine, name_servers, responses)["alpha.example"]
    assert (row["ns_hosts"], row["ns_host_addresses_max"], row["ns_host_slash16_max"]) == (1, 5, 5)


def test_a_server_asked_for_by_name_counts_too(engine: Engine) -> None:
    responses = [
        answer("alpha.example", ["20.0.0.1"], 0, name_server("alpha.example", "ns.other.net")),
        answer("ns.other.net", ["30.0.0.1"], 60),
    ]
    rows = measure_rows(engine, name_servers, responses)
    assert rows.keys() == {"alpha.example"}
    assert rows["alpha.example"]["ns_addresses"] == 1


def test_not_seen_and_seen_to_be_absent_differ(engine: Engine) -> None:
    responses = [
        answer("alpha.example", ["20.0.0.1"], 0, name_server("alpha.example", "ns.other.net")),
        answer("beta.example", ["20.0.0.2"]),
    ]
    rows = measure_rows(engine, name_servers, responses)
    assert rows.keys() == {"alpha.example"}
    assert rows["alpha.example"]["ns_hosts"] == 1
    assert rows["alpha.example"]["ns_addresses"] is None
    assert rows["alpha.example"]["ns_host_addresses_max"] is None


def test_a_server_of_many_domains(engine: Engine) -> None:
    responses = [
        answer(f"d{n}.example", ["20.0.0.1"], 0, name_server(f"d{n}.example", "ns.host.net"))
        for n in range(4)
    ]
    rows = measure_rows(engine, name_servers, responses)
    assert {row["ns_served_max"] for row in rows.values()} == {4}


def test_hosts_that_do_both(engine: Engine) -> None:
    shared = ["20.0.0.1", "21.0.0.1"]
    delegation = Response(
        "alpha.example",
        (
            *(address("alpha.example", text) for text in [*shared, "22.0.0.1"]),
            name_server("alpha.example", "ns1.alpha.example"),
            *(glue("ns1.alpha.example", text) for text in [*shared, "10.0.0.1"]),
        ),
    )
    row = measure_rows(engine, overlap, [delegation])["alpha.example"]
    assert (row["overlap"], row["overlap_slash16"]) == (2, 2)
