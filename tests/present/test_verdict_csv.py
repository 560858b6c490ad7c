"""CSV is read back by an independent reader and starts no formula."""

import csv
import io
import re

import pyarrow.csv as pa_csv
from hypothesis import given, settings
from tests.present.generated_results import (
    HOSTILE,
    check_golden,
    make_result,
    make_verdict,
    results,
)

from unflux.model.verdicts import ScanResult
from unflux.present.verdict_csv import HEADER, render

STARTS_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r]")


def _rows(result: ScanResult) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO("".join(render(result)), newline=""), strict=True)
    return list(reader)


def test_golden() -> None:
    check_golden("verdict_csv/expected.csv", "".join(render(make_result())))


def test_header_stays() -> None:
    assert next(render(make_result(verdicts=()))) == (
        "domain,verdict,kind,score,network,first_seen,last_seen,lookups,addresses,slash24,"
        "slash16,asns,countries,ns_hosts,ns_addresses,ttl_min_s,ttl_max_s,evidence,alternatives,"
        "missing\r\n"
    )


def test_unknown_is_an_empty_cell() -> None:
    row = _rows(make_result())[2]
    assert row["asns"] == row["ttl_min_s"] == row["network"] == ""
    assert row["ns_hosts"] == "0"


def test_evidence_is_text() -> None:
    row = _rows(make_result())[0]
    assert row["evidence"].startswith("prior=-6.9068; answer-asns=4.61; ")
    assert row["alternatives"] == "cdn=rejected; pool=rejected; anycast=untested"


@settings(max_examples=60, deadline=None)
@given(results)
def test_any_result_is_read_back_and_starts_no_formula(result: ScanResult) -> None:
    rows = _rows(result)
    assert len(rows) == len(result.verdicts)
    for row in rows:
        assert tuple(row) == HEADER
        for cell in row.values():
            assert not STARTS_FORMULA.match(cell)
            assert cell.isprintable()
            for part in cell.split(";"):
                assert not STARTS_FORMULA.match(part)


def test_arrow_reads_it() -> None:
    data = "".join(render(make_result())).encode()
    table = pa_csv.read_csv(io.BytesIO(data))
    assert table.column_names == list(HEADER)
    assert table["addresses"].to_pylist() == [148, 148, 6, 148]
    assert table["asns"].to_pylist() == [41, 41, None, 41]


def test_hostile_text_stays_on_its_row() -> None:
    domain = 'a"b,c\\;=cmd.example'
    result = make_result(verdicts=(make_verdict(domain=domain, missing=HOSTILE),))
    (row,) = _rows(result)
    assert row["domain"] == "a\"b,c\\;'=cmd.example"
    assert row["missing"].startswith(r"Evil\x1b[31m\x07Net\x9b2J \u202egnp")
    assert len("".join(render(result)).splitlines()) == 2
