"""Providers' lists, in measurements."""

from tests.measure import reference
from tests.measure.internet_of_rows import (
    Response,
    Route,
    address,
    answer,
    by_domain,
    name_server,
    open_records,
    roll,
)
from tests.measure.reference import assert_measures, measure_rows

from unflux.engine.connection import Engine
from unflux.measure.name_servers import delegations
from unflux.measure.providers import (
    measure_provider_servers,
    measure_provider_zones,
    measure_providers,
    zones_above,
)
from unflux.measure.records import hold, observe


def test_listed_addresses_are_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(
        engine, lambda _, observed: measure_providers(hold(observed)), reference.providers
    )


def test_listed_name_servers_are_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(
        engine,
        lambda records, _: measure_provider_servers(records, delegations(records)),
        reference.provider_servers,
    )


def test_listed_zones_are_what_plain_python_finds(engine: Engine) -> None:
    assert_measures(
        engine,
        lambda records, observed: measure_provider_zones(records, hold(observed)),
        reference.provider_zones,
    )


def test_an_address_under_many_names_counts_once(engine: Engine) -> None:
    routes = {"20.0.0.1": Route(provider="Fastly", provider_use="cdn")}
    responses = [answer(f"{n}.bank.example", ["20.0.0.1", "20.0.0.2"], n) for n in range(4)]
    found = measure_rows(
        engine, lambda _, observed: measure_providers(hold(observed)), responses, routes
    )
    assert found["bank.example"] == {
        "domain": "bank.example", "cdn_addresses": 1, "cloud_addresses": 0,
        "parking_addresses": 0, "sinkhole_addresses": 0, "provider": "Fastly",
    }  # fmt: skip


def test_a_zone_is_found_above_whole_labels_only(engine: Engine) -> None:
    names = ["cdngc.net", "a.cdngc.net", "a.b.c.cdngc.net", "a.b.c.d.cdngc.net", "xcdngc.net",
             "net", "cdngc.net.example",
             r"a\.cdngc.net"]  # fmt: skip
    responses = [Response(name, (name_server("z.example", name),)) for name in names]
    records = open_records(engine, roll(responses), {})
    hosts = delegations(records).select(name="ns_host")
    rows = engine.fetch(zones_above(hosts, records.zones)).to_pylist()
    assert {row["name"]: row["labels_above"] for row in rows} == {
        "cdngc.net": 0, "a.cdngc.net": 1, "a.b.c.cdngc.net": 3,
    }  # fmt: skip


def test_servers_of_nobody_listed_are_none_and_no_servers_are_unknown(engine: Engine) -> None:
    responses = [
        Response("a.example", (address("a.example", "20.0.0.1"),)),
        Response("b.example", (name_server("b.example", "ns1.b.example"),)),
    ]
    records = open_records(engine, roll(responses), {})
    found = by_domain(engine, measure_provider_servers(records, delegations(records)))
    assert found == {
        "b.example": {"domain": "b.example", "ns_provider_hosts": 0, "ns_parking_hosts": 0,
                      "ns_sinkhole_hosts": 0},
    }  # fmt: skip
    zones = by_domain(engine, measure_provider_zones(records, hold(observe(records))))
    assert zones == {}
