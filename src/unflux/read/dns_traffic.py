"""DNS messages in captured packets: link, network and transport layers peeled off."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from unflux.model.times import is_plausible
from unflux.read.fragments import Fragments
from unflux.read.internet_layer import (
    TCP,
    UDP,
    Datagram,
    parse_ip,
    pass_extension_headers,
)
from unflux.read.link_layer import find_ip
from unflux.read.packed_address import packed_address_text
from unflux.read.packet import TRUNCATED, Packet, UnusablePacketError
from unflux.read.source import Drops
from unflux.read.tcp_stream import StreamKey, TcpStreams, TimedMessage, parse_segment
from unflux.read.tunnels import open_tunnel

UDP_HEADER_SIZE_BYTES: Final = 8

MAX_NESTING: Final = 4
"""IP packets inside one another. Chosen: 2026-11-22; DNS in the corpus is three deep at most."""

TOO_DEEP: Final = "too many tunnels inside one another"
BAD_UDP: Final = "bad UDP length"


class CapturedMessage(NamedTuple):
    """A DNS message as it was on the wire, query or response."""

    wire: bytes
    ts_us: int | None
    destination: str | None
    """Whom it was sent to: of a response, the client."""


class DnsTraffic:
    """Packets in, DNS messages out; remembers fragments and streams within bounds."""

    def __init__(self, ports: frozenset[int], drops: Drops) -> None:
        self._ports = ports
        self._drops = drops
        self._fragments = Fragments(drops)
        self._streams = TcpStreams(drops)
        self._now_us = 0

    def add(self, packet: Packet, now_us: int | None = None) -> Iterator[CapturedMessage]:
        """Yield the DNS messages that a packet completes; count the packet if it is unusable.

        ``now_us`` is the clock of the capture; null: the time of the latest packet given.
        """
        if now_us is not None:
            self._now_us = now_us
        elif packet.ts_us is not None and is_plausible(packet.ts_us):
            self._now_us = packet.ts_us
        try:
            datagram = self._find_datagram(packet)
            if datagram is None:
                return
            if datagram.protocol == UDP:
                yield _read_udp(datagram, packet.ts_us)
            elif datagram.protocol == TCP:
                yield from self._read_tcp(datagram, packet.ts_us)
        except UnusablePacketError as error:
            self._drops.drop(str(error))

    def finish(self) -> Iterator[CapturedMessage]:
        """Yield what was found behind open gaps and count what stays incomplete."""
        yield from _captured(self._streams.finish())
        self._fragments.finish()

    def _find_datagram(self, packet: Packet) -> Datagram | None:
        """Return the innermost datagram, whole; null where there is none (yet)."""
        ip = find_ip(packet.link_type, packet.data)
        depth = 0
        while ip is not None:
            depth += 1
            if depth > MAX_NESTING:
                raise UnusablePacketError(TOO_DEEP)
            datagram = parse_ip(ip)
            if datagram.fragment is not None:
                whole = self._fragments.add(datagram, datagram.fragment, self._now_us)
                if whole is None:
                    return None
                datagram = pass_extension_headers(whole) if len(whole.source) == 16 else whole
                if datagram.fragment is not None:
                    return None  # a fragment of a fragment has no meaning
            if datagram.protocol == TCP:
                return datagram
            if datagram.protocol == UDP and self._is_dns(datagram):
                return datagram
            ip = open_tunnel(datagram)
        return None

    def _is_dns(self, datagram: Datagram) -> bool:
        """Tell whether a UDP datagram comes from or goes to one of the ports."""
        if len(datagram.payload) < UDP_HEADER_SIZE_BYTES:
            raise UnusablePacketError(TRUNCATED)
        return not self._ports.isdisjoint(struct.unpack_from("!HH", datagram.payload))

    def _read_tcp(self, datagram: Datagram, ts_us: int | None) -> Iterator[CapturedMessage]:
        segment = parse_segment(datagram.payload)
        if segment.source_port not in self._ports and segment.destination_port not in self._ports:
            return
        key = (
            datagram.source,
            datagram.destination,
            segment.source_port,
            segment.destination_port,
        )
        yield from _captured(self._streams.add(key, segment, ts_us, self._now_us))


def _read_udp(datagram: Datagram, ts_us: int | None) -> CapturedMessage:
    """Return the message of a UDP datagram (RFC 768); length 0 is that of a jumbogram.

    One that the snapshot length cut is given as far as it goes.
    """
    payload = datagram.payload
    size_bytes = int.from_bytes(payload[4:6], "big") or len(payload)
    if size_bytes < UDP_HEADER_SIZE_BYTES:
        raise UnusablePacketError(BAD_UDP)
    return CapturedMessage(
        payload[UDP_HEADER_SIZE_BYTES:size_bytes], ts_us, packed_address_text(datagram.destination)
    )


def _captured(found: list[tuple[StreamKey, TimedMessage]]) -> Iterator[CapturedMessage]:
    for (_, destination, _, _), (wire, ts_us) in found:
        yield CapturedMessage(wire, ts_us, packed_address_text(destination))
