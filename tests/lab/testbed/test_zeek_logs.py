"""Hostile octets in a capture stay within their field, and nothing makes the logs fail."""

import struct
import tempfile
from pathlib import Path

import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.lab.testbed.connections import assemble
from unflux.lab.testbed.http_exchanges import read_exchanges
from unflux.lab.testbed.packets import ACK, FIN, RST, SYN, Packet, read_packets
from unflux.lab.testbed.zeek_logs import write_logs


def packet(
    payload: bytes, *, is_back: bool = False, flags: int = 0, sequence: int = 0, port: int = 80,
    ts_us: int = 1_000_000,
) -> Packet:  # fmt: skip
    client, server = ("10.0.0.1", 4000), ("10.0.0.2", port)
    (source, source_port), (target, target_port) = (server, client) if is_back else (client, server)
    return Packet(
        ts_us=ts_us, protocol="tcp" if flags else "udp", source=source,
        source_port=source_port, target=target, target_port=target_port,
        ip_octets=40 + len(payload), flags=flags, sequence=sequence, payload=payload,
    )  # fmt: skip


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines() if line[0] != "#"]


def test_retransmitted_and_reordered_segments_count_once(tmp_path: Path) -> None:
    request = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
    last = 2**32 - 1  # the numbers wrap
    connections = assemble(
        [
            packet(b"", flags=SYN, sequence=last - 5),
            packet(b"", flags=SYN | ACK, sequence=9, is_back=True),
            packet(request[10:], flags=ACK, sequence=(last - 4 + 10) % 2**32),
            packet(request[:10], flags=ACK, sequence=last - 4),
            packet(request[:10], flags=ACK, sequence=last - 4),
            packet(response, flags=ACK, sequence=10, is_back=True),
            packet(b"", flags=FIN | ACK, sequence=10 + len(response), is_back=True),
            packet(b"", flags=FIN | ACK, sequence=(last - 4 + len(request)) % 2**32),
        ]
    )
    assert len(connections) == 1
    assert connections[0].sent.octets == len(request)
    assert connections[0].sent.stream() == request
    assert connections[0].state() == "SF"
    write_logs(connections, tmp_path)
    assert rows(tmp_path / "http.log")[0][7:10] == ["GET", "h", "/a"]


def test_each_request_has_its_own_time(tmp_path: Path) -> None:
    """When it and all before it had come; a connection that is kept open brings several."""
    first, second, third = (f"GET /{n} HTTP/1.1\r\n\r\n".encode() for n in "abc")
    both = len(first) + len(second)
    connections = assemble(
        [
            packet(b"", flags=SYN, sequence=0),
            packet(first[:6], flags=ACK, sequence=1, ts_us=2_000_000),
            packet(third, flags=ACK, sequence=1 + both, ts_us=3_000_000),
            # Sent again, with what had not come yet.
            packet(first + second, flags=ACK, sequence=1, ts_us=4_000_000),
            packet(third, flags=ACK, sequence=1 + both, ts_us=5_000_000),
        ]
    )
    assert connections[0].sent.stream() == first + second + third
    write_logs(connections, tmp_path)
    told = [(row[0], row[6], row[9]) for row in rows(tmp_path / "http.log")]
    assert told == [
        ("2.000000", "1", "/a"), ("4.000000", "2", "/b"), ("4.000000", "3", "/c")
    ]  # fmt: skip
    assert len({row[1] for row in rows(tmp_path / "http.log")}) == 1


def test_the_forward_proxy_speaks_http(tmp_path: Path) -> None:
    request = b"GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n"
    connections = assemble(
        [
            packet(b"", flags=SYN, sequence=0, port=3128),
            packet(request, flags=ACK, sequence=1, port=3128, ts_us=2_000_000),
        ]
    )
    write_logs(connections, tmp_path)
    assert [row[5:10] for row in rows(tmp_path / "http.log")] == [
        ["3128", "1", "GET", "a.example", "http://a.example/x"]
    ]
    assert rows(tmp_path / "conn.log")[0][7] == "http"


