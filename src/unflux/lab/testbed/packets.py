"""Packets of a testbed's captures: IPv4 with TCP or UDP on Ethernet, which is all there is."""

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, Literal

from unflux.model.errors import UnfluxError

Protocol = Literal["tcp", "udp"]
FIN, SYN, RST, ACK = 1, 2, 4, 16
_EXPECTED: Final = (0xA1B2C3D4, 1)
"""Magic of microseconds in the machine's order, and link type Ethernet."""
_MOST_OCTETS: Final = 1 << 18
"""tcpdump's own limit of one packet."""
_HEADER_OCTETS: Final = 24
_RECORD_OCTETS: Final = 16
_PROTOCOLS: Final[dict[int, Protocol]] = {6: "tcp", 17: "udp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One segment or datagram."""

    ts_us: int
    protocol: Protocol
    source: str
    source_port: int
    target: str
    target_port: int
    ip_octets: int
    flags: int
    """Of TCP; 0 for UDP."""
    sequence: int
    payload: bytes


def read_packets(path: Path) -> Iterator[Packet]:
    """Yield the packets of a pcap file as tcpdump writes it here; others in it are left out.

    Raises UnfluxError where it is no such file. A last record that is cut ends it.
    """
    with path.open("rb") as stream:
        header = stream.read(_HEADER_OCTETS)
        if len(header) < _HEADER_OCTETS or struct.unpack("=I16xI", header) != _EXPECTED:
            message = f"{path}: not a capture of Ethernet in microseconds"
            raise UnfluxError(message)
        while len(record := stream.read(_RECORD_OCTETS)) == _RECORD_OCTETS:
            seconds, micros, kept, _ = struct.unpack("=IIII", record)
            packet = _decode(seconds * 1_000_000 + micros, stream.read(min(kept, _MOST_OCTETS)))
            if packet is not None:
                yield packet


def count_records(path: Path) -> int:
    """Return how many whole records a pcap file holds, of any kind."""
    count, place, size = 0, _HEADER_OCTETS, path.stat().st_size
    with path.open("rb") as stream:
        while place + _RECORD_OCTETS <= size:
            stream.seek(place + 8)
            place += _RECORD_OCTETS + int.from_bytes(stream.read(4), sys.byteorder)
            count += place <= size
    return count


def _decode(ts_us: int, frame: bytes) -> Packet | None:
    ip = frame[14:]
    if frame[12:14] != b"\x08\x00" or len(ip) < 20 or ip[9] not in _PROTOCOLS:
        return None
    header, size = (ip[0] & 15) * 4, int.from_bytes(ip[2:4], "big")
    segment = ip[header:size]
    protocol = _PROTOCOLS[ip[9]]
    if int.from_bytes(ip[6:8], "big") & 0x3FFF or len(segment) < (20 if protocol == "tcp" else 8):
        return None  # a fragment, or cut
    source_port, target_port = struct.unpack_from("!HH", segment)
    is_tcp = protocol == "tcp"
    return Packet(
        ts_us=ts_us,
        protocol=protocol,
        source=str(IPv4Address(ip[12:16])),
        source_port=source_port,
        target=str(IPv4Address(ip[16:20])),
        target_port=target_port,
        ip_octets=size,
        flags=segment[13] if is_tcp else 0,
        sequence=int.from_bytes(segment[4:8], "big") if is_tcp else 0,
        payload=segment[(segment[12] >> 4) * 4 :] if is_tcp else segment[8:],
    )
