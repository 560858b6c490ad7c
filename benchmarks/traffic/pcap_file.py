"""Responses as a pcap file: Ethernet, IPv4 or IPv6, UDP port 53, with true checksums."""

import struct
from typing import BinaryIO, Final

import numpy as np
from numba import njit

from traffic.hosts import RESOLVER_IPV4, RESOLVER_IPV6, client_octets
from traffic.message_octets import Messages, compose_exchanges
from traffic.response_stream import Chunk

HEADER: Final = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
"""Microseconds, little endian, link type Ethernet."""

RECORD_BYTES: Final = 16
_MACS: Final = bytes.fromhex("020000000001020000000035")
_UDP: Final = 8


def _heads(is_ipv6: bool) -> np.ndarray:
    """Return what comes before the payload, without sizes, client, port and checksums."""
    if is_ipv6:
        head = struct.pack("!IHBB", 6 << 28, 0, 17, 64) + RESOLVER_IPV6 + bytes(16)
    else:
        # Atomic datagrams need no identification (RFC 6864 section 4.1).
        head = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0x4000, 64, 17, 0) + RESOLVER_IPV4 + bytes(4)
    ether_type = b"\x86\xdd" if is_ipv6 else b"\x08\x00"
    udp = struct.pack("!HHHH", 53, 0, 0, 0)
    return np.frombuffer(bytes(RECORD_BYTES) + _MACS + ether_type + head + udp, dtype=np.uint8)


HEAD_IPV4: Final = _heads(False)
HEAD_IPV6: Final = _heads(True)


class PcapFile:
    """Writes chunks of responses as the packets that a tap on one direction sees."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        stream.write(HEADER)

    def write(self, chunk: Chunk, messages: Messages) -> None:
        """Append the packets of a chunk."""
        self._stream.write(_packets(chunk, messages, 1).data)

    def finish(self) -> None:
        """Nothing ends a pcap file."""


class ExchangesFile(PcapFile):
    """Writes what a tap on both directions sees; a question has the time of its response."""

    def write(self, chunk: Chunk, messages: Messages) -> None:
        """Append the packets of a chunk and their questions."""
        self._stream.write(_packets(chunk, compose_exchanges(chunk, messages), 2).data)


def _packets(chunk: Chunk, messages: Messages, directions: int) -> np.ndarray:
    """Wrap messages; with two directions, the first of each pair goes to the resolver."""
    is_ipv6 = chunk.is_ipv6.repeat(directions)
    is_question = np.arange(len(is_ipv6)) % directions != directions - 1
    sizes = np.diff(messages.starts) + np.where(is_ipv6, len(HEAD_IPV6), len(HEAD_IPV4))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    octets = np.empty(starts[-1], dtype=np.uint8)
    clients = (client_octets(chunk.client, is_ipv6=wide) for wide in (False, True))
    _compose_packets(
        octets, starts, messages.octets, messages.starts, chunk.moment_us.repeat(directions),
        is_ipv6, *(octets.repeat(directions, axis=0) for octets in clients),
        chunk.port.repeat(directions), is_question, HEAD_IPV4, HEAD_IPV6,
    )  # fmt: skip
    return octets


@njit(cache=True)
def _compose_packets(  # type: ignore[no-untyped-def]
    octets, starts, messages, message_starts, moment_us, is_ipv6,
    clients_ipv4, clients_ipv6, port, is_question, head_ipv4, head_ipv6,
):  # fmt: skip
    for number in range(len(moment_us)):
        at = starts[number]
        source, end = message_starts[number], message_starts[number + 1]
        head = head_ipv6 if is_ipv6[number] else head_ipv4
        payload = at + len(head)
        octets[at:payload] = head
        octets[payload : payload + end - source] = messages[source:end]
        size = len(head) - RECORD_BYTES + end - source
        _put_little(octets, at, moment_us[number] // 1_000_000)
        _put_little(octets, at + 4, moment_us[number] % 1_000_000)
        _put_little(octets, at + 8, size)
        _put_little(octets, at + 12, size)
        ip, udp = at + RECORD_BYTES + 14, payload - _UDP
        udp_size = _UDP + end - source
        _put_big16(octets, udp + 2, port[number])
        _put_big16(octets, udp + 4, udp_size)
        address_size = 16 if is_ipv6[number] else 4
        addresses = udp - 2 * address_size
        client = clients_ipv6[number] if is_ipv6[number] else clients_ipv4[number]
        octets[addresses + address_size : udp] = client
        if is_question[number]:
            _swap(octets, addresses, address_size)
            _swap(octets, udp, 2)
        if is_ipv6[number]:
            _put_big16(octets, ip + 4, udp_size)
        else:
            _put_big16(octets, ip + 2, 20 + udp_size)
            _put_big16(octets, ip + 10, _checksum(octets, ip, udp, 0))
        # Addresses, ports, payload, and of the pseudo header protocol and length (RFC 768).
        checksum = _checksum(octets, addresses, starts[number + 1], 17 + udp_size)
        _put_big16(octets, udp + 6, checksum if checksum else 0xFFFF)


@njit(cache=True)
def _swap(octets, at, size):  # type: ignore[no-untyped-def]
    """Exchange two neighbours of equal size."""
    for place in range(at, at + size):
        octets[place], octets[place + size] = octets[place + size], octets[place]


@njit(cache=True)
def _checksum(octets, start, end, total):  # type: ignore[no-untyped-def]
    """Return the Internet checksum (RFC 1071) of some octets and of what was summed before."""
    for place in range(start, end - 1, 2):
        total += octets[place] << 8 | octets[place + 1]
    if (end - start) % 2:
        total += octets[end - 1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


@njit(cache=True)
def _put_little(octets, at, value):  # type: ignore[no-untyped-def]
    for place in range(4):
        octets[at + place] = value >> 8 * place & 0xFF


@njit(cache=True)
def _put_big16(octets, at, value):  # type: ignore[no-untyped-def]
    octets[at] = value >> 8 & 0xFF
    octets[at + 1] = value & 0xFF
