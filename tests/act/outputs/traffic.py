"""Packets of a client that asks for a name and goes there, for programs that watch traffic."""

import ssl
import struct
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from itertools import count
from pathlib import Path

import dns.message
import dns.name
import dns.rrset

CLIENT, RESOLVER, SITE = "192.0.2.10", "192.0.2.53", "192.0.2.80"
_SYN, _ACK, _PUSH = 0x02, 0x10, 0x08
_PORTS = count(4_000)


def udp(source: str, sport: int, target: str, dport: int, payload: bytes) -> bytes:
    """Return a packet; checksums are left out, as whoever reads is told not to look."""
    datagram = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    return _ipv4(source, target, 17, datagram)


def stream(
    dport: int, asked: bytes, answered: bytes, server: str = SITE, client: str = CLIENT
) -> Iterator[bytes]:
    """Yield the packets of a connection: its opening, what the client says, what it is told."""
    sport = next(_PORTS)

    def segment(
        flags: int, seq: int, ack: int, payload: bytes = b"", *, back: bool = False
    ) -> bytes:
        ports = (dport, sport) if back else (sport, dport)
        head = struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65_535, 0, 0)
        ends = (server, client) if back else (client, server)
        return _ipv4(*ends, 6, head + payload)

    here, there = 1_001, 2_001
    yield segment(_SYN, here - 1, 0)
    yield segment(_SYN | _ACK, there - 1, here, back=True)
    yield segment(_ACK, here, there)
    yield segment(_ACK | _PUSH, here, there, asked)
    here += len(asked)
    yield segment(_ACK | _PUSH, there, here, answered, back=True)
    yield segment(_ACK, here, there + len(answered))


def messages(name: str, address: str = "20.0.0.1") -> tuple[bytes, bytes]:
    """Return a question and its answer."""
    query = dns.message.make_query(dns.name.from_text(name), "A")
    answer = dns.message.make_response(query)
    answer.answer.append(dns.rrset.from_text(dns.name.from_text(name), 60, "IN", "A", address))
    return query.to_wire(), answer.to_wire()


def lookup(name: str) -> list[bytes]:
    """Return the packets of a question and its answer by UDP."""
    port = next(_PORTS)
    query, answer = messages(name)
    return [udp(CLIENT, port, RESOLVER, 53, query), udp(RESOLVER, 53, CLIENT, port, answer)]


def lookup_by_tcp(name: str) -> list[bytes]:
    query, answer = (struct.pack(">H", len(m)) + m for m in messages(name))
    return list(stream(53, query, answer, RESOLVER))


def fetch(host: str) -> list[bytes]:
    """Return the packets of a request for a page."""
    asked = f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: test\r\n\r\n".encode()
    return list(stream(80, asked, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))


def hello(host: str) -> bytes:
    """Return what a real client opens TLS with."""
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=host)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError


def greet(host: str) -> list[bytes]:
    """Return the packets of a connection that begins with TLS."""
    return list(stream(443, hello(host), b"\x15\x03\x01\x00\x02\x02\x28"))


def capture(path: Path, packets: Iterable[bytes]) -> Path:
    """Write packets a second apart, without a link layer."""
    with path.open("wb") as sink:
        sink.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for number, packet in enumerate(packets):
            stamp = struct.pack("<IIII", 1_800_000_000 + number, 0, len(packet), len(packet))
            sink.write(stamp + packet)
    return path


def _ipv4(source: str, target: str, protocol: int, payload: bytes) -> bytes:
    head = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
        ip_address(source).packed, ip_address(target).packed,
    )  # fmt: skip
    return head + payload