@pytest.mark.parametrize(
    ("sent", "returned", "state"),
    [
        ([SYN], [], "S0"), ([SYN], [RST | ACK], "REJ"), ([SYN, RST], [], "RSTOS0"),
        ([SYN, ACK], [SYN | ACK], "S1"), ([SYN, FIN | ACK], [SYN | ACK], "S2"),
        ([SYN, ACK], [SYN | ACK, FIN | ACK], "S3"), ([SYN, RST], [SYN | ACK], "RSTO"),
        ([SYN, ACK], [SYN | ACK, RST], "RSTR"), ([SYN, FIN], [], "SH"),
        ([], [SYN | ACK, RST], "RSTRH"), ([], [SYN | ACK, FIN | ACK], "SHR"), ([ACK], [ACK], "OTH"),
    ],
)  # fmt: skip
def test_states_of_connections_are_zeeks(sent: list[int], returned: list[int], state: str) -> None:
    """The first packets of each side come before the rest of either."""
    ordered = [
        packet(b"", flags=flags, is_back=is_back)
        for place in range(2)
        for is_back, side in ((False, sent), (True, returned))
        for flags in side[place : place + 1]
    ]
    assert [one.state() for one in assemble(ordered)] == [state]


def test_states_of_datagrams_are_zeeks() -> None:
    asked, replied = packet(b"q", port=53), packet(b"r", port=53, is_back=True)
    for packets, state in (([asked], "S0"), ([asked, replied], "SF"), ([replied], "SHR")):
        assert [one.state() for one in assemble(packets)] == [state]


@pytest.mark.parametrize(
    ("rcode", "edns", "is_rejected"),
    [("SERVFAIL", -1, "T"), ("NOERROR", -1, "T"), ("REFUSED", 0, "F"), ("NXDOMAIN", 0, "F")],
)
def test_a_reply_without_any_record_is_rejected(
    tmp_path: Path, rcode: str, edns: int, is_rejected: str
) -> None:
    query = dns.message.make_query("a.example", "A", use_edns=edns)
    reply = dns.message.make_response(query)
    reply.set_rcode(dns.rcode.from_text(rcode))
    connections = assemble(
        [
            packet(query.to_wire(), port=53),
            packet(reply.to_wire(), port=53, is_back=True),
            packet(dns.message.make_query("b.example", "A").to_wire(), port=53),
        ]
    )
    write_logs(connections, tmp_path)
    told = [(row[9], row[15], row[-1]) for row in rows(tmp_path / "dns.log")]
    assert told == [("a.example", rcode, is_rejected), ("b.example", "-", "F")]


def test_hostile_octets_stay_in_their_field(tmp_path: Path) -> None:
    path = b"/a\tb\x1b[31m,\\\xff"
    sent = b"GET " + path + b" HTTP/1.1\r\nHost: \xe9\x00\r\n\r\n"
    query = dns.message.make_query(r"a\009b\010c,d.example", "TXT").to_wire()
    connections = assemble(
        [
            packet(b"", flags=SYN, sequence=0),
            packet(sent, flags=ACK, sequence=1),
            packet(query, port=53),
        ]
    )
    write_logs(connections, tmp_path)
    for log in ("http.log", "dns.log", "conn.log"):
        text = (tmp_path / log).read_bytes()
        width = text.split(b"#fields\t")[1].split(b"\n")[0].count(b"\t")
        for line in text.splitlines():
            assert line.startswith(b"#") or line.count(b"\t") == width
        assert all(sign in b"\t\n" or 32 <= sign < 127 for sign in text)


@given(st.lists(st.tuples(st.binary(max_size=60), st.booleans(), st.integers(0, 63),
                          st.integers(0, 2**32 - 1), st.sampled_from((53, 80)))))  # fmt: skip
def test_any_packets_give_logs(told: list[tuple[bytes, bool, int, int, int]]) -> None:
    connections = assemble(
        packet(p, is_back=b, flags=f, sequence=s, port=port) for p, b, f, s, port in told
    )
    with tempfile.TemporaryDirectory() as folder:
        write_logs(connections, Path(folder))
        assert len(rows(Path(folder, "conn.log"))) == len(connections)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_streams_are_read(sent: bytes, returned: bytes) -> None:
    read_exchanges(b"GET / HTTP/1.1\r\n\r\n" + sent, b"HTTP/1.1 200 OK\r\n" + returned)


@given(st.binary(max_size=80))
def test_any_frames_are_read(frame: bytes) -> None:
    head = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    ip = bytes(12) + b"\x08\x00" + frame
    record = struct.pack("=IIII", 1, 2, len(ip), len(ip)) + ip
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(head + record + record[:-3])
        kept.flush()
        assert len(list(read_packets(Path(kept.name)))) <= 2
