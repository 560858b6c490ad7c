"""The records behind a measurement."""

from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
from tests.measure.internet_of_rows import (
    Response,
    Route,
    address,
    alias,
    answer,
    glue,
    name_server,
    open_records,
    roll,
)

from unflux.engine.connection import Engine
from unflux.measure.behind import (
    RECORD_COLUMNS,
    alias_records,
    answer_records,
    server_records,
    shared_records,
)
from unflux.measure.records import Records

RESPONSES = [
    answer("www.alpha.example", ["20.0.0.1", "21.0.0.1"], 0),
    answer("www.alpha.example", ["20.0.0.1"], 700),
    answer("www.alpha.example", ["22.0.0.1"], None),
    answer("beta.example", ["20.0.0.1", "23.0.0.1"], 60),
    answer(
        "alpha.example", [], 30, name_server("alpha.example", "ns.host.net"),
        glue("ns.host.net", "30.0.0.1"), glue("ns.unrelated.net", "31.0.0.1"),
    ),
    Response(
        "shop.alpha.example",
        (alias("shop.alpha.example", "e.cdn.net"), address("e.cdn.net", "40.0.0.1")),
        90,
    ),
]  # fmt: skip


def opened(engine: Engine) -> Records:
    return open_records(engine, roll(RESPONSES), {"20.0.0.1": Route(64500, "a holder")})


def fetched(engine: Engine, expression: ir.Table) -> list[dict[str, Any]]:
    rows = engine.fetch(expression)
    assert tuple(rows.column_names) == RECORD_COLUMNS
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def test_answers_come_once_newest_first_and_timeless_last(engine: Engine) -> None:
    rows = fetched(engine, answer_records(opened(engine), "alpha.example"))
    assert [(row["rdata"], row["count"]) for row in rows] == [
        ("20.0.0.1", 2),
        ("21.0.0.1", 1),
        ("22.0.0.1", 1),
    ]
    assert [row["last_at"] is None for row in rows] == [False, False, True]
    assert (rows[0]["asn"], rows[0]["holder"], rows[2]["asn"]) == (64500, "a holder", None)


def test_aliases_show_the_chain_and_the_foreign_address(engine: Engine) -> None:
    rows = fetched(engine, alias_records(opened(engine), "alpha.example"))
    assert {(row["rrtype"], row["rdata"]) for row in rows} == {
        ("CNAME", "e.cdn.net"),
        ("A", "40.0.0.1"),
    }


def test_servers_show_delegation_and_addresses_of_these_hosts(engine: Engine) -> None:
    rows = fetched(engine, server_records(opened(engine), "alpha.example"))
    assert {(row["rrtype"], row["rdata"]) for row in rows} == {
        ("NS", "ns.host.net"),
        ("A", "30.0.0.1"),
    }


def test_shared_records_are_those_of_others_on_the_same_addresses(engine: Engine) -> None:
    members = engine.table(
        "t_convicted",
        pa.table({"domain": ["alpha.example", "beta.example"], "network": ["ffn-1", "ffn-1"]}),
    )
    rows = fetched(engine, shared_records(opened(engine), "alpha.example", members))
    assert [(row["qname"], row["rdata"]) for row in rows] == [("beta.example", "20.0.0.1")]
