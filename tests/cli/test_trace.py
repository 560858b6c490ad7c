"""``unflux trace`` from the shell: what is written where, and the exit statuses."""

import gzip
import json
from pathlib import Path

import jsonschema
import pytest
from tests.cli.conftest import Run
from tests.trace.relayed_capture import AGENT, MOTHERSHIP, relayed

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "trace-1.schema.json"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "agent.pcap.gz"
    path.write_bytes(gzip.compress(relayed().pcap()))
    return path


def test_a_pipe_gets_json_lines_that_meet_the_schema(run: Run, capture: Path) -> None:
    ran = run("trace", capture)
    assert ran.status == 0
    lines = [json.loads(line) for line in ran.out.splitlines()]
    for line in lines:
        jsonschema.validate(line, json.loads(SCHEMA.read_text()))
    assert (lines[0]["address"], lines[0]["verdict"]) == (MOTHERSHIP, "suspected")
    assert "91 flows from 1 source" in ran.err


def test_the_table_names_agents_evidence_and_what_is_missing(
    run: Run, capture: Path, tmp_path: Path
) -> None:
    out = tmp_path / "trace.txt"
    assert run("trace", capture, "--format", "table", "--out", out).status == 0
    text = out.read_text()
    for words in (MOTHERSHIP, f"{AGENT} (12 requests)", "went on with the same", "every 600 s"):
        assert words in text
    told = " ".join(text.split())
    assert "tell a controller from a device's maker" in told
    assert "One household may run a reverse proxy of its owner" in told


def test_an_accusation_can_fail_a_run(run: Run, capture: Path) -> None:
    asked = ("trace", capture, "--fail-on-flux", "--agent", AGENT)
    assert run(*asked).status == 3
    assert run(*asked, "--port", 8080).status == 0
    early = run(*asked, "--until", "2026-09-21T14:14:00Z")
    assert (early.status, early.out) == (0, "")


def test_agents_are_named_by_address_or_by_what_a_scan_wrote(run: Run, tmp_path: Path) -> None:
    capture = tmp_path / "honeypot.pcap"
    capture.write_bytes(relayed(browsed=0).pcap())
    assert run("trace", capture, "--fail-on-flux").status == 0
    assert run("trace", capture, "--fail-on-flux", "--agent", AGENT).status == 3
    plain = tmp_path / "agents.txt"
    plain.write_text(f"# known\n{AGENT}  # the honeypot\n")
    assert run("trace", capture, "--fail-on-flux", "--agents", plain).status == 3
    network = {"schema": "unflux/network/1", "agents": [{"address": AGENT}]}
    scanned = tmp_path / "networks.jsonl"
    scanned.write_text(
        json.dumps({"schema": "unflux/verdict/1"}) + "\n" + json.dumps(network) + "\n"
    )
    assert run("trace", capture, "--fail-on-flux", "--agents", scanned).status == 3


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ((), 2, "nothing to trace"),
        (("none.pcap",), 1, "no such file"),
        (("{capture}", "--agent", "host.example"), 2, "is no address"),
        (("{capture}", "--agents", "{capture}"), 1, "cannot be read"),
        (("{capture}", "--since", "2026-01-02", "--until", "2026-01-01"), 2, "is not before"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, capture: Path, arguments: tuple[str, ...], status: int, told: str
) -> None:
    ran = run("trace", *(argument.format(capture=capture) for argument in arguments))
    assert ran.status == status
    assert told in ran.err


def test_a_damaged_list_of_agents_names_its_line(run: Run, capture: Path, tmp_path: Path) -> None:
    for damaged in ("192.0.2.1\nx\x1b[2J\n", '192.0.2.1\n{"schema": "other"}\n'):
        path = tmp_path / "agents.txt"
        path.write_text(damaged)
        ran = run("trace", capture, "--agents", path)
        assert ran.status == 1
        assert "line 2" in ran.err
        assert "\x1b" not in ran.err
