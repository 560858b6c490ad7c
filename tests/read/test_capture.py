"""Captures from end to end: made ones, golden ones, and every one of the corpus."""

import csv
import gzip
import io
import json
import lzma
import struct
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import (
    CLIENT,
    MOMENT_US,
    Trickle,
    ethernet,
    framed,
    ipv4,
    make_query,
    make_response,
    pcap,
    read_all,
    tcp,
    udp,
)
from tests.read.test_golden import read_document

from unflux.model.errors import UnreadableSourceError
from unflux.read import batching, capture, dnstap
from unflux.read.capture import Capture
from unflux.read.dnstap import Dnstap
from unflux.read.link_layer import QUIET_ETHERTYPES, TOO_MANY_TAGS, UNREAD, UNSUPPORTED
from unflux.read.message import DAMAGED, NOT_ASKED, Undecoded
from unflux.read.pcap import CUT_SHORT, IMPOSSIBLE_LENGTH
from unflux.read.rollup import roll_up
from unflux.read.source import Drops, Options
from unflux.read.tcp_stream import CUT_BY_GAP, GAP, UNFINISHED

GOLDEN = Path(__file__).parents[1] / "golden/read"
CORPUS = Path(__file__).parents[2] / "../shared/corpus"


@pytest.mark.parametrize(
    "name", ["capture/input.pcap", "capture/input.pcapng", "dnstap/input.fstrm"]
)
def test_golden(name: str) -> None:
    path = GOLDEN / name
    expected = path.with_name(path.name.replace("input.", "expected.", 1) + ".expected")
    octets = path.read_bytes()
    reader = Capture() if Capture().recognises(octets) else Dnstap()
    read_interpreted = {"capture": capture, "dnstap": dnstap}[reader.NAME].read_interpreted
    assert read_document(octets, read_interpreted) == json.loads(expected.read_text())
    read_all(reader, octets)  # the compiled decoder agrees


def test_responses_alone_and_with_their_queries() -> None:
    response = ethernet(ipv4(udp(make_response())))
    query = ethernet(ipv4(udp(make_query(), 40000, 53), source=CLIENT))
    (row,), drops = read_all(Capture(), pcap(response))
    assert (row["query"], row["client"], row["sensor"]) == ("a.example", CLIENT, None)
    assert row["ts"].timestamp() == pytest.approx(MOMENT_US / 1e6, abs=1e-6)
    rows, both = read_all(Capture(), pcap(query, response))
    assert rows == [row]
    assert (drops.query_count, both.query_count) == (0, 1)
    assert dict(drops.reasons) == dict(both.reasons) == {}


def test_span() -> None:
    data = pcap(*[ethernet(ipv4(udp(make_response())))] * 4, step_us=10)
    options = Options(since_us=MOMENT_US + 10, until_us=MOMENT_US + 30)
    rows, drops = read_all(Capture(), data, options)
    assert len(rows) == 2
    assert dict(drops.reasons) == {NOT_ASKED: 2}


def test_stream_that_gives_little_and_cannot_be_sought() -> None:
    data = pcap(*[ethernet(ipv4(udp(make_response())))] * 3)
    drops = Drops()
    batches = list(capture.read_interpreted(cast(BinaryIO, Trickle(data)), Options(), drops))
    assert [batch.responses.num_rows for batch in batches] == [3]
    (rollup,) = Capture().read(cast(BinaryIO, Trickle(data)), Options(), Drops())
    assert rollup == roll_up(batches[0])


def test_full_batches_are_given_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BATCH_RECORDS", 4)
    segments = [tcp(b"", 0, 2), tcp(framed(make_response()), 9)]
    packets = [ipv4(udp(make_response()))] * 4 + [ipv4(segment, 6) for segment in segments]
    drops = Drops()
    data = pcap(*packets, link_type=101)
    batches = list(capture.read_interpreted(io.BytesIO(data), Options(), drops))
    assert [batch.responses.num_rows for batch in batches] == [2, 2, 1]
    assert batches[0].records["response"].to_pylist() == [0, 1]
    assert drops.response_count == 5


def test_other_files_are_refused() -> None:
    for data in (b"", b"ts,qname,rrtype,rdata,ttl\n", b"\0" * 100):
        assert not Capture().recognises(data)
        for read in (Capture().read, capture.read_interpreted):
            with pytest.raises(UnreadableSourceError):
                list(read(io.BytesIO(data), Options(), Drops()))


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(24, 2000), st.integers(0, 255)), max_size=6))
def test_damaged_captures(changes: list[tuple[int, int]]) -> None:
    for name in ("input.pcap", "input.pcapng"):
        data = bytearray((GOLDEN / "capture" / name).read_bytes())
        for at, value in changes:
            data[at % len(data) if at % len(data) >= 12 else 12] = value
        try:
            rows, drops = read_all(Capture(), bytes(data))
        except UnreadableSourceError:
            assert not Capture().recognises(bytes(data))
        else:
            assert len(rows) == drops.response_count


