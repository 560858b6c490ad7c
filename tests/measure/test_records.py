"""The collapse that every measurement starts from."""

from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest
from tests.measure.internet_of_rows import (
    Response,
    Route,
    address,
    alias,
    answer,
    glue,
    name_server,
    open_records,
    random_internet,
    roll,
    rows_of,
    seeds,
)
from tests.measure.reference import World

from unflux.engine.connection import Engine
from unflux.measure.records import NO_BUCKET, count_distinct, epoch_s, join_on_domain, observe
from unflux.model.columns import MOMENT


def test_one_row_per_role_host_address_and_bucket(engine: Engine) -> None:
    for seed in seeds(engine):
        responses, routes = random_internet(seed)
        observed = observe(open_records(engine, roll(responses), routes))
        found = rows_of(
            engine,
            observed.select("role", "domain", "host", "address", "bucket", "count", "asn"),
        )
        world = World(responses, routes)
        expected: dict[tuple[Any, ...], int] = {}
        for s in {(s.response, s.role, s.host, s.address): s for s in world.seen}.values():
            bucket = NO_BUCKET if s.bucket is None else s.bucket
            key = (s.role, s.domain, s.host, s.address, bucket)
            expected[key] = expected.get(key, 0) + 1
        assert {row[:5]: row[5] for row in found} == expected
        assert len(found) == len(expected)
        assert all(row[6] == world.route(row[3]).asn for row in found)


def test_an_address_belongs_to_the_owner_of_the_record(engine: Engine) -> None:
    chain = Response(
        "www.alpha.example",
        (alias("www.alpha.example", "e.cdn.net"), address("e.cdn.net", "20.0.0.1")),
    )
    observed = observe(open_records(engine, roll([chain]), {}))
    assert rows_of(engine, observed.select("domain", "host")) == [("cdn.net", "e.cdn.net")]


def test_only_answers_and_glue_are_observed(engine: Engine) -> None:
    response = answer(
        "alpha.example",
        ["20.0.0.1"],
        0,
        name_server("alpha.example", "ns1.alpha.example"),
        glue("ns1.alpha.example", "21.0.0.1"),
        address("alpha.example", "22.0.0.1", 60, "auth"),
    )
    observed = observe(open_records(engine, roll([response]), {}))
    assert rows_of(engine, observed.select("role", "address")) == [
        ("answer", "20.0.0.1"),
        ("glue", "21.0.0.1"),
    ]


def test_an_address_behind_the_translators_prefix_is_no_host_of_its_own(engine: Engine) -> None:
    asked = answer("alpha.example", ["20.0.0.1"], 0, glue("ns1.alpha.example", "64:ff9b::1500:1"))
    translated = answer("alpha.example", ["64:ff9b::1400:1", "64:ff9b::1", "64:ff9c::1400:1"])
    observed = observe(open_records(engine, roll([asked, translated]), {}))
    assert rows_of(engine, observed.select("role", "address")) == [
        ("answer", "20.0.0.1"),
        ("answer", "64:ff9c::1400:1"),
    ]


def test_the_users_own_table_makes_a_private_range_a_place(engine: Engine) -> None:
    routes = {"10.0.0.1": Route(64999, is_user_mapped=True), "10.0.0.2": Route(64999)}
    response = answer("alpha.example", ["10.0.0.1", "10.0.0.2", "10.0.0.3", "20.0.0.1"])
    observed = observe(open_records(engine, roll([response]), routes))
    assert rows_of(engine, observed.select("address", "is_special_use")) == [
        ("10.0.0.1", False),
        ("10.0.0.2", True),
        ("10.0.0.3", True),
        ("20.0.0.1", False),
    ]


def test_seconds_are_rounded_down(engine: Engine) -> None:
    start = datetime(2026, 11, 22, tzinfo=UTC)
    halves = [start + timedelta(microseconds=us) for us in (0, 499_999, 500_000, 999_999)]
    rows = engine.table("t_halves", pa.table({"at": pa.array([*halves, None], MOMENT)}))
    assert rows_of(engine, rows.select(s=epoch_s(rows.at))) == [
        (None,),
        *[(int(start.timestamp()),)] * 4,
    ]


def test_nulls_are_no_value_to_count(engine: Engine) -> None:
    rows = engine.table(
        "t_nulls",
        pa.table(
            {
                "domain": ["a", "a", "a", "b"],
                "asn": pa.array([1, 1, None, None], pa.int64()),
            }
        ),
    )
    assert rows_of(engine, count_distinct(rows, ("domain",), "asn", "asns")) == [("a", 1)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_joining_keeps_every_domain_of_the_left(engine: Engine, order: tuple[int, int]) -> None:
    left = engine.table("t_left", pa.table({"domain": ["a", "b"]}))
    others = [
        engine.table("t_one", pa.table({"domain": ["a"], "one": [1]})),
        engine.table("t_two", pa.table({"domain": ["b", "c"], "two": [2, 3]})),
    ]
    joined = join_on_domain(left, *(others[n] for n in order))
    assert rows_of(engine, joined.select("domain", "one", "two")) == [
        ("a", 1, None),
        ("b", None, 2),
    ]
    assert isinstance(joined, ibis.expr.types.Table)
