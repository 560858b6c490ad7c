"""Logs of flows: Zeek, EVE, CSV; each odd row is counted and the others are read."""

import json
from pathlib import Path

import pytest

from unflux.read.flow_reading import (
    FlowsRead,
    bring_together,
    read_flow_source,
    read_flows,
)
from unflux.read.flow_source import FlowOptions
from unflux.read.flow_sources import FLOW_SOURCES
from unflux.read.opening import Location
from unflux.read.source import Drops

CONN_FIELDS = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto duration orig_bytes resp_bytes conn_state"
)
CONN = (
    "1790000000.250000 C1 192.0.2.1 4000 198.51.100.7 80 tcp 1.500000 300 9000 SF",
    "1790000001.000000 C2 2001:db8::1 4001 2001:db8::2 53 udp 0.01 40 120 SF",
    "1790000002.000000 C3 192.0.2.1 4002 198.51.100.7 443 tcp - - - S0",
    "1790000003.000000 C4 192.0.2.1 3 198.51.100.7 0 icmp - - - OTH",
    "never C5 192.0.2.1 4002 198.51.100.7 443 tcp - - - S0",
    "1790000004.000000 C6 nowhere 4002 198.51.100.7 443 tcp - - - S0",
)
HTTP_FIELDS = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p method host uri request_body_len "
    "response_body_len status_code"
)
HTTP = (
    "1790000000.300000 C1 192.0.2.1 4000 198.51.100.7 80 GET a.example /x 0 8800 200",
    "1790000000.900000 C1 192.0.2.1 4000 198.51.100.7 80 GET a.example /y 0 100 200",
    "1790000009.900000 C9 192.0.2.9 4000 198.51.100.7 80 POST b.example /z 12 99 -",
)
DROPPED = {"neither TCP nor UDP": 1, "flow without a time": 1, "flow without addresses": 1}


def write_tsv(path: Path, fields: str, rows: tuple[str, ...]) -> Path:
    tab = "\t"
    lines = ["#separator \\x09", "#fields\t" + fields.replace(" ", tab)]
    lines += [row.replace(" ", tab) for row in rows] + ["#close\t2026"]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_json(path: Path, fields: str, rows: tuple[str, ...], *, times: int = 1) -> Path:
    objects = []
    for row in rows:
        pairs = zip(fields.split(), row.split(" "), strict=True)
        value: dict[str, object] = {}
        for key, text in pairs:
            if text != "-":
                value[key] = int(text) if text.isdigit() else text
        if isinstance(value["ts"], str) and value["ts"][0].isdigit():
            value["ts"] = float(value["ts"])
        objects.append(json.dumps(value))
    path.write_text("\n".join(objects * times) + "\n")
    return path


def read(path: Path, **options: int) -> FlowsRead:
    found = read_flow_source(Location(name=str(path)), FlowOptions(**options))
    assert found.error is None
    return found


@pytest.mark.parametrize("write", [write_tsv, write_json])
def test_conn_logs_of_both_forms_are_the_same_flows(tmp_path: Path, write: object) -> None:
    found = read(write(tmp_path / "conn.log", CONN_FIELDS, CONN))  # type: ignore[operator]
    assert found.format == "zeek flows"
    assert found.drops.reasons == DROPPED
    rows = found.flows.sort_by("first_at").to_pylist()
    assert [
        (row["client"], row["server"], row["server_port"], row["protocol"]) for row in rows
    ] == [
        ("192.0.2.1", "198.51.100.7", 80, 6),
        ("2001:db8::1", "2001:db8::2", 53, 17),
        ("192.0.2.1", "198.51.100.7", 443, 6),
    ]
    assert [(row["sent_bytes"], row["received_bytes"]) for row in rows] == [
        (300, 9000), (40, 120), (0, 0),
    ]  # fmt: skip
    assert (rows[0]["last_at"] - rows[0]["first_at"]).total_seconds() == 1.5
    assert rows[2]["last_at"] == rows[2]["first_at"]


