"""Packets of a capture become flows, whatever the packets are."""

import io
import struct
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.test_pcapng import enhanced, interface, section
from tests.read.test_tls_hello import hello
from tests.trace.relayed_capture import AGENT, BEGIN_US, Wire, relayed

from unflux.read import flow_capture
from unflux.read.flow_capture import FlowCapture
from unflux.read.flow_reading import read_flow_source
from unflux.read.flow_source import FlowOptions
from unflux.read.opening import Location
from unflux.read.source import Drops


def read(octets: bytes) -> tuple[pa.Table, Drops]:
    drops = Drops()
    batches = list(FlowCapture().read(io.BytesIO(octets), FlowOptions(), drops))
    return batches[0].flows.sort_by("first_at"), drops


def test_a_connection_is_one_flow_with_its_request_and_status() -> None:
    wire = Wire()
    wire.connect(
        BEGIN_US, ("2001:db8::1", 40_000), ("2001:db8::2", 8080),
        b"GET /a HTTP/1.1\r\nhost: b.example \r\n\r\n", b"HTTP/1.1 404 No\r\n\r\n" + bytes(3_000),
    )  # fmt: skip
    flows, drops = read(wire.pcap())
    (flow,) = flows.to_pylist()
    assert (flow["client"], flow["client_port"]) == ("2001:db8::1", 40_000)
    assert (flow["server"], flow["server_port"]) == ("2001:db8::2", 8080)
    assert (flow["sent_bytes"], flow["received_bytes"]) == (37, 3_019)
    assert (flow["http_method"], flow["http_host"], flow["http_target"]) == (
        "GET",
        "b.example",
        "/a",
    )
    assert flow["http_status"] == 404
    assert not drops.reasons


@pytest.mark.parametrize(
    ("method", "target"),
    [("CONNECT", "b.example:443"), ("OPTIONS", "*"), ("DELETE", "/a"), ("PATCH", "/a"),
     ("TRACE", "/a"), ("PUT", "/a"), ("HEAD", "/a"), ("POST", "/a")],
)  # fmt: skip
def test_requests_of_all_methods_are_read(method: str, target: str) -> None:
    wire = Wire()
    request = f"{method} {target} HTTP/1.1\r\nHost: b.example\r\n\r\n".encode()
    wire.connect(BEGIN_US, ("192.0.2.1", 4), (AGENT, 443), request, b"HTTP/1.1 200 OK\r\n\r\n")
    (flow,) = read(wire.pcap())[0].to_pylist()
    assert (flow["http_method"], flow["http_target"]) == (method, target)


def test_a_connection_of_tls_has_the_name_that_it_asks_for() -> None:
    wire = Wire()
    wire.connect(BEGIN_US, ("192.0.2.1", 4), (AGENT, 443), hello("b.example"), b"\x16\x03\x03")
    wire.connect(BEGIN_US, ("192.0.2.1", 5), (AGENT, 443), b"\x16\x03\x01" + bytes(99), b"x")
    flows, drops = read(wire.pcap())
    assert sorted(flows["server_name"].to_pylist(), key=str) == [None, "b.example"]
    assert flows["http_host"].null_count == 2
    assert not drops.reasons


def test_a_port_that_is_used_again_opens_another_flow() -> None:
    wire = Wire()
    for number in range(3):
        wire.connect(BEGIN_US + number * 1_000_000, ("192.0.2.1", 4), (AGENT, 80), b"a", b"bc")
    flows, _ = read(wire.pcap())
    assert flows["received_bytes"].to_pylist() == [2, 2, 2]
    assert flows["server"].to_pylist() == [AGENT] * 3


@pytest.mark.parametrize(("marks", "expected"), [(0x84, True), (0x80, False), (0x04, None)])
def test_an_answer_of_dns_says_whether_it_is_authoritative(
    marks: int, expected: bool | None
) -> None:
    wire = Wire()
    question, answer = bytes(12) + b"q", b"\0\0" + bytes([marks]) + bytes(20)
    wire.udp(BEGIN_US, ("192.0.2.1", 5_300), (AGENT, 53), question)
    wire.udp(BEGIN_US + 900, (AGENT, 53), ("192.0.2.1", 5_300), answer)
    flows, _ = read(wire.pcap())
    assert flows["is_authoritative"].to_pylist() == [expected]
    assert flows["server"].to_pylist() == [AGENT]


