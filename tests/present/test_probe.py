"""Results of a probe hold their schema, whatever a host answered, and disturb no terminal."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from unflux.model.probes import Delays, ProbeResult, Uptime
from unflux.model.verdicts import Alternative, Evidence
from unflux.present.probe_lines import render_probe
from unflux.present.probe_table import print_probe

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schemas" / "probe-1.schema.json").read_text()
)
HOSTILE = 'nginx"\x1b[31m\n<script>\udc80\u202e'


def result(outcome: str, said: str) -> ProbeResult:
    delays = Delays(count=3, least_s=0.02, median_s=0.03, mean_s=0.03, spread_s=0.01)
    nothing = Delays(count=0, least_s=None, median_s=None, mean_s=None, spread_s=None)
    return ProbeResult(
        address="192.0.2.1", name="www.bad.example", at=datetime(2026, 11, 28, tzinfo=UTC),
        outcome=outcome, score=0.97, open_ports=("tcp/80", "udp/53"), requests=9,  # type: ignore[arg-type]
        delays={"connect": delays, "document": nothing},
        uptime=None if outcome == "silent" else Uptime(
            looks=4, answered=3, days=2.5, last_answered_at=datetime(2026, 11, 27, tzinfo=UTC)
        ),
        evidence=(Evidence(name="two-servers", value=said, llr=0.8, says=said, source="x"),),
        alternatives=(Alternative(hypothesis="web-server", outcome="rejected", because=said),),
        missing=said if outcome == "undecided" else None,
    )  # fmt: skip


@pytest.mark.parametrize("outcome", ["agent", "server", "cache", "silent", "undecided"])
def test_lines_hold_the_schema(outcome: str) -> None:
    line = render_probe(result(outcome, HOSTILE))
    assert line.isascii()
    assert line.count("\n") == 1
    jsonschema.validate(json.loads(line), SCHEMA)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_table_says_why_and_shows_no_control(width: int) -> None:
    drawn = StringIO()
    console = Console(file=drawn, width=width, color_system=None)
    print_probe([result("agent", HOSTILE), result("silent", HOSTILE)], console)
    text = drawn.getvalue()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "1 agent, 1 silent; 18 requests sent" in text


def test_nothing_looked_at_is_one_line() -> None:
    drawn = StringIO()
    print_probe([], Console(file=drawn, width=80, color_system=None))
    assert drawn.getvalue().split("\n") == ["", "  No address was looked at.", ""]
