"""Write exchanges as a pcap file: Ethernet, IPv4 or IPv6, UDP or TCP, with true checksums."""

import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from heapq import heappop, heappush
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import BinaryIO, Final

from unflux.lab.exchange import Exchange
from unflux.model.ports import DNS_PORT

SEGMENT_OCTETS: Final = 400
"""Longest TCP payload in the lab, so that some replies need reassembly."""

_PCAP_HEADER: Final = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
"""Microseconds, little endian, link type Ethernet."""
_UDP, _TCP = 17, 6
_FIN, _SYN, _PSH, _ACK = 0x01, 0x02, 0x08, 0x10
_HALF_TRIP_US: Final = 90
"""From one end of the wire to the other, where the capture sits at the resolver."""
_WINDOW: Final = 64_240

Frame = tuple[int, int, bytes]
"""Moment in microseconds, running number, Ethernet frame."""


def write_capture(stream: BinaryIO, exchanges: Iterable[Exchange]) -> None:
    """Write the frames of all exchanges in order of time.

    ``exchanges`` come by the time of their question.
    """
    stream.write(_PCAP_HEADER)
    for moment_us, _, frame in _in_order(exchanges):
        size = len(frame)
        stream.write(
            struct.pack("<IIII", moment_us // 1_000_000, moment_us % 1_000_000, size, size)
        )
        stream.write(frame)


def _in_order(exchanges: Iterable[Exchange]) -> Iterator[Frame]:
    waiting: list[Frame] = []
    number = 0
    for exchange in exchanges:
        # Nothing of a later exchange comes before its SYN, a little before the question.
        safe_us = exchange.want.asked_us - 10 * _HALF_TRIP_US
        while waiting and waiting[0][0] < safe_us:
            yield heappop(waiting)
        for moment_us, frame in _frames(exchange):
            heappush(waiting, (moment_us, number, frame))
            number += 1
    while waiting:
        yield heappop(waiting)


def _frames(exchange: Exchange) -> Iterator[tuple[int, bytes]]:
    client = exchange.want.client
    there = _Path(client.address, client.resolver)
    back = _Path(client.resolver, client.address)
    asked_us, answered_us = exchange.want.asked_us, exchange.reply.answered_us
    port = exchange.client_port
    if not client.is_over_tcp:
        yield asked_us, there.udp_frame(port, DNS_PORT, exchange.query)
        yield answered_us, back.udp_frame(DNS_PORT, port, exchange.reply_wire)
        return
    yield from _tcp_frames(exchange, there, back)


def _tcp_frames(exchange: Exchange, there: "_Path", back: "_Path") -> Iterator[tuple[int, bytes]]:
    """Yield a whole connection: handshake, one question, one reply, and the two closings."""
    port, asked_us = exchange.client_port, exchange.want.asked_us
    answered_us, step = exchange.reply.answered_us, _HALF_TRIP_US
    query = struct.pack("!H", len(exchange.query)) + exchange.query
    reply = struct.pack("!H", len(exchange.reply_wire)) + exchange.reply_wire
    # Any start does; taking it from the exchange keeps the writer free of chance.
    ours = asked_us * 2_654_435_761 % 2**32
    theirs = (asked_us + port) * 2_246_822_519 % 2**32

    def out(sent: int, received: int, flags: int, payload: bytes = b"") -> bytes:
        sequence, acknowledged = (ours + sent) % 2**32, (theirs + received) % 2**32
        return there.tcp_frame((port, DNS_PORT), sequence, acknowledged, flags, payload)

    def into(sent: int, received: int, flags: int, payload: bytes = b"") -> bytes:
        sequence, acknowledged = (theirs + sent) % 2**32, (ours + received) % 2**32
        return back.tcp_frame((DNS_PORT, port), sequence, acknowledged, flags, payload)

    yield asked_us - 3 * step, there.tcp_frame((port, DNS_PORT), ours, 0, _SYN, b"")
    yield asked_us - 2 * step, into(0, 1, _SYN | _ACK)
    yield asked_us - step, out(1, 1, _ACK)
    yield asked_us, out(1, 1, _PSH | _ACK, query)
    end = 1 + len(query)
    yield asked_us + 20, into(1, end, _ACK)
    # The reply is whole when its last segment comes: that is its moment.
    starts = range(0, len(reply), SEGMENT_OCTETS)
    for number, start in enumerate(starts):
        payload = reply[start : start + SEGMENT_OCTETS]
        flags = _ACK | (_PSH if number == len(starts) - 1 else 0)
        yield answered_us - (len(starts) - 1 - number) * 5, into(1 + start, end, flags, payload)
    said = 1 + len(reply)
    yield answered_us + step, out(end, said, _FIN | _ACK)
    yield answered_us + step + 30, into(said, end + 1, _FIN | _ACK)
    yield answered_us + 3 * step, out(end + 1, said + 1, _ACK)


class _Path:
    """Wraps payloads for one direction between two hosts."""

    def __init__(self, source: str, target: str) -> None:
        self._is_ipv6, self._source, source_mac = _host(source)
        _, self._target, target_mac = _host(target)
        ether_type = b"\x86\xdd" if self._is_ipv6 else b"\x08\x00"
        self._ethernet = target_mac + source_mac + ether_type

    def udp_frame(self, source_port: int, target_port: int, payload: bytes) -> bytes:
        size = 8 + len(payload)
        bare = struct.pack("!HHHH", source_port, target_port, size, 0) + payload
        # A sum of zero is sent as all ones (RFC 768).
        checksum = self._transport_checksum(_UDP, bare) or 0xFFFF
        return self._frame(_UDP, bare[:6] + struct.pack("!H", checksum) + payload)

    def tcp_frame(
        self, ports: tuple[int, int], sequence: int, acknowledged: int, flags: int, payload: bytes
    ) -> bytes:
        head = struct.pack("!HHIIBB", *ports, sequence, acknowledged, 5 << 4, flags)
        head += struct.pack("!H", _WINDOW)
        checksum = self._transport_checksum(_TCP, head + b"\0\0\0\0" + payload)
        return self._frame(_TCP, head + struct.pack("!HH", checksum, 0) + payload)

    def _frame(self, protocol: int, segment: bytes) -> bytes:
        if self._is_ipv6:
            head = struct.pack("!IHBB", 6 << 28, len(segment), protocol, 64)
            return self._ethernet + head + self._source + self._target + segment
        addresses = self._source + self._target
        size = 20 + len(segment)
        # Atomic datagrams need no identification (RFC 6864 section 4.1); 0x4000: do not fragment.
        head = struct.pack("!BBHHHBB", 0x45, 0, size, 0, 0x4000, 64, protocol)
        checksum = _checksum(head + b"\0\0" + addresses)
        return self._ethernet + head + struct.pack("!H", checksum) + addresses + segment

    def _transport_checksum(self, protocol: int, segment: bytes) -> int:
        # The sum is the same for IPv6's longer pseudo header (RFC 8200 section 8.1).
        pseudo = self._source + self._target + struct.pack("!HH", protocol, len(segment))
        return _checksum(pseudo + segment)


def _checksum(octets: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(octets) % 2:
        octets += b"\0"
    # 2^16 leaves 1 modulo 65535, so the number as a whole has the remainder of its words' sum.
    total = int.from_bytes(octets, "big") % 0xFFFF
    return 0xFFFF - total if total or not any(octets) else 0


@lru_cache(maxsize=1024)
def _host(address: str) -> tuple[bool, bytes, bytes]:
    """Return whether a host is IPv6, its address, and a locally administered MAC address."""
    parsed: IPv4Address | IPv6Address = ip_address(address)
    return parsed.version == 6, parsed.packed, b"\x02\x00" + parsed.packed[-4:]
