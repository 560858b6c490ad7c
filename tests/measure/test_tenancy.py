"""How many domains share an address, and where names lead."""

from tests.measure import reference
from tests.measure.internet_of_rows import (
    Response,
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
