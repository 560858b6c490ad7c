"""The evaluation's own part: finding record sets, taking labels off, and the page."""

import csv
import gzip
import importlib
from pathlib import Path
from types import ModuleType

import pytest
from tests.evaluate.judged_sample import judged, row


@pytest.fixture
def records() -> ModuleType:
    return importlib.import_module("labelled_records")


@pytest.fixture
def page() -> ModuleType:
    return importlib.import_module("evaluation_page")


def write_packed(path: Path, rows: list[list[str]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


HEADER = ["ts", "qname", "rrtype", "rdata", "ttl", "label", "query", "section"]
ADDRESSES = [
    ["ip", "asn_2013", "as_org_2013", "as_name_now", "as_cidr_now", "cc_now"],
    ["11.0.0.1", "AS64500", "Then", "Now", "11.0.0.0/8", "NL"],
    ["11.0.0.2", "", "", "Now", "11.0.0.0/8", "--"],
    ["11.0.0.3", "AS64501", "Gone", "", "", ""],
]


def test_labels_are_taken_off(records: ModuleType, tmp_path: Path) -> None:
    packed = write_packed(
        tmp_path / "x.csv.gz",
        [HEADER, ["1", "www.a.test", "A", "11.0.0.1", "60", "fastflux", "www.a.test", "ans"]],
    )
    records.strip_labels(packed, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().splitlines() == [
        "ts,qname,rrtype,rdata,ttl,query,section",
        "1,www.a.test,A,11.0.0.1,60,www.a.test,ans",
    ]


def test_route_tables_of_two_times(records: ModuleType, tmp_path: Path) -> None:
    packed = write_packed(tmp_path / "ip_asn.csv.gz", ADDRESSES)
    tables = records.write_route_tables(packed, tmp_path)
    assert tables["2013"].read_text().split() == [
        "ip,asn,name,country", "11.0.0.1,64500,Then,NL", "11.0.0.3,64501,Gone,",
    ]  # fmt: skip
    assert tables["now"].read_text().split() == [
        "ip,asn,name,country", "11.0.0.1,4200000000,Now,NL", "11.0.0.2,4200000000,Now,",
    ]  # fmt: skip


def test_folders_of_real_and_of_generated_records(records: ModuleType, tmp_path: Path) -> None:
    real, made, scratch = (tmp_path / name for name in ("real", "generated-7", "scratch"))
    for folder in (real, made, scratch):
        folder.mkdir()
    write_packed(real / "ip_asn.csv.gz", ADDRESSES)
    write_packed(real / "m57_2009.csv.gz", [HEADER])
    (only,) = records.find_sets(real, scratch)
    assert (only.name, only.source) == ("m57_2009.csv.gz", scratch / "m57_2009.csv")
    assert (only.labels, only.is_generated) == (real / "m57_2009.csv.gz", False)
    with pytest.raises(SystemExit, match="no labelled records"):
        records.find_sets(made, scratch)
    for name in ("records.csv.gz", "labels.csv", "asn.csv"):
        (made / name).touch()
    (lab,) = records.find_sets(made, scratch)
    assert (lab.name, lab.is_generated, lab.is_counted) == ("generated-7", True, True)


def test_the_page_pools_sets_and_keeps_them_apart(
    page: ModuleType, records: ModuleType, tmp_path: Path
) -> None:
    doc = importlib.import_module("unflux.judge.baselines.baseline").Doc(
        summary="A rule", references=("Paper.",), limitations=("Narrow.",)
    )
    results = []
    for name, is_generated, is_counted in (
        ("once.csv.gz", False, True), ("again.txt.gz", False, False), ("generated-1", True, True),
    ):  # fmt: skip
        kind = "slow-flux" if is_generated else None
        said = judged(
            row("a", "fast-flux", detector="unflux", score=0.99, source=name, kind=kind),
            row("b", "undecided", detector="unflux", score=0.5, source=name, addresses=1),
            row("c", "benign", detector="unflux", score=0.01, source=name, label="cdn"),
            row("a", "fast-flux", detector="rule", source=name, kind=kind),
            row("b", "benign", detector="rule", source=name, addresses=1),
            row("c", "fast-flux", detector="rule", source=name, label="cdn"),
        )
        path = tmp_path / name
        results.append(
            page.SetResult(
                records=records.RecordSet(
                    name=name, source=path, labels=path, routes=path, is_generated=is_generated,
                    is_counted=is_counted,
                ),
                evaluation=page.score_judged(said, labelled=4, drops={}),
                judged=said,
                cost=page.Cost(wall_s=1.0, cpu_s=0.5, peak_bytes=10**8, source_bytes=10**6),
            )
        )  # fmt: skip
    text = page.compose_page([*results, results[0]], [("rule", doc)])
    lines = text.splitlines()
    start, end = (lines.index(f"## {name} records: all together") for name in ("Real", "Generated"))
    real = lines[start:end]
    # Two sets count; the third is the same lookups once more.
    assert "6 domains were scored, of 8 with a label." in real
    ours, rule = (
        next(line for line in real if line.startswith(f"| {name} |")) for name in ("unflux", "rule")
    )
    assert "| 2 of 4: 50.0% (15.0% to 85.0%) | 0 of 2" in ours
    assert "| 0 of 2: 0.0% (0.0% to 65.8%) | not tried | none | none |" in ours
    assert "| 2 of 2: 100.0%" in rule
    assert "| fastflux | 4 | 2 | 2 | 2 | 2 |" in real  # families: a and b
    assert any(line.startswith("| fastflux | slow-flux | 1 |") for line in lines[end:])
    assert text.count("### again.txt.gz") == 1
    assert "development figures" in text
    assert "- **rule**: A rule. Paper." in text
