"""Every column of a profile against plain Python, on every engine."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.measure import reference
from tests.measure.internet_of_rows import (
    Response,
    answer,
    by_domain,
    differences,
    open_records,
    random_internet,
    roll,
    roll_in_parts,
    seeds,
    shuffled_rollup,
)

from unflux.engine.connection import Engine
from unflux.measure.profile import measure_profiles
from unflux.measure.records import observe
from unflux.model.columns import PROFILE
from unflux.model.rollup import Rollup


def measured(engine: Engine, rollup: Rollup, routes: Any) -> dict[str, dict[str, Any]]:
    records = open_records(engine, rollup, routes)
    observed = engine.cache(observe(records), "t_observed")
    return by_domain(engine, measure_profiles(records, observed))


def expected(responses: list[Response], routes: Any) -> dict[str, dict[str, Any]]:
    found = reference.profiles(reference.World(responses, routes))
    return {
        domain: {
            column.name: (
                0 if row.get(column.name) is None and not column.nullable else row.get(column.name)
            )
            for column in PROFILE.columns
        }
        for domain, row in found.items()
    }


@pytest.mark.slow
def test_every_column_is_what_plain_python_counts(engine: Engine) -> None:
    for seed in seeds(engine, many=3, few=2):
        responses, routes = random_internet(seed)
        found = measured(engine, roll(responses), routes)
        assert differences(found, expected(responses, routes)) == [], seed


def test_columns_have_the_declared_types(engine: Engine) -> None:
    responses, routes = random_internet(3)
    records = open_records(engine, roll(responses), routes)
    rows = engine.fetch(measure_profiles(records, observe(records)))
    assert rows.schema.names == PROFILE.schema.names
    assert rows.schema.types == PROFILE.schema.types
    for column in PROFILE.columns:
        if not column.nullable:
            assert rows[column.name].null_count == 0, column.name


def test_every_column_has_a_unit_and_a_meaning() -> None:
    for column in PROFILE.columns:
        assert column.unit and len(column.meaning) > 5, column.name
        assert not column.meaning.endswith("."), column.name
    assert len({column.name for column in PROFILE.columns}) == len(PROFILE.columns)


@pytest.mark.slow
@pytest.mark.parametrize("parts", [2, 5])
def test_neither_row_order_nor_parts_matter(engine: Engine, parts: int) -> None:
    responses, routes = random_internet(11)
    whole = roll(responses)
    once = measured(engine, whole, routes)
    assert measured(engine, shuffled_rollup(whole, parts), routes) == once
    assert measured(engine, roll_in_parts(responses, parts), routes) == once


def test_counts_over_32_bits_neither_wrap_nor_raise(engine: Engine) -> None:
    rollup = roll([answer("www.alpha.example", ["20.0.0.1", "21.0.0.1"], at_s) for at_s in (0, 9)])
    big = 2**40
    huge = Rollup(
        sightings=_times(rollup.sightings, "count", big),
        lookups=_times(rollup.lookups, "responses", big),
        answer_sets=_times(rollup.answer_sets, "responses", big),
    )
    row = measured(engine, huge, {})["alpha.example"]
    assert row["responses"] == row["lookups"] == 2 * big
    assert row["set_slash16_mean"] == 2.0


def _times(table: pa.Table, column: str, factor: int) -> pa.Table:
    number = table.schema.get_field_index(column)
    return table.set_column(number, table.schema.field(number), pc.multiply(table[column], factor))


def test_nothing_in_nothing_out(engine: Engine) -> None:
    assert measured(engine, Rollup.empty(), {}) == {}


def test_a_name_without_addresses_is_counted_as_asked(engine: Engine) -> None:
    rollup = roll([Response("gone.alpha.example", (), 5, "A", "NXDOMAIN")])
    row = measured(engine, rollup, {})["alpha.example"]
    assert (row["responses"], row["nxdomain"], row["names"]) == (1, 1, 1)
    assert (row["addresses"], row["lookups"]) == (0, 0)
    assert row["asns"] is None and row["ns_hosts"] is None and row["span_s"] is None