# --- the corpus -------------------------------------------------------------------------------

NOT_QUERY: dict[str, int] = {Undecoded.OPCODE: 1}
PCAPPP = "PcapPlusPlus__Tests__"
PACKETS = f"{PCAPPP}Packet++Test__PacketExamples__"
FUZZED = f"{PCAPPP}Fuzzers__RegressionTests__regression_samples__clusterfuzz-testcase-"
DNSCAP = "dnscap__src__test__"
COLLECTOR = "DNS-collector__tests__testsdata__pcap__dnsdump_"
ZEEK = "zeek__testing__btest__Traces__"

EXPLAINED: dict[str, tuple[int, str]] = {
    # file: (our responses less those that tshark counted over UDP, why)
    f"{DNSCAP}dns.pcap.xz": (41, "tshark cannot open xz; its gz and zst twins have 41"),
    f"{DNSCAP}dnso1tcp.pcap": (41, "TCP; tshark finds the same 41"),
    f"{DNSCAP}dnso1tcp-bighole.pcap": (38, "TCP; tshark finds the same 38 around the gaps"),
    f"{DNSCAP}dnso1tcp-midmiss.pcap": (3, "TCP; tshark finds the same 3 around the gaps"),
    f"{DNSCAP}dnsotcp-many1pkt.pcap": (1, "TCP"),
    f"{COLLECTOR}tcp.pcap": (5, "TCP"),
    f"{COLLECTOR}tcp_fastopen.pcap": (4, "TCP"),
    f"{COLLECTOR}udp+tcp.pcap": (1, "one of two is over TCP"),
    f"{COLLECTOR}udp_truncated+tcp_fragmented.pcap": (1, "one of two is over TCP"),
    f"{PACKETS}dns_over_tcp.pcapng": (3, "TCP"),
    "tcpdump__tests__dns_tcp.pcap": (1, "TCP"),
    "tcpdump__tests__dns_tcp_8053.pcap": (1, "TCP"),
    f"{ZEEK}dns-edns-cookie.pcap": (2, "TCP"),
    f"{ZEEK}dns__tkey.pcap": (1, "TCP"),
    f"{FUZZED}FuzzTarget-5188876846235648": (-1, "opcode other than QUERY"),
    f"{FUZZED}minimized-FuzzTarget-5654053026791424": (-1, "opcode other than QUERY"),
    "tcpdump__tests__dns-badlabel.pcap": (-1, "opcode other than QUERY"),
    "tcpdump__tests__dns_fwdptr.pcap": (-1, "opcode other than QUERY"),
    f"{ZEEK}dns__dns_notify2.pcap": (-1, "one of two is a NOTIFY"),
    f"{ZEEK}dns__dynamic-update.pcap": (-2, "both are UPDATE"),
    f"{PACKETS}dns_stack_overflow.pcap": (-1, "question whose name never ends"),
    f"{ZEEK}dns-edns-ecs-bad.pcap": (-4, "class 0"),
    f"{PACKETS}SomeIpSd.pcapng": (-2, "multicast DNS, on port 5353"),
    f"{ZEEK}communityid__icmp6.pcap": (-1, "quoted in an ICMP error: sent, never received"),
    f"{ZEEK}radiotap.pcap": (-1, "wireless LAN is not supported"),
    f"{ZEEK}wlanmon.pcap": (-1, "wireless LAN is not supported"),
}

EXPLAINED_ADDRESSES: dict[str, tuple[int, str]] = {
    # file: (our responses with an address less tshark's over UDP, why), where not as above
    f"{ZEEK}dns__dns-edns-bad-length.pcap": (1, "tshark stops at the OPT; an A record follows"),
}

EXPECTED_DROPS: dict[str, dict[str, int]] = {
    f"{DNSCAP}dnso1tcp-bighole.pcap": {GAP: 2},
    f"{DNSCAP}dnso1tcp-midmiss.pcap": {GAP: 2},
    "tcpdump__tests__dns-badlabel.pcap": NOT_QUERY,
    f"{ZEEK}dns__dns_notify2.pcap": NOT_QUERY,
    f"{ZEEK}dns__dynamic-update.pcap": {Undecoded.OPCODE: 2},
    f"{PACKETS}dns_stack_overflow.pcap": {Undecoded.QUESTION: 1},
    f"{ZEEK}dns-edns-ecs-bad.pcap": {Undecoded.CLASS: 4},
    f"{ZEEK}wlanmon.pcap": {UNSUPPORTED: 3},
    f"{ZEEK}tunnels__geneve-vxlan-dns-truncated.pcap": {DAMAGED: 1},
}


def corpus() -> list[dict[str, str]]:
    if not CORPUS.is_dir():
        return []
    with (CORPUS / "INDEX.csv").open(newline="") as file:
        return list(csv.DictReader(file))


INDEX = corpus()


