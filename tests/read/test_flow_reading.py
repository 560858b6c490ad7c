"""Flows of several sources are brought together: each once, with its request."""

from collections.abc import Iterable
from itertools import permutations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.read.flow_sensors import write_csv, write_eve, write_zeek
from tests.read.test_flow_logs import CONN, CONN_FIELDS, HTTP, HTTP_FIELDS, write_json, write_tsv
from tests.trace.relayed_capture import AGENT, BEGIN_US, Wire, relayed

from unflux.read.flow_reading import bring_together, read_flows
from unflux.read.flow_source import FlowOptions
from unflux.read.source import Drops


@pytest.mark.parametrize("form", [write_tsv, write_json])
def test_a_flow_that_two_sources_have_is_one(tmp_path: Path, form: object) -> None:
    first = write_tsv(tmp_path / "a.log", CONN_FIELDS, CONN)
    again = form(tmp_path / "b.log", CONN_FIELDS, CONN)  # type: ignore[operator]
    http = write_tsv(tmp_path / "http.log", HTTP_FIELDS, HTTP)
    reads = read_flows([str(path) for path in (first, again, http)], FlowOptions())
    flows = bring_together(list(reads), Drops())
    assert sorted(flows["flow_id"].to_pylist()) == ["C1", "C2", "C3", "C9"]
    rows = {row["flow_id"]: row for row in flows.to_pylist()}
    assert rows["C1"]["http_target"] == "/x"


def test_what_one_source_says_twice_is_twice(tmp_path: Path) -> None:
    twice = write_tsv(tmp_path / "a.log", CONN_FIELDS, (CONN[0], CONN[0]))
    other = write_tsv(tmp_path / "b.log", CONN_FIELDS, (CONN[1],))
    reads = read_flows([str(twice), str(other)], FlowOptions())
    assert len(bring_together(list(reads), Drops())) == 3


def test_a_capture_of_two_sensors_is_one_capture(tmp_path: Path) -> None:
    for name in ("a.pcap", "b.pcap"):
        (tmp_path / name).write_bytes(relayed(count=4, browsed=3).pcap())
    reads = list(read_flows([str(tmp_path)], FlowOptions()))
    assert [len(found.flows) for found in reads] == [18, 18]
    assert len(bring_together(list(reads), Drops())) == 18


Sensors = dict[str, Path]


@pytest.fixture
def sensors(tmp_path: Path) -> Sensors:
    """Return files of several sensors that saw the same, by a short name of each."""
    capture = tmp_path / "a.pcap"
    capture.write_bytes(relayed(count=4, browsed=3).pcap())
    rows = flows_of(capture)
    conn, http = write_zeek(tmp_path, rows)
    conn_2, http_2 = write_zeek(tmp_path, rows, uid="X", late_us=400_000)
    return {
        "pcap": capture, "conn": conn, "http": http, "conn 2": conn_2, "http 2": http_2,
        "eve": write_eve(tmp_path, rows),
        "both": write_csv(tmp_path / "both.csv", rows, "up", "down"),
        "up": write_csv(tmp_path / "up.csv", rows, "up"),
        "down": write_csv(tmp_path / "down.csv", rows, "down"),
        "early": write_csv(tmp_path / "early.csv", rows[:9], "down", "up"),
        "late": write_csv(tmp_path / "late.csv", rows[9:], "up", "down"),
    }  # fmt: skip


def together(paths: Iterable[Path]) -> pa.Table:
    return bring_together(list(read_flows([str(path) for path in paths], FlowOptions())), Drops())


