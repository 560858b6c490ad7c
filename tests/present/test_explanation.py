"""The explanation of one verdict, as text and as JSON."""

import io
import json
from datetime import timedelta
from math import log
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from tests.present.generated_results import (
    HOSTILE,
    START,
    check_golden,
    make_network,
    make_verdict,
    networks,
    verdicts,
)

from unflux.model.verdicts import Evidence, FluxNetwork, Verdict
from unflux.present.explanation import (
    BAR_CELLS,
    RECORDS,
    Options,
    bar_text,
    explanation_json,
    print_explanation,
)


def _record(number: int, **changes: Any) -> dict[str, Any]:
    at = START + timedelta(minutes=5 * number)
    record = {
        "evidence": "newcomers",
        "bucket_at": at,
        "first_at": at,
        "last_at": at + timedelta(minutes=1),
        "qname": "www.kite-mail.example",
        "rrtype": "A",
        "rdata": f"198.51.100.{number}",
        "asn": 64500 + number,
        "holder": "Example Broadband",
        "count": 3 * number + 1,
        "ttl_min_s": 60,
        "ttl_max_s": 300,
    }
    return {**record, **changes}


def _records() -> pa.Table:
    rows = [_record(number) for number in range(12)]
    rows += [
        _record(
            number,
            evidence="ttl",
            qname=f"h{number}.kite-mail.example",
            asn=None,
            holder=HOSTILE,
            ttl_min_s=None,
        )
        for number in range(3)
    ]
    rows.append(_record(0, evidence="plane-overlap", bucket_at=None, first_at=None, last_at=None))
    return pa.Table.from_pylist(rows, schema=RECORDS.schema)


def _draw(
    verdict: Verdict,
    network: FluxNetwork | None = None,
    records: pa.Table | None = None,
    *,
    width: int = 100,
    options: Options | None = None,
) -> str:
    sink = io.StringIO()
    console = Console(file=sink, width=width, _environ={})
    table = RECORDS.empty() if records is None else records
    print_explanation(verdict, network, table, console, options or Options())
    return sink.getvalue()


@pytest.mark.parametrize("width", [80, 140])
def test_golden(width: int) -> None:
    drawn = _draw(make_verdict(), make_network(), _records(), width=width)
    check_golden(f"explanation/expected-{width}.txt", drawn)


@settings(max_examples=60, deadline=None)
@given(verdicts, st.none() | networks, st.sampled_from([40, 80, 140]))
def test_any_verdict_keeps_to_the_screen(
    verdict: Verdict, network: FluxNetwork | None, width: int
) -> None:
    for line in _draw(verdict, network, _records(), width=width).split("\n"):
        assert line.isprintable()
        assert cell_len(line) <= width, line


def test_prior_first_then_by_weight() -> None:
    drawn = _draw(make_verdict())
    starts = [drawn.index(f"  {name} ") for name in ("prior", "newcomers", "answer-asns", "ttl")]
    assert starts == sorted(starts)


def test_sum_becomes_the_score() -> None:
    drawn = _draw(make_verdict())
    assert "sum  +6.42  →  odds 616 : 1 for flux  →  1 / (1 + e^-6.42) = 0.9984\n" in drawn


def test_a_score_that_is_not_the_sum_is_said_to_be_the_judges() -> None:
    assert "which the judge turned into 0.4200" in _draw(make_verdict(score=0.42), width=140)


@pytest.mark.parametrize("llr", [1e4, -1e4])
def test_huge_sums_do_not_overflow(llr: float) -> None:
    piece = Evidence(name="x", value=1, llr=llr, says="", source="")
    drawn = _draw(make_verdict(evidence=(piece,), score=float(llr > 0)))
    assert "odds e^10000 : 1" in drawn


@pytest.mark.parametrize(
    ("llr", "odds"),
    [(0.4, "1.4 : 1 for"), (2.942, "18.9 : 1 for"), (log(19), "19.0 : 1 for"),
     (-2.923, "18.5 : 1 against"), (log(100), "100 : 1 for")],
)  # fmt: skip
def test_odds_are_not_rounded_to_the_bound(llr: float, odds: str) -> None:
    piece = Evidence(name="x", value=1, llr=llr, says="", source="")
    assert f"odds {odds} " in _draw(make_verdict(evidence=(piece,)))


def test_bars_grow_from_the_middle() -> None:
    empty = " " * BAR_CELLS
    assert bar_text(4.0, 4.0) == empty + "│" + "█" * BAR_CELLS
    assert bar_text(-4.0, 4.0) == "█" * BAR_CELLS + "│" + empty
    assert bar_text(0.0, 4.0) == bar_text(0.0, 0.0) == empty + "│" + empty
    assert bar_text(0.001, 4.0).strip() == "│▌"
    assert bar_text(-0.001, 4.0).strip() == "▐│"


def test_missing_is_said_for_undecided() -> None:
    drawn = _draw(make_verdict(verdict="undecided", missing="A day of answers."))
    assert "What would decide it\n  A day of answers." in drawn
    assert "What would decide it" not in _draw(make_verdict())


def test_hypotheses_have_outcome_and_reason() -> None:
    drawn = _draw(make_verdict())
    assert "✗ rejected" in drawn
    assert "? untested" in drawn
    assert "these left within hours." in drawn


def test_records_are_newest_first_and_bounded() -> None:
    drawn = _draw(make_verdict(), None, _records(), options=Options(record_limit=3))
    group = drawn.split("newcomers  +5.13 · 12 records of www.kite-mail.example\n")[1]
    shown = group.split("\n")[1:5]
    assert [line.split()[3] for line in shown[:3]] == [
        "198.51.100.11", "198.51.100.10", "198.51.100.9",
    ]  # fmt: skip
    assert shown[3].strip() == "… and 9 more (use --format json)"
    assert "more (use" not in _draw(
        make_verdict(), None, _records(), options=Options(record_limit=None)
    )


def test_no_records_is_said() -> None:
    assert "None were kept." in _draw(make_verdict())


def test_no_evidence_is_said() -> None:
    assert "None was measured." in _draw(make_verdict(evidence=()))


def test_hostile_text_is_shown_not_obeyed() -> None:
    piece = Evidence(name=HOSTILE, value=HOSTILE, llr=1.0, says=HOSTILE, source=HOSTILE)
    drawn = _draw(make_verdict(evidence=(piece,), missing=HOSTILE), None, _records())
    assert all(line.isprintable() for line in drawn.split("\n"))
    assert r"\x1b[31m" in drawn


def test_json_holds_everything() -> None:
    line = explanation_json(make_verdict(), make_network(), _records())
    assert line.endswith("\n")
    assert line.removesuffix("\n").isascii()
    value = json.loads(line)
    assert list(value) == ["schema", "verdict", "network", "records"]
    assert value["schema"] == "unflux/explanation/1"
    assert value["verdict"]["schema"] == "unflux/verdict/1"
    assert value["network"]["schema"] == "unflux/network/1"
    assert len(value["records"]) == 16
    assert list(value["records"][0]) == RECORDS.schema.names
    assert value["records"][0]["last_at"] == "2026-11-01T10:56:00Z"
    assert value["records"][-1]["last_at"] is None
    assert HOSTILE in {record["holder"] for record in value["records"]}


def test_json_without_network_or_records() -> None:
    value = json.loads(explanation_json(make_verdict(), None, RECORDS.empty()))
    assert value["network"] is None
    assert value["records"] == []
