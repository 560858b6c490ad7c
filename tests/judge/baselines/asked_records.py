"""Inputs of baselines, made by hand."""

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from unflux.engine.connection import Engine
from unflux.judge.baselines.baseline import Baseline, Inputs

ANSWERS = pa.schema(
    [
        *(
            (name, pa.string())
            for name in ("domain", "query", "rrtype", "address", "slash16", "holder")
        ),
        *(
            (name, pa.int64())
            for name in (
                "bucket", "number", "asn", "first_s", "last_s", "ttl_min_s", "ttl_max_s",
            )
        ),
    ]
)  # fmt: skip
ANSWER_SETS = pa.schema(
    [
        ("domain", pa.string()),
        ("query", pa.string()),
        *(
            (name, pa.int64())
            for name in (
                "bucket", "day", "answer_set", "responses", "addresses", "slash16s", "ttl_min_s",
                "ttl_max_s",
            )
        ),
    ]
)  # fmt: skip
CLUSTERS = pa.schema([("node", pa.string()), ("cluster", pa.string())])
NAME_SERVERS = pa.schema(
    [
        ("domain", pa.string()),
        ("ns_host", pa.string()),
        ("address", pa.string()),
        ("number", pa.int64()),
        ("asn", pa.int64()),
    ]
)

Row = dict[str, Any]
SILENT = "silent.test"


def answer(number: int, asn: int | None = None, **changed: Any) -> Row:
    """Return one IPv4 address in an answer to ``a.test``: one bucket, TTL 60."""
    octets = number.to_bytes(4, "big")
    row: Row = {
        "domain": "a.test",
        "query": "a.test",
        "rrtype": "A",
        "address": ".".join(map(str, octets)),
        "slash16": f"{octets[0]}.{octets[1]}.0.0/16",
        "bucket": 0,
        "number": number,
        "asn": asn,
        "holder": None if asn is None else f"Holder {asn}",
        "first_s": 0,
        "last_s": 0,
        "ttl_min_s": 60,
        "ttl_max_s": 60,
    }
    return row | changed


def answer_set(**changed: Any) -> Row:
    """Return one answer to ``a.test``: three addresses in three /16, TTL 60."""
    row: Row = {
        "domain": "a.test",
        "query": "a.test",
        "bucket": 0,
        "day": 0,
        "answer_set": 1,
        "responses": 1,
        "addresses": 3,
        "slash16s": 3,
        "ttl_min_s": 60,
        "ttl_max_s": 60,
    }
    return row | changed


def server(number: int | None, asn: int | None = None, host: str = "ns1.a.test") -> Row:
    """Return one address of a name server of ``a.test``."""
    address = None if number is None else ".".join(map(str, number.to_bytes(4, "big")))
    return {"domain": "a.test", "ns_host": host, "address": address, "number": number, "asn": asn}


Records = dict[str, list[Row]]
"""Rows by field of ``Inputs``; ``two_lookups`` are the answers where they are not given."""


def inputs_of(engine: Engine, cases: Mapping[str, Records]) -> Inputs:
    """Register the rows of many cases: each is a domain of its own, beside one that is silent."""

    def table(field: str, schema: pa.Schema, *, spare: bool = False) -> ir.Table:
        rows = [
            row | {"domain": case} | ({"query": f"{row['query']}-{case}"} if "query" in row else {})
            for case, records in cases.items()
            for row in records.get(field, records.get("answers", []) if spare else [])
        ]
        return engine.table(f"hand_{field}", pa.Table.from_pylist(rows, schema))

    domains = pa.table({"domain": [*cases, SILENT]})
    return Inputs(
        domains=engine.table("hand_domains", domains),
        answers=table("answers", ANSWERS),
        two_lookups=table("two_lookups", ANSWERS, spare=True),
        answer_sets=table("answer_sets", ANSWER_SETS),
        name_servers=table("name_servers", NAME_SERVERS),
        clusters=engine.table(
            "hand_clusters",
            pa.Table.from_pylist(
                [row for records in cases.values() for row in records.get("clusters", [])], CLUSTERS
            ),
        ),
    )


def weigh_cases(
    engine: Engine, baseline: Baseline, cases: Mapping[str, Records]
) -> dict[str, tuple[float | None, bool]]:
    """Return score, to six decimals, and flag of each case; the silent domain has neither."""
    rows = engine.fetch(baseline.weigh(inputs_of(engine, cases))).to_pylist()
    said = {row["domain"]: (row["score"], row["flagged"]) for row in rows}
    assert len(rows) == len(said)
    assert said.pop(SILENT) in {(0.0, False), (None, False)}
    return {
        case: (None if score is None else round(score, 6), flagged)
        for case, (score, flagged) in said.items()
    }
