"""Messages, packets and captures made octet by octet, for the tests of the wire decoders."""

import io
import struct
import sys
from ipaddress import ip_address
from typing import Any, Protocol

import dns.message
import dns.rrset

from unflux.model.rollup import merge
from unflux.read.rollup import roll_up
from unflux.read.source import Drops, Options, Rollup

SERVER, CLIENT = "192.0.2.53", "198.51.100.7"
SERVER6, CLIENT6 = "2001:db8::53", "2001:db8::7"
MOMENT_US = 1_700_000_000_123_456


class Reader(Protocol):
    def read(self, stream: Any, options: Options, drops: Drops) -> Any: ...


def make_response(name: str = "a.example.", *addresses: str, number: int = 1) -> bytes:
    """Return the wire of a response; without addresses it has one."""
    query = dns.message.make_query(name, "A", id=number)
    response = dns.message.make_response(query)
    response.answer.append(dns.rrset.from_text(name, 300, "IN", "A", *addresses or ("192.0.2.1",)))
    return response.to_wire()


def make_query(name: str = "a.example.") -> bytes:
    return dns.message.make_query(name, "A", id=1).to_wire()


def udp(payload: bytes, source_port: int = 53, destination_port: int = 40000) -> bytes:
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


def tcp(
    payload: bytes, sequence: int, flags: int = 0x10, source_port: int = 53, port: int = 40000
) -> bytes:
    return (
        struct.pack("!HHIIBBHHH", source_port, port, sequence, 0, 0x50, flags, 1024, 0, 0) + payload
    )


def framed(wire: bytes) -> bytes:
    """Put the length before a message, as TCP has it."""
    return struct.pack("!H", len(wire)) + wire


def ipv4(
    payload: bytes,
    protocol: int = 17,
    source: str = SERVER,
    destination: str = CLIENT,
    *,
    place: int = 0,
    identification: int = 7,
    options: bytes = b"",
) -> bytes:
    """``place`` holds the flags and the fragment offset."""
    return (
        struct.pack(
            "!BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload),
            identification, place, 64, protocol, 0,
        )
        + ip_address(source).packed
        + ip_address(destination).packed
        + options
        + payload
    )  # fmt: skip


def ipv6(
    payload: bytes, protocol: int = 17, source: str = SERVER6, destination: str = CLIENT6
) -> bytes:
    return (
        struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64)
        + ip_address(source).packed
        + ip_address(destination).packed
        + payload
    )


def ethernet(payload: bytes, ethertype: int = 0x0800) -> bytes:
    return bytes(12) + struct.pack("!H", ethertype) + payload


def pcap_header(link_type: int = 1, order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    return struct.pack(f"{order}IHHIIII", magic, 2, 4, 0, 0, 262144, link_type)


def pcap(
    *frames: bytes, link_type: int = 1, order: str = "<", magic: int = 0xA1B2C3D4, step_us: int = 0
) -> bytes:
    """Return a capture of the frames, the first at :data:`MOMENT_US`, ``step_us`` apart."""
    parts = [pcap_header(link_type, order, magic)]
    for number, frame in enumerate(frames):
        seconds, us = divmod(MOMENT_US + number * step_us, 1_000_000)
        ticks = us * 1000 if magic == 0xA1B23C4D else us
        parts.append(struct.pack(f"{order}IIII", seconds, ticks, len(frame), len(frame)))
        parts.append(bytes(8 if magic == 0xA1B2CD34 else 0) + frame)
    return b"".join(parts)


class Trickle(io.RawIOBase):
    """A stream that cannot be sought and gives a few octets at a time."""

    def __init__(self, data: bytes, step_bytes: int = 7) -> None:
        self._rest, self._step_bytes = io.BytesIO(data), step_bytes

    def readable(self) -> bool:
        return True

    def read(self, size_bytes: int = -1, /) -> bytes:
        assert size_bytes >= 0, "reads are bounded"
        return self._rest.read(min(size_bytes, self._step_bytes))


def read_all(
    reader: Reader, data: bytes, options: Options | None = None
) -> tuple[list[dict[str, Any]], Drops]:
    """Return the responses, each with its records as tuples, and the counts.

    Read by the interpreted decoder; what the compiled one makes of the same must equal it.
    """
    options = options or Options()
    module = sys.modules[type(reader).__module__]
    drops, rows, batches = Drops(), [], []
    for batch in module.read_interpreted(io.BytesIO(data), options, drops):
        batches.append(batch)
        responses = batch.responses.to_pylist()
        for response in responses:
            response["records"] = []
        for record in batch.records.to_pylist():
            responses[record.pop("response")]["records"].append(tuple(record.values()))
        rows.extend(responses)
    assert len(rows) == drops.response_count
    counted = Drops()
    rollups = list(reader.read(io.BytesIO(data), options, counted))
    assert all(isinstance(rollup, Rollup) for rollup in rollups)
    assert merge(rollups) == merge(map(roll_up, batches))
    assert counted == drops
    return rows, drops
