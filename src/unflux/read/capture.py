"""Packet captures: pcap and pcapng."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from unflux.model.errors import UnreadableSourceError
from unflux.read.batching import BatchBuilder
from unflux.read.dns_traffic import DnsTraffic
from unflux.read.message import record_message
from unflux.read.packet import Packet, PrefixedStream, read_exactly
from unflux.read.pcap import is_pcap, read_pcap
from unflux.read.pcapng import is_pcapng, read_pcapng
from unflux.read.source import Batch, Doc, Drops, Options

HEAD_SIZE_BYTES: Final = 24
"""Enough to tell the two formats apart."""


class Capture:
    """DNS over UDP and TCP in a packet capture."""

    NAME = "capture"
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
            "Link types: NULL, LOOP, Ethernet (VLAN, PPPoE, MPLS, SNAP), PPP, PPP_HDLC, C_HDLC,"
            " RAW, IPV4, IPV6, LINUX_SLL, LINUX_SLL2 and NFLOG; a packet of any other, such as"
            " wireless LAN, is a counted drop.",
            "Tunnels: IP in IP, GRE, PPTP, ERSPAN type II, GTP-U, VXLAN and Geneve, four packets"
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

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch]:
        """Decode all responses on ``options.ports``; pieces of a message take its last time."""
        traffic = DnsTraffic(options.ports, drops)
        builder = BatchBuilder()
        for packet in _read_packets(stream, drops):
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


def _read_packets(stream: BinaryIO, drops: Drops) -> Iterator[Packet]:
    head = read_exactly(stream, HEAD_SIZE_BYTES)
    whole = PrefixedStream(head, stream)
    if is_pcap(head):
        return read_pcap(whole, drops)
    if is_pcapng(head):
        return read_pcapng(whole, drops)
    raise UnreadableSourceError("not a packet capture: neither a pcap nor a pcapng header")
