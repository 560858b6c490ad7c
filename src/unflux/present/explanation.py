"""One verdict explained: every piece of evidence for and against, with the records behind it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from unflux.model.columns import COUNT, MOMENT, TEXT, Column, TableShape
from unflux.model.odds import probability
from unflux.model.plural import plural
from unflux.model.times import format_moment
from unflux.model.verdicts import Alternative, Evidence, FluxNetwork, HypothesisOutcome, Verdict
from unflux.present import screen as screens
from unflux.present.json_lines import compose_line, measured, network_object, text, verdict_object
from unflux.present.screen import Cell, Screen
from unflux.present.terminal import Options as ResultOptions
from unflux.present.terminal import print_networks
from unflux.present.wording import (
    PRIOR,
    STYLES,
    UNKNOWN,
    figure_text,
    named_some,
    range_text,
    span_text,
    verdict_cell,
)

EXPLANATION_SCHEMA: Final = "unflux/explanation/1"

BAR_CELLS: Final = 8
"""Cells of the longest bar, to either side of the middle."""

RECORDS: Final = TableShape(
    "records",
    "One row per piece of evidence and record behind it.",
    (
        Column(name="evidence", type=TEXT, unit="name", meaning="piece of evidence it supports"),
        Column(name="bucket_at", type=MOMENT, unit="UTC", nullable=True, merge="",
               meaning="start of the time bucket; null where the record carries no time"),
        Column(name="first_at", type=MOMENT, unit="UTC", nullable=True, merge="",
               meaning="earliest moment seen"),
        Column(name="last_at", type=MOMENT, unit="UTC", nullable=True, merge="",
               meaning="latest moment seen"),
        Column(name="qname", type=TEXT, unit="name", merge="", meaning="owner name"),
        Column(name="rrtype", type=TEXT, unit="RR type", merge="", meaning="type of the record"),
        Column(name="rdata", type=TEXT, unit="presentation", merge="",
               meaning="address, or name without final dot"),
        Column(name="asn", type=COUNT, unit="AS number", nullable=True, merge="",
               meaning="origin AS of an address; null where unmapped"),
        Column(name="holder", type=TEXT, unit="", nullable=True, merge="",
               meaning="holder of the AS"),
        Column(name="count", type=COUNT, unit="responses", merge="",
               meaning="responses that held the record"),
        Column(name="ttl_min_s", type=COUNT, unit="s", nullable=True, merge="",
               meaning="smallest TTL seen"),
        Column(name="ttl_max_s", type=COUNT, unit="s", nullable=True, merge="",
               meaning="largest TTL seen"),
    ),
)  # fmt: skip
"""The table of records that an explanation is given."""

_NEWEST_FIRST: Final = [
    ("last_at", "descending"),
    ("bucket_at", "descending"),
    ("count", "descending"),
    ("qname", "ascending"),
    ("rrtype", "ascending"),
    ("rdata", "ascending"),
]
_OUTCOMES: Final[dict[HypothesisOutcome, Cell]] = {
    "holds": Cell("✓ holds", "green"),
    "rejected": Cell("✗ rejected", "red"),
    "untested": Cell("? untested", "yellow"),
}
_EVIDENCE_COLUMNS: Final = (
    screens.Column(heading="evidence", comfortable=20, elide="middle"),
    screens.Column(heading="value", is_number=True, comfortable=12),
    screens.Column(heading="llr", is_number=True),
    screens.Column(heading="innocent│flux".rjust(BAR_CELLS + 5)),
    screens.Column(heading="says", yields=1),
    screens.Column(heading="source", yields=1),
)
_RECORD_COLUMNS: Final = (
    screens.Column(heading="last seen (UTC)"),
    screens.Column(heading="name", comfortable=16, elide="middle", yields=2, below=None),
    screens.Column(heading="type"),
    screens.Column(heading="data", comfortable=24, elide="middle"),
    screens.Column(heading="count", is_number=True),
    screens.Column(heading="TTL s", is_number=True),
    screens.Column(heading="ASN", is_number=True),
    screens.Column(heading="holder", comfortable=16, yields=1, below=None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much of an explanation is drawn; null is without bound."""

    record_limit: int | None = 8
    """Records behind one piece of evidence, 0 or more. Chosen: 2026-11-22, by hand; all pieces
    together stay within a few screens of a terminal."""