def decompress(entry: dict[str, str]) -> bytes:
    data = (CORPUS / "captures" / entry["file"]).read_bytes()
    match entry["comp"]:
        case "gz":
            return gzip.decompress(data)
        case "xz":
            return lzma.decompress(data)
        case "zst":
            return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
    return data


def read_entry(entry: dict[str, str]) -> tuple[list[dict[str, Any]], Drops]:
    ports = {53, 8053} if "8053" in entry["file"] else {53}
    return read_all(Capture(), decompress(entry), Options(ports=frozenset(ports)))


@pytest.mark.skipif(not INDEX, reason="../shared/corpus is absent")
def test_corpus() -> None:
    unexplained = {}
    for entry in INDEX:
        data = decompress(entry)
        assert Capture().recognises(data[: 1 << 16]), entry["file"]
        rows, drops = read_entry(entry)
        difference = len(rows) - int(entry["dns_responses_udp"])
        if difference != EXPLAINED.get(entry["file"], (0, ""))[0]:
            unexplained[entry["file"]] = (difference, dict(drops.reasons))
        expected = EXPECTED_DROPS.get(entry["file"])
        assert expected is None or dict(drops.reasons) == expected, entry["file"]
        for row in rows:
            assert row["ts"] is not None or "pcapng" in entry["kind"]
    assert unexplained == {}
    assert set(EXPLAINED) <= {entry["file"] for entry in INDEX}


@pytest.mark.skipif(not INDEX, reason="../shared/corpus is absent")
def test_corpus_addresses_and_names() -> None:
    unexplained = {}
    for entry in INDEX:
        if entry["file"] in EXPLAINED:
            continue
        rows, _ = read_entry(entry)
        with_address = sum(
            any(rrtype in ("A", "AAAA") for _, rrtype, *_ in row["records"]) for row in rows
        )
        difference = with_address - int(entry["with_addr"])
        if difference != EXPLAINED_ADDRESSES.get(entry["file"], (0, ""))[0]:
            unexplained[entry["file"]] = difference
        if rows and entry["t0"]:
            first = min(row["ts"].timestamp() for row in rows)
            assert first == pytest.approx(float(entry["t0"]), abs=1e-5), entry["file"]
    assert unexplained == {}


@pytest.mark.skipif(not INDEX, reason="../shared/corpus is absent")
def test_corpus_cut_short_and_damaged() -> None:
    """Every capture with DNS in it, cut in the middle and with its middle overwritten."""
    for entry in INDEX:
        data = decompress(entry)
        if int(entry["size"]) > 40_000:
            continue
        middle = max(len(data) // 2, 24)
        for damaged in (data[:middle], data[:middle] + b"\xff" * 16 + data[middle + 16 :]):
            if Capture().recognises(damaged):
                rows, drops = read_all(Capture(), damaged)
                assert len(rows) == drops.response_count


def test_counts_name_what_was_lost() -> None:
    half = framed(make_response())[:20]
    stream = [tcp(b"", 0, 2), tcp(half, 1), tcp(b"x", 90), tcp(b"", 1000, 2), tcp(half, 1001)]
    data = pcap(*[ipv4(segment, 6) for segment in stream], link_type=101)
    rows, drops = read_all(Capture(), data + struct.pack("<IIII", 0, 0, 2**30, 0))
    assert rows == []
    assert dict(drops.reasons) == {GAP: 1, CUT_BY_GAP: 1, UNFINISHED: 1, IMPOSSIBLE_LENGTH: 1}
    assert read_all(Capture(), data + b"\0")[1].reasons[CUT_SHORT] == 1


def test_frames_that_may_carry_dns_are_read_or_counted() -> None:
    packet = ipv4(udp(make_response()))
    labels = b"\0\x01\x01\x40"
    vxlan = ipv4(udp(b"\x08" + bytes(7) + ethernet(packet), 40000, 8472))
    read = [
        ethernet(labels + bytes(4) + ethernet(packet), 0x8847),
        ethernet(bytes(4) + ethernet(packet), 0x88E7),
        ethernet(vxlan),
        ethernet(ipv4(b"\x10\0\x22\xeb" + bytes(16) + ethernet(packet), 47)),
    ]
    quiet = [ethernet(bytes(46), kind) for kind in QUIET_ETHERTYPES]
    quiet.append(ethernet(b"\x42\x42\x03" + bytes(43), 38))
    unread = [
        ethernet(b"\x11\0\0\x01\0\x05\0\x3d\xc0" + bytes(3) + b"\0\x21" + packet, 0x8864),
        ethernet(packet, 0x88E5),
        ethernet(packet, 0x0601),
    ]
    tagged = [ethernet(b"\0\x01\x81\0" * 7 + b"\0\x01\x08\x06arp", 0x8100)]
    rows, drops = read_all(Capture(), pcap(*read, *quiet, *unread, *tagged))
    assert len(rows) == len(read)
    assert drops.reasons == {UNREAD: len(unread), TOO_MANY_TAGS: 1}
