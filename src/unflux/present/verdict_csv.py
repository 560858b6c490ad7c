"""Verdicts as CSV (RFC 4180): one row a verdict, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from unflux.model.spreadsheets import defuse
from unflux.model.times import format_moment
from unflux.model.verdicts import ScanResult, Verdict
from unflux.present.json_lines import LLR_DECIMALS, SCORE_DECIMALS, rounded
from unflux.present.verdict_parquet import VERDICT_TABLE
from unflux.present.visible import make_visible

HEADER: Final = tuple(column.name for column in VERDICT_TABLE.columns)
"""The columns, in an order that stays."""


def render(result: ScanResult) -> Iterator[str]:
    """Yield the header and one row a verdict, each with its CRLF (RFC 4180 section 2).

    Write them as UTF-8 without newline translation. Unknown is an empty cell. Text is made
    visible (no control characters, so no line breaks inside a cell), and an apostrophe stands
    before anything that a spreadsheet would run. JSON has the exact text.
    """
    yield _compose_row(HEADER)
    for verdict in result.verdicts:
        yield _compose_row(_cells(verdict))


def _compose_row(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _cells(verdict: Verdict) -> tuple[str, ...]:
    counts = verdict.counts
    return (
        _text(verdict.domain),
        verdict.verdict,
        verdict.kind,
        f"{rounded(verdict.score, SCORE_DECIMALS):.{SCORE_DECIMALS}f}",
        _text(verdict.network),
        format_moment(verdict.first_seen) or "",
        format_moment(verdict.last_seen) or "",
        _count(counts.lookups),
        _count(counts.addresses),
        _count(counts.slash24),
        _count(counts.slash16),
        _count(counts.asns),
        _count(counts.countries),
        _count(counts.ns_hosts),
        _count(counts.ns_addresses),
        _count(verdict.ttl_min_s),
        _count(verdict.ttl_max_s),
        _text("; ".join(f"{e.name}={rounded(e.llr, LLR_DECIMALS)}" for e in verdict.evidence)),
        _text("; ".join(f"{a.hypothesis}={a.outcome}" for a in verdict.alternatives)),
        _text(verdict.missing),
    )


def _text(value: str | None) -> str:
    return "" if value is None else defuse(make_visible(value))


def _count(value: int | None) -> str:
    return "" if value is None else str(int(value))
