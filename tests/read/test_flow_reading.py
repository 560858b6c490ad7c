"""Flows of several sources are brought together: each once, with its request."""

from pathlib import Path

import pytest
from tests.read.test_flow_logs import CONN, CONN_FIELDS, HTTP, HTTP_FIELDS, write_json, write_tsv
from tests.trace.relayed_capture import relayed

from unflux.read.flow_reading import bring_together, read_flows
from unflux.read.flow_source import FlowOptions


@pytest.mark.parametrize("form", [write_tsv, write_json])
def test_a_flow_that_two_sources_have_is_one(tmp_path: Path, form: object) -> None:
    first = write_tsv(tmp_path / "a.log", CONN_FIELDS, CONN)
    again = form(tmp_path / "b.log", CONN_FIELDS, CONN)  # type: ignore[operator]
    http = write_tsv(tmp_path / "http.log", HTTP_FIELDS, HTTP)
    reads = read_flows([str(path) for path in (first, again, http)], FlowOptions())
    flows = bring_together([found.flows for found in reads])
    assert sorted(flows["flow_id"].to_pylist()) == ["C1", "C2", "C3", "C9"]
    rows = {row["flow_id"]: row for row in flows.to_pylist()}
    assert rows["C1"]["http_target"] == "/x"


def test_what_one_source_says_twice_is_twice(tmp_path: Path) -> None:
    twice = write_tsv(tmp_path / "a.log", CONN_FIELDS, (CONN[0], CONN[0]))
    other = write_tsv(tmp_path / "b.log", CONN_FIELDS, (CONN[1],))
    reads = read_flows([str(twice), str(other)], FlowOptions())
    assert len(bring_together([found.flows for found in reads])) == 3


def test_a_capture_of_two_sensors_is_one_capture(tmp_path: Path) -> None:
    for name in ("a.pcap", "b.pcap"):
        (tmp_path / name).write_bytes(relayed(count=4, browsed=3).pcap())
    reads = list(read_flows([str(tmp_path)], FlowOptions()))
    assert [len(found.flows) for found in reads] == [18, 18]
    assert len(bring_together([found.flows for found in reads])) == 18