def test_packets_that_are_no_flow_are_counted() -> None:
    wire = Wire()
    wire.udp(BEGIN_US, ("192.0.2.1", 5_300), (AGENT, 53), b"x")
    frame = wire.frames[0][1]
    later = bytearray(frame)
    later[20:22] = b"\x00\x10"
    short_header = bytearray(frame)
    short_header[14] = 0x41
    for number, odd in enumerate(
        (
            bytes(later),
            frame[:36],
            bytes(short_header),
            bytes(14),
            frame[:23] + b"\x01" + frame[24:],
        )
    ):
        wire.frames.append((BEGIN_US + number, odd))
    flows, drops = read(wire.pcap())
    assert len(flows) == 1
    assert drops.reasons == {
        "later fragment of a datagram": 1,
        "packet cut short": 2,
        "neither TCP nor UDP over IP": 2,
    }


@pytest.mark.parametrize("is_compiled", [True, False])
@pytest.mark.parametrize("ticks", [0, 4_102_444_800_000_000, 1 << 62, (1 << 64) - 1])
def test_packets_of_no_time_that_can_be_are_counted(
    ticks: int, is_compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_compiled:
        monkeypatch.setattr(flow_capture, "load_kernel", lambda: None)
    wire = Wire()
    wire.udp(BEGIN_US, ("192.0.2.1", 5_300), (AGENT, 53), b"x")
    frame = wire.frames[0][1]
    octets = section() + interface() + enhanced(frame, BEGIN_US) + enhanced(frame, ticks)
    flows, drops = read(octets)
    assert len(flows) == 1
    assert drops.reasons == {("packet of 2100 or later" if ticks else "packet without a time"): 1}


def test_heads_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_capture, "MAX_HEADS", 20)
    flows, drops = read(relayed(count=12, browsed=0).pcap())
    asked = flows["http_method"].drop_null()
    assert len(asked) + len(flows["http_status"].drop_null()) <= 20
    # Of 31 connections each has a request and a status.
    assert drops.reasons == {"head of HTTP or TLS beyond the limit of two million": 42}


def test_tags_of_vlans_are_passed_over() -> None:
    wire = Wire()
    wire.udp(BEGIN_US, ("192.0.2.1", 5_300), (AGENT, 53), b"x")
    frame = wire.frames[0][1]
    tagged = frame[:12] + b"\x88\xa8\0\1\x81\0\0\2" + frame[12:]
    mpls = frame[:12] + b"\x88\x47" + struct.pack("!I", 0x0000_11FF) + frame[14:]
    wire.frames = [(BEGIN_US, tagged), (BEGIN_US + 60_000_000, mpls)]
    flows, _ = read(wire.pcap())
    assert flows["client"].to_pylist() == ["192.0.2.1"] * 2


def test_memory_is_bounded_by_flows_not_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = relayed().pcap()
    whole, _ = read(octets)
    monkeypatch.setattr(flow_capture, "CONDENSED_ROWS", 50)
    condensed, _ = read(octets)
    assert condensed.equals(whole)
    assert len(whole) == 91


def test_without_compiled_code_the_flows_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = relayed(count=3, browsed=2).pcap()
    whole, _ = read(octets)
    monkeypatch.setattr(flow_capture, "load_kernel", lambda: None)
    interpreted, _ = read(octets)
    assert interpreted.equals(whole)


FRAME = relayed(count=1, browsed=1).frames[2][1]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=80), st.integers(0, len(FRAME) * 8 - 1)), max_size=12))
def test_any_packets_give_flows_or_counted_drops(changes: list[bytes | int]) -> None:
    wire = Wire()
    for number, change in enumerate(changes):
        frame = bytearray(FRAME)
        if isinstance(change, bytes):
            frame = bytearray(change)
        else:
            frame[change // 8] ^= 1 << change % 8
        wire.frames.append((BEGIN_US + number, bytes(frame)))
    flows, drops = read(wire.pcap())
    assert len(flows) + sum(drops.reasons.values()) <= len(changes)


def test_a_capture_cut_short_keeps_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(relayed(count=2, browsed=0).pcap()[:-5])
    read_back = read_flow_source(Location(name=str(path)), FlowOptions())
    assert read_back.error is None
    assert len(read_back.flows) == 11
    assert read_back.drops.reasons == {"capture ends inside a packet": 1}
