"""The evaluation's own arithmetic: labels, intervals, tallies and the page."""

import csv
import gzip
import importlib
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("labelled_records")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("evaluation_page")


def write_packed(path: Path, rows: list[list[str]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_labels_are_taken_off_and_kept_apart(records: ModuleType, tmp_path: Path) -> None:
    header = ["ts", "qname", "rrtype", "rdata", "ttl", "label", "query", "section"]
    packed = write_packed(
        tmp_path / "x.csv.gz",
        [
            header,
            *(["1", "www.a.test", "A", f"11.0.0.{n}", "60", "fastflux", "www.a.test", "ans"]
              for n in range(5)),
            ["2", "b.a.test", "A", "11.0.0.9", "60", "malicious", "b.a.test", "ans"],
            ["3", "c.test", "A", "11.0.0.1", "60", "benign", "c.test", "ans"],
            ["3", "ns.d.test", "A", "11.0.0.1", "60", "malicious", "c.test", "add"],
            ["4", "e.test", "A", "", "", "unknown", "e.test", "NXDOMAIN"],
        ],
    )  # fmt: skip
    labels = records.strip_labels(packed, tmp_path / "x.csv")
    assert labels.label == {"a.test": "fastflux", "c.test": "benign"}
    assert labels.members("fastflux", is_wide=True) == ["a.test"]
    assert labels.members("benign", is_wide=True) == []
    text = (tmp_path / "x.csv").read_text()
    assert "fastflux" not in text
    assert text.splitlines()[0] == "ts,qname,rrtype,rdata,ttl,query,section"
    assert len(text.splitlines()) == 10


def test_route_tables_of_two_times(records: ModuleType, tmp_path: Path) -> None:
    packed = write_packed(
        tmp_path / "ip_asn.csv.gz",
        [
            ["ip", "asn_2013", "as_org_2013", "as_name_now", "as_cidr_now", "cc_now"],
            ["11.0.0.1", "AS64500", "Then", "Now", "11.0.0.0/8", "NL"],
            ["11.0.0.2", "", "", "Now", "11.0.0.0/8", "--"],
            ["11.0.0.3", "AS64501", "Gone", "", "", ""],
        ],
    )
    tables = records.write_route_tables(packed, tmp_path)
    assert tables["2013"].read_text().split() == [
        "ip,asn,name,country", "11.0.0.1,64500,Then,NL", "11.0.0.3,64501,Gone,",
    ]  # fmt: skip
    assert tables["now"].read_text().split() == [
        "ip,asn,name,country", "11.0.0.1,4200000000,Now,NL", "11.0.0.2,4200000000,Now,",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "count", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),  # Wilson's worked forms: z²/(n+z²) for no case
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (0, 0, 0.0, 1.0),
    ],
)
def test_intervals(page: ModuleType, found: int, count: int, low: float, high: float) -> None:
    assert page.wilson(found, count) == pytest.approx((low, high), abs=1e-4)


def test_the_page_counts_domains_by_label(page: ModuleType, records: ModuleType) -> None:
    labels = records.Labels(
        label={"a.test": "fastflux", "b.test": "fastflux", "c.test": "benign", "d.test": "cdn"},
        wide=frozenset({"a.test", "d.test"}),
    )
    said = {
        "unflux": {"a.test": "fast-flux", "b.test": "undecided", "c.test": "benign"},
        "rule": {"a.test": "fast-flux", "b.test": "benign", "d.test": "fast-flux"},
    }
    cost = page.Cost(wall_s=1.0, cpu_s=0.5, peak_bytes=10**8, source_bytes=10**6)
    doc = importlib.import_module("unflux.judge.baselines.baseline").Doc(
        summary="A rule", references=("Paper.",), limitations=("Narrow.",)
    )
    scores = [
        page.FileScore(
            name=name,
            labels=labels,
            said=said,
            cost=cost,
            networks=Counter({"n": 1}),
            alone=frozenset({"a.test"}),
            is_counted=is_counted,
        )
        for name, is_counted in (("once.csv.gz", True), ("again.txt.gz", False))
    ]
    text = page.compose_page(scores, [("rule", doc)])
    lines = text.splitlines()
    (ours,) = [line for line in lines if line.startswith("| unflux |") and "to" in line]
    assert "| 1 of 2: 50.0% (9.5% to 90.5%) | 1 of 1: 100.0%" in ours
    assert "| 0 of 2: 0.0%" in ours
    (rule,) = [line for line in lines if line.startswith("| rule |") and "to" in line]
    assert "| 1 of 2: 50.0% (9.5% to 90.5%) | none | none |" in rule
    assert "| fastflux | 2 | 1 | 1 | 0 | 0 |" in lines
    assert "| cdn | 1 | 0 | 0 | 0 | 1 |" in lines  # not listed is told, never taken for benign
    assert text.count("### again.txt.gz") == 1
    assert "development figures" in text