def flows_of(*paths: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = together(paths).sort_by("first_at").to_pylist()
    return rows


def told(rows: Iterable[dict[str, Any]], names: Iterable[str]) -> list[tuple[object, ...]]:
    return sorted((tuple(row[name] for name in names) for row in rows), key=repr)


ENDS = ("client", "client_port", "server", "server_port", "protocol")
OCTETS = ("sent_bytes", "received_bytes")


@pytest.mark.parametrize(
    "mix",
    [
        ("pcap", "conn", "http"),
        ("conn", "http", "conn 2", "http 2"),
        ("pcap", "http 2", "eve"),
        ("conn", "eve"),
        ("http", "eve"),
        ("pcap", "up", "down"),
        ("both",),
        ("up", "down"),
        ("both", "up", "down"),
        ("early", "late"),
        ("both", "early", "down"),
        ("up", "conn", "down", "http"),
    ],
)
def test_the_same_sources_in_any_order_are_the_same_flows(
    sensors: Sensors, mix: tuple[str, ...]
) -> None:
    capture = flows_of(sensors["pcap"])
    flows = together(sensors[name] for name in mix)
    for order in permutations(mix):
        assert together(sensors[name] for name in order).equals(flows), order
    assert told(flows.to_pylist(), (*ENDS, *OCTETS)) == told(capture, (*ENDS, *OCTETS))
    if {"pcap", "http", "eve"} & set(mix):
        asked = ("http_method", "http_host", "http_target", "http_status")
        assert told(flows.to_pylist(), asked) == told(capture, asked)


def test_what_a_source_does_not_know_another_tells(tmp_path: Path) -> None:
    wire = Wire()
    wire.udp(BEGIN_US, ("192.0.2.1", 5_300), (AGENT, 53), bytes(13))
    wire.udp(BEGIN_US + 900, (AGENT, 53), ("192.0.2.1", 5_300), b"\0\0\x84" + bytes(20))
    capture = tmp_path / "z.pcap"
    capture.write_bytes(wire.pcap())
    conn, _ = write_zeek(tmp_path, flows_of(capture))
    conn.write_text(conn.read_text().replace('"tcp"', '"udp"'))
    (flow,) = flows_of(conn, capture)
    assert flow["is_authoritative"] is True
    assert flow["flow_id"] == "C0"


def test_two_captures_of_one_way_each_are_both_ways(tmp_path: Path) -> None:
    wire = relayed(count=4, browsed=3)
    (tmp_path / "whole.pcap").write_bytes(wire.pcap())
    is_answer = [frame[34:36] in (b"\0\x50", b"\x01\xbb") for _, frame in wire.frames]
    for name, way in (("one.pcap", True), ("other.pcap", False)):
        frames = zip(wire.frames, is_answer, strict=True)
        part = Wire(frames=[frame for frame, answers in frames if answers is way])
        (tmp_path / name).write_bytes(part.pcap())
    whole, *parts = (tmp_path / name for name in ("whole.pcap", "one.pcap", "other.pcap"))
    names = (*ENDS, *OCTETS)
    assert told(flows_of(*parts), names) == told(flows_of(whole), names)


def test_requests_without_a_host_join_their_flows(tmp_path: Path, sensors: Sensors) -> None:
    old = tmp_path / "old"
    old.mkdir()
    _, http = write_zeek(old, flows_of(sensors["pcap"]), with_host=False)
    flows = flows_of(sensors["conn"], http)
    assert len(flows) == 18
    assert sum(row["http_method"] == "GET" for row in flows) == 15


def test_requests_alone_that_two_sensors_logged_count_once(sensors: Sensors) -> None:
    assert len(flows_of(sensors["http"], sensors["http 2"])) == len(flows_of(sensors["http"])) == 15


def test_a_request_of_eve_without_its_flow_is_counted(sensors: Sensors) -> None:
    """It is dated when it was answered: a relay's request seems to come before what it relays."""
    lines = sensors["eve"].read_text().splitlines(keepends=True)
    sensors["eve"].write_text("".join(line for line in lines if '"event_type": "http"' in line))
    drops = Drops()
    reads = list(read_flows([str(sensors["eve"])], FlowOptions()))
    assert len(bring_together(reads, drops)) == 0
    assert drops.reasons == {"request of EVE without its flow": 15}
    assert len(flows_of(sensors["conn"], sensors["eve"])) == 18


def test_a_request_of_another_flow_of_the_same_ports_stands_alone(sensors: Sensors) -> None:
    rows = flows_of(sensors["pcap"])
    later = sensors["pcap"].parent / "later"
    later.mkdir()
    _, http = write_zeek(later, rows, uid="L", late_us=7_200_000_000)
    assert len(flows_of(sensors["conn"], http)) == 18 + 15


def test_of_flows_that_follow_each_other_each_is_one(tmp_path: Path) -> None:
    again = tuple(
        f"179000000{at}.500000 C{at} 192.0.2.1 4000 198.51.100.7 80 tcp 0.2 {at} 90 SF"
        for at in (1, 2, 3)
    )
    first = write_tsv(tmp_path / "a.log", CONN_FIELDS, again)
    other = write_tsv(tmp_path / "b.log", CONN_FIELDS, tuple(r.replace(" C", " X") for r in again))
    flows = flows_of(other, first)
    assert [(row["flow_id"], row["sent_bytes"]) for row in flows] == [
        ("C1", 1), ("C2", 2), ("C3", 3),
    ]  # fmt: skip
