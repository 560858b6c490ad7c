"""Packet captures: pcap and pcapng."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

import numpy as np

from unflux.model.errors import UnreadableSourceError
from unflux.read.batching import BatchBuilder
from unflux.read.blocks import Block, Framer, cut_blocks
from unflux.read.decoding import decode_blocks
from unflux.read.dns_traffic import CapturedMessage, DnsTraffic
from unflux.read.kernel.layout import (
    PACKET_END,
    PACKET_LINK,
    PACKET_NOW,
    PACKET_START,
    PACKET_TIME,
    UNKNOWN_TIME,
)
from unflux.read.kernel.native import Kernel, load_kernel
from unflux.read.kernel.tables import TableSet
from unflux.read.message import MAX_MESSAGE_SIZE_BYTES, record_message
from unflux.read.packet import Packet, PrefixedStream, read_exactly
from unflux.read.pcap import PcapFramer, is_pcap, read_pcap
from unflux.read.pcapng import PcapngFramer, is_pcapng, read_pcapng
from unflux.read.source import Batch, Doc, Drops, Options, Rollup
from unflux.read.window import Window

HEAD_SIZE_BYTES: Final = 24
"""Enough to tell the two formats apart."""

NOT_A_CAPTURE: Final = "not a packet capture: neither a pcap nor a pcapng header"


class Capture:
    """DNS over UDP and TCP in a packet capture."""

    NAME = "capture"
    USES_THREADS = True
    DOC = Doc(
        summary="Packet captures, pcap and pcapng: DNS over UDP and TCP.",
        references=(
            "draft-ietf-opsawg-pcap (pcap), draft-ietf-opsawg-pcapng (pcapng)",
            "RFC 1035 section 4.2 (DNS over UDP and TCP), RFC 7766 (DNS over TCP)",
            "RFC 791, RFC 8200, RFC 5722, RFC 6946 (IP and its fragments)",
            "RFC 9293 (TCP)",
            "RFC 2784, RFC 2890, RFC 2637, RFC 7348, RFC 8926, 3GPP TS 29.281 (tunnels)",
        ),
        limitations=(
            "Link types: NULL, LOOP, Ethernet (VLAN, 802.1ah, PPPoE, MPLS and its pseudowires with"
            " a control word, SNAP), PPP, PPP_HDLC, C_HDLC, RAW, IPV4, IPV6, LINUX_SLL, LINUX_SLL2"
            " and NFLOG; a packet of any other, such as wireless LAN, or with what else may carry"
            " IP below it, such as MACsec or multilink PPP, is a counted drop.",
            "Tunnels: IP in IP, GRE, PPTP, ERSPAN, GTP-U, VXLAN and Geneve, four packets"
            " inside one another at most. Teredo, L2TP and IPsec are not opened, and neither are"
            " the packets that ICMP errors quote.",
            "DNS on other ports than 53 is read only on request; DNS over TLS, HTTPS and QUIC"
            " cannot be read.",
            "Checksums are not verified: captures on the sending host hold packets from before the"
            " network card filled them in.",
            "After a gap in a TCP stream, reading goes on at the next segment that starts with a"
            " message; messages that start inside a segment before it are lost.",
            "A capture that joins a TCP stream late takes its first segment for the earliest;"
            " segments from before it that come later are ignored.",
            "Responses without exactly one question (later messages of a zone transfer, multicast"
            " DNS) are counted drops: nothing says which query they answer.",
            "Address hints of HTTPS and SVCB records are not read.",
            "A response seen twice, at two interfaces or on both sides of a tunnel, counts twice.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell whether the bytes begin a pcap file or a pcapng section."""
        return is_pcap(head) or is_pcapng(head)

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Decode all responses on ``options.ports``; pieces of a message take its last time."""
        kernel = load_kernel()
        if kernel is None:
            return read_interpreted(stream, options, drops)
        return read_compiled(kernel, stream, options, drops)


def read_compiled(
    kernel: Kernel, stream: BinaryIO, options: Options, drops: Drops
) -> Iterator[Rollup]:
    """Read a capture by compiled code, but for packets that need memory of others, and odd ones."""
    window = Window(stream)
    framer = choose_framer(kernel, window.peek(HEAD_SIZE_BYTES), drops)
    ports = np.zeros(1 << 16, np.uint8)
    ports[sorted(options.ports)] = 1
    residue = _Residue(options, drops)

    def decode(held: TableSet, block: Block, residual: np.ndarray) -> None:
        held.run(kernel.take_packets, block.octets, block.rows, ports, residual)

    blocks = cut_blocks(window, framer)
    yield from decode_blocks(
        kernel, blocks, decode=decode, options=options, drops=drops, residue=residue
    )


def choose_framer(kernel: Kernel, head: bytes, drops: Drops) -> Framer:
    """Return what finds the packets of a capture that begins so."""
    if is_pcap(head):
        return PcapFramer(kernel, drops)
    if is_pcapng(head):
        return PcapngFramer(kernel, drops)
    raise UnreadableSourceError(NOT_A_CAPTURE)


class _Residue:
    """Packets that compiled code leaves aside, and the messages that are found in them."""

    def __init__(self, options: Options, drops: Drops) -> None:
        self._traffic = DnsTraffic(options.ports, drops)

    def take(self, held: TableSet, octets: np.ndarray, rows: np.ndarray) -> None:
        """Follow packets, the next in order, and take the messages that they complete."""
        _take_messages(held, self._messages(octets, rows))

    def finish(self, held: TableSet) -> None:
        """Take what was found behind gaps, and count what stays incomplete."""
        _take_messages(held, self._traffic.finish())

    def _messages(self, octets: np.ndarray, rows: np.ndarray) -> Iterator[CapturedMessage]:
        for row in rows.tolist():
            ts_us = row[PACKET_TIME]
            packet = Packet(
                None if ts_us == UNKNOWN_TIME else ts_us,
                row[PACKET_LINK],
                octets[row[PACKET_START] : row[PACKET_END]].tobytes(),
            )
            yield from self._traffic.add(packet, row[PACKET_NOW])


def _take_messages(held: TableSet, messages: Iterable[CapturedMessage]) -> None:
    """Take messages that lie apart from each other by compiled code."""
    wires: list[bytes] = []
    rows: list[tuple[int, ...]] = []
    size_bytes = 0
    for message in messages:
        wire = message.wire[:MAX_MESSAGE_SIZE_BYTES]
        ts_us = UNKNOWN_TIME if message.ts_us is None else message.ts_us
        wires.append(wire)
        rows.append((size_bytes, size_bytes + len(wire), ts_us, 0, 0))
        size_bytes += len(wire)
    if rows:
        octets = np.frombuffer(b"".join(wires), np.uint8)
        held.run(held.kernel.take_messages, octets, np.array(rows, np.int64))


def read_interpreted(stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch]:
    """Read a capture packet by packet, the same result at a hundredth of the speed."""
    traffic = DnsTraffic(options.ports, drops)
    builder = BatchBuilder()
    for packet in read_packets(stream, drops):
        for message in traffic.add(packet):
            record_message(
                message.wire, builder, options, drops,
                ts_us=message.ts_us, client=message.destination,
            )  # fmt: skip
            yield from builder.take_full()
    for message in traffic.finish():
        record_message(
            message.wire, builder, options, drops,
            ts_us=message.ts_us, client=message.destination,
        )  # fmt: skip
        yield from builder.take_full()
    yield from builder.take_rest()


def read_packets(stream: BinaryIO, drops: Drops) -> Iterator[Packet]:
    """Yield the packets of a capture one by one, by interpreted code."""
    head = read_exactly(stream, HEAD_SIZE_BYTES)
    whole = PrefixedStream(head, stream)
    if is_pcap(head):
        return read_pcap(whole, drops)
    if is_pcapng(head):
        return read_pcapng(whole, drops)
    raise UnreadableSourceError(NOT_A_CAPTURE)
