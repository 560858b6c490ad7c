"""How widely the answers of a domain spread."""

from tests.measure import reference
from tests.measure.internet_of_rows import Response, Route, address, answer
from tests.measure.reference import assert_measures, measure_rows

from unflux.engine.connection import Engine
from unflux.measure.records import join_on_domain
from unflux.measure.spread import measure_presence, measure_spread


def test_spread_is_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(
        engine,
        lambda _, observed: join_on_domain(measure_spread(observed), measure_presence(observed)),
        reference.spread,
    )


def test_a_pool_behind_one_name_and_a_portal_of_many_names(engine: Engine) -> None:
    addresses = [f"2{n}.0.0.1" for n in range(4)]
    routes = {text: Route(64500 + n, None, "DE") for n, text in enumerate(addresses)}
    pool = [answer(name, addresses) for name in ("a.pool.example", "b.pool.example")]
    portal = [answer(f"p{n}.portal.example", [text]) for n, text in enumerate(addresses)]
    found = measure_rows(
        engine, lambda _, observed: measure_spread(observed), pool + portal, routes
    )
    assert found["pool.example"] | {"domain": "portal.example"} != found["portal.example"]
    assert [found[d]["asns"] for d in ("pool.example", "portal.example")] == [4, 4]
    assert [found[d]["host_asns_max"] for d in ("pool.example", "portal.example")] == [4, 1]
    assert [found[d]["mixing"] for d in ("pool.example", "portal.example")] == [2.0, 1.0]
    assert found["portal.example"]["countries"] == 1


def test_special_use_addresses_are_addresses_but_no_places(engine: Engine) -> None:
    response = answer("alpha.example", ["10.0.0.1", "127.0.0.1", "20.0.0.1"])
    row = measure_rows(engine, lambda _, observed: measure_spread(observed), [response])
    alpha = row["alpha.example"]
    assert (alpha["addresses"], alpha["special_use_addresses"]) == (3, 2)
    assert (alpha["slash24"], alpha["slash16"], alpha["asns"]) == (1, 1, None)
    assert alpha["unmapped_addresses"] == 1


def test_both_families_count_with_their_own_prefixes(engine: Engine) -> None:
    v6 = Response(
        "alpha.example",
        (address("alpha.example", "2a01:1::1"), address("alpha.example", "2a01:1:9::1")),
        qtype="AAAA",
    )
    found = measure_rows(
        engine,
        lambda _, observed: measure_spread(observed),
        [v6, answer("alpha.example", ["20.0.0.1"])],
    )
    alpha = found["alpha.example"]
    assert (alpha["addresses"], alpha["slash24"], alpha["slash16"]) == (3, 3, 2)
