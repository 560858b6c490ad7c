"""Traced hosts on a screen and as lines: whole, and harmless whatever their holders are called."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
from rich.console import Console

from unflux.model.traces import TracedAgent, TracedHost, TraceResult
from unflux.model.verdicts import Alternative, Evidence, SourceSummary
from unflux.present.trace_lines import render
from unflux.present.trace_screen import print_trace

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "trace-1.schema.json"
AT = datetime(2026, 11, 1, tzinfo=UTC)
HOSTILE = "x\x1b[2J\u202e\ud800\n;"

HOST = TracedHost(
    address="192.0.2.80", role="mothership", verdict="undecided", score=0.5,
    agents=(TracedAgent(address="192.0.2.7", port=80, requests=4, alike=3, is_told=True),),
    ports=(80, 443), asn=64500, holder=HOSTILE, country=None, first_seen=AT, last_seen=AT,
    delay_ms=40.0, period_s=None,
    evidence=(Evidence(name="timing", value=4, llr=2.0, says="It followed.", source="test"),),
    alternatives=(Alternative(hypothesis="cdn", outcome="holds", because=HOSTILE),),
    missing="More would tell.", flows=(),
)  # fmt: skip
RESULT = TraceResult(
    hosts=(HOST, replace(HOST, verdict="innocent", address="192.0.2.81")),
    name_sources=(),
    sources=(SourceSummary(name=HOSTILE, format=None, responses=0, error=HOSTILE),),
    flow_count=10, agent_count=1, drops={"flow without ports": 2}, first_seen=AT, last_seen=AT,
)  # fmt: skip


def drawn(*, list_all: bool, result: TraceResult = RESULT) -> str:
    console = Console(width=100, color_system=None, force_terminal=False)
    with console.capture() as captured:
        print_trace(result, console, list_all=list_all)
    return captured.get()


def test_the_screen_shows_all_that_is_asked_for_and_nothing_that_steers() -> None:
    text = drawn(list_all=False)
    assert "192.0.2.81" not in text
    assert "192.0.2.81" in drawn(list_all=True)
    for words in ("192.0.2.7 (4 requests)", "+2.0", "cdn: ", "More would tell.", "skipped"):
        assert words in text
    assert not {"\x1b", "\u202e", "\ud800"} & set(text)


def test_a_relay_that_is_innocent_is_not_said_to_be_none() -> None:
    innocent = replace(RESULT, hosts=RESULT.hosts[1:])
    told = (
        "No relay to another host without an innocent explanation (--all lists those with) among 10"
    )
    assert told in drawn(list_all=False, result=innocent)
    nothing = drawn(list_all=False, result=replace(RESULT, hosts=()))
    assert "No relay to another host among 10 flows." in nothing


def test_lines_are_ascii_and_meet_the_schema() -> None:
    lines = list(render(RESULT, list_all=True))
    assert all(line.isascii() and line.count("\n") == 1 for line in lines)
    for line in lines:
        jsonschema.validate(json.loads(line), json.loads(SCHEMA.read_text()))
    assert json.loads(lines[0])["agents"][0]["is_known"] is True