DEFAULTS: Final = Options()


def print_explanation(
    verdict: Verdict,
    network: FluxNetwork | None,
    records: pa.Table,
    console: Console,
    options: Options = DEFAULTS,
) -> None:
    """Draw why a domain has its verdict; ``records`` has the columns of ``RECORDS``."""
    screen = Screen(console)
    _print_headline(verdict, screen)
    _print_evidence(verdict, screen)
    _print_alternatives(verdict.alternatives, screen)
    if verdict.missing is not None:
        screen.heading("What would decide it")
        screen.prose(Cell(""), Cell(verdict.missing), hang=0)
    if network is not None:
        screen.heading("Network")
        print_networks((network,), screen, ResultOptions())
        others = [domain for domain in network.domains if domain != verdict.domain]
        if others:
            screen.prose(Cell("with", "dim"), Cell(named_some(others, 12)), hang=6)
    _print_records(verdict, records, screen, options)


def explanation_json(verdict: Verdict, network: FluxNetwork | None, records: pa.Table) -> str:
    """Return the whole explanation as one line of JSON, with every record; unknown is null."""
    return compose_line(
        {
            "schema": EXPLANATION_SCHEMA,
            "verdict": verdict_object(verdict),
            "network": None if network is None else network_object(network),
            "records": [_record_object(row) for row in _sorted(records).to_pylist()],
        }
    )


def _print_headline(verdict: Verdict, screen: Screen) -> None:
    counts = verdict.counts
    style = STYLES[verdict.verdict]
    screen.blank()
    kind = "" if verdict.kind == "unknown" else f" · {verdict.kind}"
    screen.prose(
        Cell(""),
        Cell(verdict.domain, "bold"),
        Cell("  "),
        verdict_cell(verdict),
        Cell(f"{kind} · score {verdict.score:.4f}", style),
        hang=0,
        indent=0,
    )
    ttl = range_text(verdict.ttl_min_s, verdict.ttl_max_s)
    asns = "networks unknown" if counts.asns is None else plural(counts.asns, "ASN")
    facts = [
        plural(counts.lookups, "lookup"),
        plural(counts.addresses, "address", "addresses"),
        f"{counts.slash24:,} /24",
        asns,
        plural(counts.ns_hosts, "name server"),
        "TTL unknown" if ttl is None else f"TTL {ttl} s",
        span_text(verdict.first_seen, verdict.last_seen),
    ]
    screen.prose(Cell(""), Cell(" · ".join(facts), "dim"), hang=0)


def _print_evidence(verdict: Verdict, screen: Screen) -> None:
    screen.heading("Evidence")
    if not verdict.evidence:
        screen.line(Cell("None was measured."))
        return
    ordered = sorted(verdict.evidence, key=lambda e: (e.name != PRIOR, -abs(e.llr)))
    longest = max(abs(piece.llr) for piece in ordered)
    screen.listing(
        _EVIDENCE_COLUMNS, [_evidence_row(e, longest) for e in ordered], wraps_below=True
    )
    total = sum(piece.llr for piece in ordered)
    screen.blank()
    screen.prose(Cell("sum", "bold"), *_sum_cells(total, verdict.score), hang=5)


def _sum_cells(total: float, score: float) -> list[Cell]:
    implied = probability(total)
    cells = [
        Cell(f"{total:+.2f}", "bold"),
        Cell(f"  →  odds {_odds(total)}  →  1 / (1 + e^{-total:+.2f}) = {implied:.4f}"),
    ]
    if abs(implied - score) >= 0.0005:
        cells.append(Cell(f", which the judge turned into {score:.4f}"))
    return cells


def _odds(total: float) -> str:
    """Write e^total as odds for or against, without overflow.

    Small odds have a decimal and are cut: 18.96 : 1 is not yet the 19 : 1 that decides.
    """
    exponent = abs(total)
    larger = f"{math.exp(exponent):,.0f}" if exponent < 20 else f"e^{exponent:.0f}"
    if exponent < math.log(100):
        larger = f"{math.floor(round(10 * math.exp(exponent), 6)) / 10:.1f}"
    return f"{larger} : 1 for flux" if total >= 0 else f"{larger} : 1 against flux"


