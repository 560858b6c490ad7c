"""A capture of an agent: requests that it relays, its polls and the browsing beside them."""

import random
import struct
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

BEGIN_US: Final = 1_790_000_000_000_000
AGENT: Final = "198.51.100.7"
MOTHERSHIP: Final = "203.0.113.80"
CONTROLLER: Final = "203.0.113.9"
_FIN, _SYN, _PSH, _ACK = 1, 2, 8, 16

End = tuple[str, int]


@dataclass
class Wire:
    """Frames being collected, in any order."""

    frames: list[tuple[int, bytes]] = field(default_factory=list)

    def udp(self, at_us: int, source: End, target: End, payload: bytes) -> None:
        header = struct.pack("!HHHH", source[1], target[1], 8 + len(payload), 0)
        self._ip(at_us, source[0], target[0], 17, header + payload)

    def tcp(self, at_us: int, source: End, target: End, flags: int, payload: bytes = b"") -> None:
        header = struct.pack("!HHIIBBHHH", source[1], target[1], 1, 0, 5 << 4, flags, 64_240, 0, 0)
        self._ip(at_us, source[0], target[0], 6, header + payload)

    def connect(
        self, at_us: int, client: End, server: End, request: bytes, answer: bytes,
        *, takes_us: int = 100_000,
    ) -> None:  # fmt: skip
        """Add a whole connection with one request and one answer."""
        self.tcp(at_us, client, server, _SYN)
        self.tcp(at_us + 1_000, server, client, _SYN | _ACK)
        self.tcp(at_us + 2_000, client, server, _PSH | _ACK, request)
        for start in range(0, len(answer), 1_200):
            piece = answer[start : start + 1_200]
            self.tcp(at_us + takes_us // 2 + start, server, client, _PSH | _ACK, piece)
        self.tcp(at_us + takes_us, server, client, _FIN | _ACK)
        self.tcp(at_us + takes_us + 1_000, client, server, _FIN | _ACK)

    def _ip(self, at_us: int, source: str, target: str, protocol: int, payload: bytes) -> None:
        ours, theirs = ip_address(source), ip_address(target)
        if ours.version == 4:
            head = struct.pack(
                "!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, ours.packed,
                theirs.packed,
            )  # fmt: skip
        else:
            head = struct.pack(
                "!IHBB16s16s", 6 << 28, len(payload), protocol, 64, ours.packed, theirs.packed
            )
        ether = bytes(12) + (b"\x08\x00" if ours.version == 4 else b"\x86\xdd")
        self.frames.append((at_us, ether + head + payload))

    def pcap(self) -> bytes:
        parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)]
        for at_us, frame in sorted(self.frames):
            size = len(frame)
            parts += [
                struct.pack("<IIII", at_us // 1_000_000, at_us % 1_000_000, size, size),
                frame,
            ]
        return b"".join(parts)


def relayed(
    count: int = 12, *, seed: int = 1, browsed: int = 60, controller_name: str = "cfg.example"
) -> Wire:
    """Return an agent's traffic over an hour: relayed requests, polls, and browsing."""
    draw, wire = random.Random(seed), Wire()
    pages = [b"x" * draw.randrange(800, 40_000) for _ in range(6)]
    for number in range(count):
        at_us = BEGIN_US + draw.randrange(60, 3_500) * 1_000_000 + draw.randrange(1_000_000)
        request = f"GET /page{number % 6} HTTP/1.1\r\nHost: shop.example\r\n\r\n".encode()
        answer = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" + pages[number % 6]
        visitor = (f"192.0.2.{number + 1}", 40_000 + number)
        wire.connect(at_us, visitor, (AGENT, 80), request, answer, takes_us=400_000)
        wire.connect(
            at_us + 40_000, (AGENT, 50_000 + number), (MOTHERSHIP, 80), request,
            answer + b"Via: 1", takes_us=300_000,
        )  # fmt: skip
    for number in range(7):
        wire.connect(
            BEGIN_US + number * 600_000_000, (AGENT, 52_000 + number), (CONTROLLER, 80),
            f"GET /settings?v=2 HTTP/1.1\r\nHost: {controller_name}\r\n\r\n".encode(),
            b"HTTP/1.1 200 OK\r\n\r\nports=80,53",
        )  # fmt: skip
    for number in range(browsed):
        at_us = BEGIN_US + draw.randrange(3_600_000_000)
        wire.connect(
            at_us, (AGENT, 53_000 + number), (f"203.0.113.{100 + number}", 443),
            b"\x16\x03\x01" + bytes(500), bytes(draw.randrange(2_000, 60_000)),
        )  # fmt: skip
    return wire
