import gzip
import json
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from tests.cli.conftest import Run
from tests.cli.sample_records import FLUX_DOMAINS, INNOCENT_DOMAINS, START_S

from unflux.judge.baselines import BASELINES

pytestmark = pytest.mark.slow

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "evaluation-1.schema.json"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    rows = [f"{domain},fastflux,double-flux,one network" for domain in FLUX_DOMAINS]
    rows += [f"{domain},benign,," for domain in INNOCENT_DOMAINS]
    rows += ["never.asked.example,fastflux,,", "..,benign,,"]
    path.write_text("domain,label,kind,family\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def figures(out: str) -> dict[str, dict[str, Any]]:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    found = [json.loads(line) for line in out.splitlines()]
    for value in found:
        validator.validate(value)
    return {value["detector"]: value for value in found}


def test_json_scores_every_detector_on_the_same_domains(
    run: Run, records: Path, routes: Path, labels: Path
) -> None:
    ran = run("evaluate", labels, records, "--asn", routes, "--checkpoints", 8)
    assert ran.status == 0, ran.err
    found = figures(ran.out)
    assert list(found) == ["unflux", "unflux-alone", *(b.NAME for b in BASELINES)]
    ours = found["unflux"]
    assert ours["domains"] == {"labelled": 9, "scored": 8, "untimed": 0}
    assert ours["label_drops"] == {"labels whose name is no domain name": 1}
    assert (ours["recall"]["flagged"]["count"], ours["recall"]["flagged"]["of"]) == (6, 6)
    assert ours["recall"]["families"]["of"] == 1
    assert ours["innocent"]["flagged"]["count"] == 0
    assert ours["innocent"]["flagged"]["of"] == 2
    assert {(g["by"], g["name"]) for g in ours["groups"]} == {
        ("label", "benign"), ("label", "fastflux"), ("kind", "double-flux"),
        ("family", "one network"),
    }  # fmt: skip
    (every, double) = ours["decision_times"]
    assert (every["kind"], double["kind"], every["domains"]) == (None, "double-flux", 6)
    # Decided long before the six hours were over, at one of the lookups every ten minutes.
    assert 0 <= every["seconds"]["median"] <= 2 * 3600
    assert every["seconds"]["median"] % 600 == 0
    assert every["lookups"]["median"] == every["seconds"]["median"] / 600 + 1
    assert every["rotations"]["median"] == pytest.approx(every["seconds"]["median"] / 180)
    assert ours["calibration"]["as_found"]["base_rate"] == 0.75
    assert found["holz"]["calibration"] is None


def test_passive_records_are_cut_at_an_age_too(run: Run, tmp_path: Path) -> None:
    """An entry of one record tells when it was answered, and not how many responses there were."""
    rng = Random(1)
    records, labels = tmp_path / "records.jsonl", tmp_path / "labels.csv"
    with records.open("w") as stream:
        for step in range(200):
            address = f"{rng.randrange(11, 200)}.{rng.randrange(256)}.{rng.randrange(256)}.7"
            first = START_S + 600 * step
            entry = {"rrname": "flux0.example.", "rrtype": "A", "rdata": address,
                     "time_first": first, "time_last": first + 1200, "count": 5}  # fmt: skip
            stream.write(json.dumps(entry) + "\n")
    labels.write_text("domain,label\nflux0.example,fastflux\n")
    ran = run("evaluate", labels, records, "--checkpoints", 4)
    assert ran.status == 0, ran.err
    (every,) = figures(ran.out)["unflux"]["decision_times"]
    assert (every["decided"], every["with_lookups"]) == (1, 0)
    assert every["lookups"] == {"median": None, "p90": None}
    # Not the whole of the records, which is 120,600 s.
    assert 0 < every["seconds"]["median"] < 60_000


def test_without_checkpoints_nothing_is_said_of_time(
    run: Run, records: Path, routes: Path, labels: Path
) -> None:
    ran = run("evaluate", labels, records, "--asn", routes, "--checkpoints", 0)
    assert {(v["domains"]["untimed"], *v["decision_times"]) for v in figures(ran.out).values()} == {
        (None,)
    }


def test_the_table_names_detectors_groups_and_calibration(
    run: Run, records: Path, routes: Path, labels: Path, tmp_path: Path
) -> None:
    out = tmp_path / "figures.txt"
    ran = run("evaluate", labels, records, "--asn", routes, "--checkpoints", 1, "--format", "table",
              "--out", out)  # fmt: skip
    assert (ran.status, ran.out) == (0, "")
    page = out.read_text(encoding="utf-8")
    for word in ("8 of 9 labelled domains", "unflux-alone", "perdisci-clusters", "6 of 6: 100.0%",
                 "precision at 1:1,000,000", "one network", "Time to decision", "Brier",
                 "skipped 1: labels whose name is no domain name"):  # fmt: skip
        assert word in page


def test_labelled_records_are_labels_and_source_at_once(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "records.csv.gz"
    path.write_bytes(
        gzip.compress(
            b"ts,qname,rrtype,rdata,ttl,label,query,section\n"
            b"1772323200,a.example,A,192.0.2.1,60,benign,a.example,ans\n"
            b"1772323200,b.example,A,192.0.2.2,60,cdn,b.example,ans\n"
        )
    )
    found = figures(run("evaluate", path, path).out)
    assert found["unflux"]["innocent"]["flagged"] == {
        "count": 0, "of": 2, "ratio": 0, "low": 0, "high": pytest.approx(0.6576, abs=1e-4),
    }  # fmt: skip
    assert found["unflux"]["recall"]["flagged"]["ratio"] is None
    assert found["unflux"]["precision"][0]["value"] is None


def test_what_cannot_be_scored_exits_one_with_one_line(
    run: Run, records: Path, labels: Path, tmp_path: Path
) -> None:
    strangers = tmp_path / "strangers.csv"
    strangers.write_text("domain,label\nstranger.example,benign\n")
    for path, says in (
        (records, "columns domain and label are needed"),
        (strangers, "none of its 1 domains had an answer"),
        (tmp_path / "none.csv", "No such file"),
    ):
        ran = run("evaluate", path, records)
        assert (ran.status, ran.out) == (1, "")
        assert says in ran.err
        assert "Traceback" not in ran.err
    assert run("evaluate", labels).status == 2  # nothing to read


def test_an_unreadable_source_is_named_and_exits_one(
    run: Run, records: Path, routes: Path, labels: Path, tmp_path: Path
) -> None:
    ran = run("evaluate", labels, records, tmp_path / "none.pcap", "--asn", routes,
              "--checkpoints", 0)  # fmt: skip
    assert ran.status == 1
    assert "none.pcap" in ran.err
    assert figures(ran.out)["unflux"]["recall"]["flagged"]["count"] == 6