def _evidence_row(piece: Evidence, longest: float) -> tuple[Cell, ...]:
    style = "" if piece.llr == 0 else "red" if piece.llr > 0 else "green"
    return (
        Cell(piece.name, "bold" if piece.llr else "dim"),
        _value_cell(piece.value),
        Cell(f"{piece.llr:+.2f}", style),
        Cell(bar_text(piece.llr, longest), style),
        Cell(piece.says),
        Cell(piece.source, "dim"),
    )


def bar_text(llr: float, longest: float) -> str:
    """Draw an llr as a bar from the middle: innocent to the left, flux to the right."""
    halves = 0 if longest == 0 else max(round(abs(llr) / longest * BAR_CELLS * 2), bool(llr))
    whole, half = divmod(halves, 2)
    if llr < 0:
        return ("▐" * half + "█" * whole).rjust(BAR_CELLS) + "│" + " " * BAR_CELLS
    return " " * BAR_CELLS + "│" + ("█" * whole + "▌" * half).ljust(BAR_CELLS)


def _value_cell(raw: float | int | str | None) -> Cell:
    value = measured(raw)
    if value is None:
        return UNKNOWN
    if isinstance(value, float):
        return Cell(figure_text(value, 3))
    return Cell(f"{value:,}" if isinstance(value, int) else value)


def _print_alternatives(alternatives: Sequence[Alternative], screen: Screen) -> None:
    if not alternatives:
        return
    screen.heading("Innocent explanations")
    columns = (
        screens.Column(heading="hypothesis", comfortable=16),
        screens.Column(heading="outcome"),
        screens.Column(heading="because", yields=1),
    )
    rows = [(Cell(a.hypothesis), _OUTCOMES[a.outcome], Cell(a.because)) for a in alternatives]
    screen.listing(columns, rows, wraps_below=True)


def _print_records(verdict: Verdict, records: pa.Table, screen: Screen, options: Options) -> None:
    screen.heading("Records behind it, newest first")
    if records.num_rows == 0:
        screen.line(Cell("None were kept.", "dim"))
        return
    for piece in sorted(verdict.evidence, key=lambda e: -abs(e.llr)):
        mine = records.filter(pc.field("evidence") == piece.name)
        if mine.num_rows == 0:
            continue
        shown = _sorted(mine).slice(0, options.record_limit)
        screen.blank()
        _print_group(piece, mine.num_rows, shown.to_pylist(), screen)


def _print_group(piece: Evidence, count: int, rows: list[dict[str, Any]], screen: Screen) -> None:
    """Draw some records behind one piece; a name that all share stands in the heading only."""
    names = {row["qname"] for row in rows}
    of = f" of {names.pop()}" if len(names) == 1 else ""
    what = f"  {piece.llr:+.2f} · {plural(count, 'record')}{of}"
    screen.line(Cell(piece.name, "bold"), Cell(what, "dim"))
    cells = [_record_row(row, shows_name=not of) for row in rows]
    if cells:
        screen.listing(_RECORD_COLUMNS, cells)
    screen.rest(count - len(rows))


def _sorted(records: pa.Table) -> pa.Table:
    return records.select(RECORDS.schema.names).sort_by(_NEWEST_FIRST)


def _record_row(row: dict[str, Any], *, shows_name: bool) -> tuple[Cell, ...]:
    ttl = range_text(row["ttl_min_s"], row["ttl_max_s"])
    last = row["last_at"] or row["bucket_at"]
    return (
        Cell(span_text(last, last)) if last is not None else UNKNOWN,
        Cell(row["qname"] if shows_name else ""),
        Cell(row["rrtype"]),
        Cell(row["rdata"]),
        Cell(f"{row['count']:,}"),
        UNKNOWN if ttl is None else Cell(ttl),
        UNKNOWN if row["asn"] is None else Cell(str(row["asn"])),
        Cell(row["holder"] or "", "dim"),
    )


def _record_object(row: dict[str, Any]) -> dict[str, Any]:
    moments = ("bucket_at", "first_at", "last_at")
    return {
        name: format_moment(value)
        if name in moments
        else text(value)
        if isinstance(value, str)
        else value
        for name, value in row.items()
    }
