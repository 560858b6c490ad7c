"""Verdicts as Parquet: one row a verdict, typed, with nested evidence and documented columns."""

import io
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from unflux.model.columns import COUNT, MOMENT, RATIO, TEXT, Column, TableShape
from unflux.model.verdicts import Evidence, ScanResult, Verdict
from unflux.present.json_lines import (
    LLR_DECIMALS,
    SCORE_DECIMALS,
    VERDICT_SCHEMA,
    measured,
    number,
    rounded,
    text,
)


def _count(name: str, meaning: str, *, unit: str = "", nullable: bool = False) -> Column:
    return Column(
        name=name, type=COUNT, unit=unit or name, meaning=meaning, nullable=nullable, merge=""
    )


def _text(name: str, unit: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name=name, type=TEXT, unit=unit, meaning=meaning, nullable=nullable, merge="")


def _moment(name: str, meaning: str) -> Column:
    return Column(name=name, type=MOMENT, unit="UTC", meaning=meaning, nullable=True, merge="")


_EVIDENCE: Final = pa.struct(
    [
        pa.field("name", TEXT, False),
        pa.field("value", TEXT),
        pa.field("value_number", RATIO),
        pa.field("llr", RATIO, False),
        pa.field("says", TEXT, False),
        pa.field("source", TEXT, False),
    ]
)
_ALTERNATIVE: Final = pa.struct(
    [
        pa.field("hypothesis", TEXT, False),
        pa.field("outcome", TEXT, False),
        pa.field("because", TEXT, False),
    ]
)

VERDICT_TABLE: Final = TableShape(
    "verdicts",
    "One row per listed verdict, most suspicious first.",
    (
        _text("domain", "name", "registrable domain the verdict is about"),
        _text("verdict", "fast-flux|benign|undecided", "what is held of the domain"),
        _text("kind", "kind", "form of flux, or the innocent explanation that holds"),
        Column(name="score", type=RATIO, unit="0..1", merge="",
               meaning="probability of fast flux"),
        _text("network", "network id", "network it belongs to; null for none", nullable=True),
        _moment("first_seen", "earliest record; null where records carry no time"),
        _moment("last_seen", "latest record; null where records carry no time"),
        _count("lookups", "responses seen for names under the domain", unit="responses"),
        _count("addresses", "distinct addresses in answers"),
        _count("slash24", "distinct /24 (IPv6: /48) of these", unit="prefixes"),
        _count("slash16", "distinct /16 (IPv6: /32) of these", unit="prefixes"),
        _count("asns", "distinct origin AS of these; null where none is mapped",
               unit="AS numbers", nullable=True),
        _count("countries", "distinct countries of these; null where none is mapped",
               nullable=True),
        _count("ns_hosts", "distinct name-server host names", unit="names"),
        _count("ns_addresses", "distinct addresses of these hosts", unit="addresses"),
        _count("ttl_min_s", "smallest TTL of an address record; null where unknown",
               unit="s", nullable=True),
        _count("ttl_max_s", "largest TTL of an address record; null where unknown",
               unit="s", nullable=True),
        Column(name="evidence", type=pa.list_(pa.field("element", _EVIDENCE, False)), unit="list",
               merge="",
               meaning="pieces of evidence: name, measured value (as text, and as number where"
               " it is one), log-likelihood ratio (natural log), sentence, source"),
        Column(name="alternatives", type=pa.list_(pa.field("element", _ALTERNATIVE, False)),
               unit="list", merge="",
               meaning="innocent hypotheses: which, rejected|holds|untested, and why"),
        _text("missing", "sentence", "for undecided: which records would decide it",
              nullable=True),
    ),
)  # fmt: skip
"""The columns of a verdict as a table; CSV has the same ones, with the lists as text."""

SCHEMA: Final = pa.schema(
    [
        pa.field(c.name, c.type, c.nullable, metadata={"unit": c.unit, "meaning": c.meaning})
        for c in VERDICT_TABLE.columns
    ],
    metadata={"schema": VERDICT_SCHEMA, "meaning": VERDICT_TABLE.meaning},
)
"""The Arrow schema, with unit and meaning in the metadata of each field."""


def verdict_table(result: ScanResult) -> pa.Table:
    """Return the listed verdicts as an Arrow table of ``SCHEMA``, in the order of the result."""
    return pa.Table.from_pylist([_row(verdict) for verdict in result.verdicts], schema=SCHEMA)


def write(result: ScanResult, sink: BinaryIO) -> None:
    """Write the listed verdicts to a binary sink as zstd Parquet."""
    pq.write_table(verdict_table(result), sink, compression="zstd")


def render(result: ScanResult) -> bytes:
    """Return the listed verdicts as the bytes of a zstd Parquet file."""
    sink = io.BytesIO()
    write(result, sink)
    return sink.getvalue()


def _row(verdict: Verdict) -> dict[str, Any]:
    counts = verdict.counts
    return {
        "domain": text(verdict.domain),
        "verdict": verdict.verdict,
        "kind": verdict.kind,
        "score": rounded(verdict.score, SCORE_DECIMALS),
        "network": text(verdict.network),
        "first_seen": verdict.first_seen,
        "last_seen": verdict.last_seen,
        "lookups": number(counts.lookups),
        "addresses": number(counts.addresses),
        "slash24": number(counts.slash24),
        "slash16": number(counts.slash16),
        "asns": number(counts.asns),
        "countries": number(counts.countries),
        "ns_hosts": number(counts.ns_hosts),
        "ns_addresses": number(counts.ns_addresses),
        "ttl_min_s": number(verdict.ttl_min_s),
        "ttl_max_s": number(verdict.ttl_max_s),
        "evidence": [_evidence_row(piece) for piece in verdict.evidence],
        "alternatives": [
            {
                "hypothesis": text(alternative.hypothesis),
                "outcome": alternative.outcome,
                "because": text(alternative.because),
            }
            for alternative in verdict.alternatives
        ],
        "missing": text(verdict.missing),
    }


def _evidence_row(piece: Evidence) -> dict[str, Any]:
    value = measured(piece.value)
    return {
        "name": text(piece.name),
        "value": None if value is None else str(value),
        "value_number": None if isinstance(value, str) or value is None else float(value),
        "llr": rounded(piece.llr, LLR_DECIMALS),
        "says": text(piece.says),
        "source": text(piece.source),
    }