@pytest.mark.parametrize("times", [1, 400])  # object by object, and in columns
def test_a_duration_has_all_digits_of_a_double(tmp_path: Path, times: int) -> None:
    path = tmp_path / "conn.log"
    durations = ("0.31602406501770020", "8.1062316894531e-06", "3", "1e2", "1e300", "1.5.2", '"x"')
    rows = [
        '{"ts":1790000000.25,"uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":4000,"proto":"tcp",'
        '"id.resp_h":"198.51.100.7","id.resp_p":80,"orig_bytes":77,"resp_bytes":295,'
        f'"duration":{duration},"conn_state":"SF"}}\n'
        for duration in durations
    ]
    path.write_text("".join(rows) * times)
    found = read(path)
    lasted = [
        row["last_at"] and (row["last_at"] - row["first_at"]).total_seconds()
        for row in found.flows.to_pylist()[: len(durations) - 1]
    ]
    assert lasted == [0.316024, 0.000008, 3, 100, 366 * 86_400, None]
    assert found.drops.reasons == {"flow whose end is no time": times, "not a JSON object": times}


def test_moments_may_count_milliseconds(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    row = (
        '{"ts":1764000000123,"uid":"C1","id.orig_h":"192.0.2.7","id.orig_p":40000,'
        '"id.resp_h":"198.51.100.9","id.resp_p":80,"proto":"tcp","duration":1.5,"conn_state":"SF"}\n'
    )
    path.write_text(row)
    (flow,) = read(path).flows.to_pylist()
    assert flow["first_at"].isoformat() == "2025-11-24T16:00:00.123000+00:00"
    assert flow["last_at"].isoformat() == "2025-11-24T16:00:01.623000+00:00"


def test_a_long_log_is_read_in_columns(tmp_path: Path) -> None:
    path = write_json(tmp_path / "conn.log", CONN_FIELDS, CONN, times=400)
    with path.open("a") as file:
        file.write("[1]\nnot json\n")
    found = read(path, workers=2)
    assert len(found.flows) == 1_200
    assert found.drops.reasons == {
        "not a JSON object": 2, **dict.fromkeys(DROPPED, 400),
    }  # fmt: skip


def test_requests_join_the_flows_of_their_id(tmp_path: Path) -> None:
    conn = write_tsv(tmp_path / "conn.log", CONN_FIELDS, CONN)
    http = write_tsv(tmp_path / "http.log", HTTP_FIELDS, HTTP)
    flows = bring_together(list(read_flows([str(conn), str(http)], FlowOptions())), Drops())
    rows = {row["flow_id"]: row for row in flows.to_pylist()}
    assert rows.keys() == {"C1", "C2", "C3", "C9"}
    assert rows["C1"]["http_target"] == "/x"
    assert rows["C1"]["received_bytes"] == 9000
    assert rows["C9"]["http_method"] == "POST"
    assert rows["C9"]["last_at"] is None
    assert rows["C9"]["http_status"] is None


@pytest.mark.parametrize("write", [write_tsv, write_json])
def test_names_of_tls_join_the_flows_of_their_id(tmp_path: Path, write: object) -> None:
    fields = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p version cipher server_name"
    rows = (
        "1790000002.100000 C3 192.0.2.1 4002 198.51.100.7 443 TLSv13 AES b.example",
        "1790000002.100000 C1 192.0.2.1 4000 198.51.100.7 80 TLSv13 AES -",
    )
    conn = write(tmp_path / "conn.log", CONN_FIELDS, CONN)  # type: ignore[operator]
    names = write(tmp_path / "ssl.log", fields, rows)  # type: ignore[operator]
    reads = list(read_flows([str(conn), str(names)], FlowOptions()))
    assert [found.error for found in reads] == [None, None]
    flows = bring_together(reads, Drops())
    asked = {row["flow_id"]: row["server_name"] for row in flows.to_pylist()}
    assert asked == {"C1": None, "C2": None, "C3": "b.example"}
    assert len(flows) == 3


def test_eve_counts_frames_and_this_payload(tmp_path: Path) -> None:
    ends = {"src_ip": "192.0.2.1", "src_port": 4000, "dest_ip": "198.51.100.7", "dest_port": 80}
    flow = {
        "pkts_toserver": 6, "pkts_toclient": 9, "bytes_toserver": 300 + 6 * 66,
        "bytes_toclient": 9_000 + 9 * 66, "start": "2026-09-21T14:13:20.250000+0200",
        "end": "2026-09-21T14:13:21.750000+0200",
    }  # fmt: skip
    http = {
        "hostname": "a.example",
        "url": "/x",
        "http_method": "GET",
        "status": 200,
        "length": 8_800,
    }
    events = [
        {"event_type": "flow", "timestamp": "2026-09-21T14:14:20.0+0200", "flow_id": 7, **ends,
         "proto": "TCP", "flow": flow},
        {"event_type": "http", "timestamp": "2026-09-21T14:13:20.3+0200", "flow_id": 7, **ends,
         "proto": "TCP", "http": http},
        {"event_type": "tls", "timestamp": "2026-09-21T14:13:20.3+0200", "flow_id": 7, **ends,
         "proto": "TCP", "tls": {"version": "TLS 1.3", "sni": "b.example"}},
        {"event_type": "tls", "timestamp": "2026-09-21T14:13:20.3+0200", "flow_id": 7, **ends,
         "proto": "TCP", "tls": {"version": "TLS 1.3"}},
        {"event_type": "dns", "timestamp": "2026-09-21T14:13:20.3+0200", **ends, "proto": "UDP"},
    ]  # fmt: skip
    path = tmp_path / "eve.json"
    for times in (1, 100):  # event by event, and in columns
        path.write_text("".join(json.dumps(event) + "\n" for event in events * times))
        found = read(path)
        assert found.format == "eve flows"
        assert not found.drops.reasons
        assert len(found.flows) == 3 * times
        flows = bring_together([found], Drops())
        assert len(flows) == times
        row = flows.to_pylist()[-1]
        assert (row["sent_bytes"], row["received_bytes"]) == (300, 9_000)
        assert row["first_at"].isoformat() == "2026-09-21T12:13:20.250000+00:00"
        assert row["http_host"] == "a.example"


def test_eve_may_begin_with_events_of_no_flow(tmp_path: Path) -> None:
    counts = {f"counter{number}": number for number in range(600)}
    stats = {"timestamp": "2026-09-21T14:13:20.3+0200", "event_type": "stats", "stats": counts}
    flow = {
        "timestamp": "2026-09-21T14:13:20.3+0200", "event_type": "flow", "flow_id": 7,
        "src_ip": "192.0.2.1", "src_port": 4000, "dest_ip": "198.51.100.7", "dest_port": 80,
        "proto": "TCP", "flow": {"start": "2026-09-21T14:13:20.25+0200"},
    }  # fmt: skip
    path = tmp_path / "eve.json"
    path.write_text("".join(json.dumps(event) + "\n" for event in (*[stats] * 9, flow)))
    assert path.stat().st_size > 1 << 16
    found = read(path)
    assert found.format == "eve flows"
    assert len(found.flows) == 1


def test_a_table_of_flows_is_read_by_its_names(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text(
        "first_at;last_at;client;client_port;server;server_port;protocol;sent_bytes;received_bytes\n"
        "2026-09-21T14:13:20Z;;192.0.2.1;1;192.0.2.2;80;TCP;10;20\n"
        "2026-02-31T14:13:20Z;;192.0.2.1;1;192.0.2.2;80;TCP;10;20\n"
        "2026-09-21T14:13:20Z;;192.0.2.1;70000;192.0.2.2;80;TCP;10;20\n"
        "too;few\n"
    )
    found = read(path)
    assert found.flows["received_bytes"].to_pylist() == [20]
    assert found.drops.reasons == {
        "flow without a time": 1, "flow without ports": 1, "wrong number of fields": 1,
    }  # fmt: skip


@pytest.mark.parametrize("head", [b"qname,rrtype,rdata\na,A,1\n", b"{}\n", b"#fields\tts\tquery\n"])
def test_other_sources_are_not_taken_for_flows(head: bytes) -> None:
    assert not any(source.recognises(head) for source in FLOW_SOURCES)


def test_what_is_no_flow_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("hello\n")
    found = read_flow_source(Location(name=str(path)), FlowOptions())
    assert found.error is not None
    assert found.error.startswith(f"{path}: not a format of flows")


def test_every_format_says_what_it_is_and_is_not() -> None:
    for source in FLOW_SOURCES:
        assert source.DOC.summary
        assert source.DOC.references
        assert source.DOC.limitations
