"""``unflux evaluate`` of addresses: the files of a testbed, the lines of trace and scan."""

import gzip
import io
import json
import sys
from pathlib import Path

import jsonschema
import pytest
from tests.cli.conftest import Run

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "address-evaluation-1.schema.json"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "motherships.csv"
    path.write_text(
        "network,address,role,ports\nsingle,192.0.2.1,mothership,80\n"
        "\x1b[31m,192.0.2.2,controller,80\n"
    )
    return path


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "traced.jsonl"
    told = [("192.0.2.1", "mothership", "accused"), ("203.0.113.7", "controller", "accused")]
    path.write_text(
        "".join(
            json.dumps({"schema": "unflux/trace/1", "address": a, "role": r, "verdict": v}) + "\n"
            for a, r, v in told
        )
        + "no line of ours\n"
    )
    return path


def test_the_line_is_as_declared(run: Run, labels: Path, lines: Path) -> None:
    ran = run("evaluate", labels, lines)
    assert ran.status == 0, ran.err
    found = json.loads(ran.out)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(found)
    assert found == {
        "schema": "unflux/address-evaluation/1",
        "evaluated": "behind",
        "accused": {"count": 1, "of": 2, "ratio": 0.5, "low": 0.09453120573, "high": 0.9054687943},
        "right_role": {"count": 1, "of": 1, "ratio": 1.0, "low": 0.2065493144, "high": 1.0},
        "suspected": 0,
        "undecided": 0,
        "strangers": ["203.0.113.7"],
        "is_first": True,
        "firsts": ["own-role"],
        "groups": [
            {"network": "\x1b[31m", "role": "controller",
             "accused": {"count": 0, "of": 1, "ratio": 0.0, "low": 0.0, "high": 0.7934506856},
             "right_role": {"count": 0, "of": 0, "ratio": None, "low": 0.0, "high": 1.0}},
            {"network": "single", "role": "mothership",
             "accused": {"count": 1, "of": 1, "ratio": 1.0, "low": 0.2065493144, "high": 1.0},
             "right_role": {"count": 1, "of": 1, "ratio": 1.0, "low": 0.2065493144, "high": 1.0}},
        ],
        "drops": {"lines that are none of unflux trace or scan": 1},
    }  # fmt: skip


def test_the_table_says_the_same(run: Run, labels: Path, lines: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures.txt"
    ran = run("evaluate", labels, lines, "--format", "table", "--out", out)
    assert (ran.status, ran.out) == (0, "")
    page = out.read_text()
    for words in ("accused: 1 of 2: 50.0%", "in their own role: 1 of 1", "is one of them",
                  "accused without a label: 1", "203.0.113.7", "single", "skipped 1"):  # fmt: skip
        assert words in page
    assert "\x1b" not in page
    other = tmp_path / "other.jsonl"
    other.write_text(lines.read_text().replace('"mothership"', '"chained-proxy"'))
    ran = run("evaluate", labels, other, lines, "--format", "table", "--out", out)
    assert "who stands first is one of them, in another role; is one of them" in out.read_text()


def test_lines_may_be_compressed(run: Run, labels: Path, lines: Path, tmp_path: Path) -> None:
    packed = tmp_path / "traced.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    assert run("evaluate", labels, packed).out == run("evaluate", labels, lines).out


def test_lines_may_come_through_a_pipe(
    run: Run, labels: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped = io.TextIOWrapper(io.BytesIO(lines.read_bytes()))
    monkeypatch.setattr(sys, "stdin", piped)
    assert run("evaluate", labels, "-").out == run("evaluate", labels, lines).out
    assert not piped.buffer.closed


def test_what_cannot_be_scored_is_told(run: Run, labels: Path, lines: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(b"\x1f\x8bnot gzip")
    for options, status, says in (
        ((labels,), 2, "nothing to evaluate"),
        ((labels, tmp_path / "none"), 1, "cannot be read"),
        ((labels, tmp_path), 1, "cannot be read"),
        ((labels, lines, labels), 1, f"{labels}: no line of unflux trace"),
        ((labels, lines, broken), 1, "cannot be read (it is damaged)"),
        ((labels, lines, "--asn", lines), 2, "is of addresses; of records alone are --asn"),
        ((labels, lines, "--checkpoints", 3), 2, "of records alone are --checkpoints"),
        ((labels, lines, "--engine", "local[2]"), 2, "of records alone are --engine"),
        ((labels, "-", "-"), 2, "standard input (-) is named twice"),
    ):
        ran = run("evaluate", *options)
        assert (ran.status, ran.out) == (status, "")
        assert says in ran.err and "Traceback" not in ran.err
