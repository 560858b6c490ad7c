"""How many domains share an address, and where names lead."""

from tests.measure import reference
from tests.measure.internet_of_rows import (
    Response,
    address,
    alias,
    answer,
    open_records,
    random_internet,
    roll,
    rows_of,
    seeds,
)
from tests.measure.reference import assert_measures, measure_rows

from unflux.engine.connection import Engine
from unflux.measure.tenancy import measure_aliases, measure_asked, measure_tenancy


def test_tenants_are_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(engine, lambda _, observed: measure_tenancy(observed), reference.tenancy)


def test_what_was_asked_is_what_plain_python_counts(engine: Engine) -> None:
    def without_words(world: reference.World) -> reference.Measured:
        return {
            domain: {k: v for k, v in row.items() if k not in {"pool_names", "seed_names"}}
            for domain, row in reference.asked(world).items()
        }

    assert_measures(engine, lambda records, _: measure_asked(records), without_words)


def test_aliases_are_what_plain_python_counts(engine: Engine) -> None:
    found_any = False
    for seed in seeds(engine):
        responses, routes = random_internet(seed)
        records = open_records(engine, roll(responses), routes)
        rows = rows_of(engine, measure_aliases(records).select("domain", "target", "count"))
        expected = reference.aliases(reference.World(responses, routes))
        assert {row[:2]: row[2] for row in rows} == expected
        found_any = found_any or bool(rows)
    assert found_any


def test_a_wide_target_counts_no_more_than_a_narrow_one(engine: Engine) -> None:
    def chain(target: str, addresses: int, at_s: int) -> Response:
        records = [address(target, f"{20 + at_s % 7}.0.0.{n}") for n in range(addresses)]
        return Response("www.alpha.example", (alias("www.alpha.example", target), *records), at_s)

    responses = [chain("front.narrow.example", 1, second) for second in range(3)]
    responses += [chain("edge.wide.example", 40, second) for second in (3, 3600)]
    # Of a source that shows no CNAME the address seen most tells.
    responses += [
        Response("bare.alpha.example", (address("host.bare.example", f"30.0.0.{n % 2}"),), n)
        for n in range(3)
    ]
    # A CNAME may lead to no address at all.
    responses.append(
        Response("www.alpha.example", (alias("www.alpha.example", "no.wide.example"),))
    )
    records = open_records(engine, roll(responses), {})
    assert rows_of(engine, measure_aliases(records).select("domain", "target", "count")) == [
        ("alpha.example", "bare.example", 2),
        ("alpha.example", "narrow.example", 3),
        ("alpha.example", "wide.example", 2),
    ]


def test_parking(engine: Engine) -> None:
    responses = [answer(f"d{n}.example", ["20.0.0.1"]) for n in range(12)]
    responses.append(answer("d0.example", ["21.0.0.1"], 600))
    rows = measure_rows(engine, lambda _, observed: measure_tenancy(observed), responses)
    first, other = rows["d0.example"], rows["d1.example"]
    assert (first["tenants_min"], first["tenants_max"], first["tenants_mean"]) == (1, 12, 6.5)
    assert (other["tenants_min"], other["tenants_max"]) == (12, 12)


def test_names_that_do_not_exist(engine: Engine) -> None:
    responses = [Response(f"n{n}.alpha.example", (), n, "A", "NXDOMAIN") for n in range(3)]
    row = measure_rows(engine, lambda records, _: measure_asked(records), responses)
    alpha = row["alpha.example"]
    assert (alpha["names"], alpha["nxdomain"], alpha["answered"]) == (3, 3, 0)
