"""Flows of a packet capture: packets become directions, and these become flows."""

from collections.abc import Iterator
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa

from unflux.model.addresses import AddressNumbers, address_texts
from unflux.model.flows import TCP
from unflux.model.times import LATEST_US
from unflux.read.blocks import Block, cut_blocks
from unflux.read.capture import HEAD_SIZE_BYTES, choose_framer, read_packets
from unflux.read.flow_assembly import Directions, assemble, condense
from unflux.read.flow_heads import FlowHeads, Key
from unflux.read.flow_source import FlowBatch, FlowOptions
from unflux.read.flow_texts import to_flows
from unflux.read.http_heads import MOST_BYTES, RequestHead, parse_request, parse_status
from unflux.read.kernel.layout import PACKET_WIDTH, UNKNOWN_TIME
from unflux.read.kernel.native import load_kernel
from unflux.read.packet_columns import Packets, parse_packets
from unflux.read.pcap import is_pcap
from unflux.read.pcapng import is_pcapng
from unflux.read.source import Doc, Drops
from unflux.read.tls_hello import HANDSHAKE, parse_server_name
from unflux.read.window import Window

CONDENSED_ROWS: Final = 1 << 20
"""Packets that are kept before those of a direction are added up. Chosen: 2026-11-28; their columns
have 58 octets each."""

MAX_HEADS: Final = 2_000_000
"""Requests, responses and names of TLS that are kept. Chosen: 2026-11-28; a short request takes 540
octets of memory, a status 300: 0.8 GB for a million of each."""
TOO_MANY: Final = "head of HTTP or TLS beyond the limit of two million"

_WORDS: Final = tuple(
    int.from_bytes(word, "big")
    for word in (
        *(b"GET ", b"POST", b"HEAD", b"PUT ", b"CONN", b"OPTI", b"DELE", b"TRAC", b"PATC"),
        b"HTTP",
    )
)
"""How segments begin: with a method (RFC 9110 section 9, RFC 5789), or with a response."""

_HELLO: Final = int.from_bytes(b"\x16\x03", "big")
"""How a record of TLS begins that has a ClientHello (RFC 8446 section 5.1)."""


class FlowCapture:
    """TCP and UDP flows of a packet capture, with the heads of plain HTTP in them."""

    NAME = "capture"
    DOC = Doc(
        summary="Packet captures, pcap and pcapng: flows of TCP and UDP, plain HTTP/1, names that "
        "TLS asks for, AA of DNS",
        references=(
            "RFC 9293",
            "RFC 768",
            "RFC 9110 section 9",
            "RFC 9112",
            "RFC 6066 section 3",
            "RFC 1035 section 4.1.1",
        ),
        limitations=(
            "Octets of payload are counted as headers say, retransmissions twice.",
            "Only the first fragment of a datagram is counted, and no tunnel is opened.",
            "Of several requests of one connection the first is kept, where it begins a segment.",
            "A server name of TLS is read where the first segment of a connection has it.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell whether the bytes begin a pcap file or a pcapng section."""
        return is_pcap(head) or is_pcapng(head)

    def read(self, stream: BinaryIO, options: FlowOptions, drops: Drops) -> Iterator[FlowBatch]:
        """Decode all packets, and yield the flows at the end."""
        gathered = _Gathered(drops)
        for block in _blocks(stream, drops):
            gathered.add(parse_packets(block, drops), block)
        yield FlowBatch(flows=gathered.flows())


def _blocks(stream: BinaryIO, drops: Drops) -> Iterator[Block]:
    kernel = load_kernel()
    if kernel is not None:
        window = Window(stream)
        framer = choose_framer(kernel, window.peek(HEAD_SIZE_BYTES), drops)
        yield from cut_blocks(window, framer)
        return
    for packet in read_packets(stream, drops):
        rows = np.zeros((1, PACKET_WIDTH), np.int64)
        at_us = UNKNOWN_TIME if packet.ts_us is None else min(packet.ts_us, LATEST_US)
        rows[0, :4] = (0, len(packet.data), max(at_us, UNKNOWN_TIME), packet.link_type)
        yield Block(octets=np.frombuffer(packet.data or b"\0", np.uint8), rows=rows, now_us=0)


class _Gathered:
    """What was read of a capture so far."""

    def __init__(self, drops: Drops) -> None:
        self._drops = drops
        self._numbers: dict[tuple[int, int, bool], int] = {}
        self._parts: list[Directions] = []
        self._row_count = 0
        self._requests: list[tuple[int, Key, RequestHead]] = []
        self._statuses: list[tuple[int, Key, int]] = []
        self._server_names: list[tuple[int, Key, str]] = []

    def add(self, packets: Packets, block: Block) -> None:
        """Add the packets of a block."""
        source = self._number(packets.source, packets.is_ipv6)
        target = self._number(packets.target, packets.is_ipv6)
        self._read_heads(packets, block, source, target)
        self._parts.append(
            Directions(
                first_us=packets.at_us,
                last_us=packets.at_us,
                source=source,
                source_port=packets.source_port,
                target=target,
                target_port=packets.target_port,
                protocol=packets.protocol,
                payload_bytes=packets.payload_bytes,
                opens=packets.opens,
                authority=packets.authority,
            )
        )
        self._row_count += len(source)
        if self._row_count > CONDENSED_ROWS:
            self._parts = [condense(Directions.joined(self._parts))]
            # Where little was added up, wait for as much again.
            self._row_count = min(len(self._parts[0].source) // 2, CONDENSED_ROWS // 2)

    def flows(self) -> pa.Table:
        """Return the flows of all that was added."""
        if not self._parts:
            return to_flows({}, 0)
        found = assemble(Directions.joined(self._parts))
        count = len(found.first_us)
        texts = self._texts()
        heads = FlowHeads(found)
        for at_us, key, request in self._requests:
            heads.put_request(at_us, key, request)
        for at_us, key, status in self._statuses:
            heads.put_status(at_us, key, status)
        for at_us, key, name in self._server_names:
            heads.put_server_name(at_us, key, name)
        return to_flows(
            {
                **found.columns(texts),
                "http_method": heads.column("method"),
                "http_host": heads.column("host"),
                "http_target": heads.column("target"),
                "http_status": pa.array(
                    [heads.statuses.get(row) for row in range(count)], pa.int64()
                )
                if heads.statuses
                else None,
                "server_name": heads.server_name_column(),
            },
            count,
        )

    def _number(self, halves: np.ndarray, is_ipv6: np.ndarray) -> np.ndarray:
        """Return the number of each address, new ones in the order they come."""
        rows = np.column_stack([halves, is_ipv6.astype(np.uint64)])
        packed = np.ascontiguousarray(rows).view("V24").ravel()
        distinct, codes = np.unique(packed, return_inverse=True)
        numbers = [
            self._numbers.setdefault((high, low, bool(wide)), len(self._numbers))
            for high, low, wide in distinct.view(np.uint64).reshape(-1, 3).tolist()
        ]
        return np.array(numbers, np.int64)[codes.ravel()] if numbers else np.empty(0, np.int64)

    def _texts(self) -> pa.Array:
        keys = np.array(list(self._numbers), np.uint64).reshape(-1, 3)
        family = np.where(keys[:, 2] == 1, 6, 4).astype(np.uint8)
        return address_texts(AddressNumbers(family, keys[:, 0], keys[:, 1]))

    def _read_heads(
        self, packets: Packets, block: Block, source: np.ndarray, target: np.ndarray
    ) -> None:
        """Read requests and statuses of HTTP, and names of TLS, that begin a segment."""
        at, end = packets.payload_at, packets.captured_end
        rows = np.flatnonzero((packets.protocol == TCP) & (end - at >= 16))
        word = np.zeros(len(rows), np.int64)
        for place in range(4):
            word = word << 8 | block.octets[at[rows] + place]
        rows = rows[np.isin(word, _WORDS) | (word >> 16 == _HELLO)]
        kept = len(self._requests) + len(self._statuses) + len(self._server_names)
        room = max(MAX_HEADS - kept, 0)
        if len(rows) > room:
            self._drops.drop(TOO_MANY, len(rows) - room)
        for row in rows[:room].tolist():
            segment = block.octets[at[row] : min(end[row], at[row] + MOST_BYTES)].tobytes()
            here = (int(source[row]), int(packets.source_port[row]))
            there = (int(target[row]), int(packets.target_port[row]))
            at_us = int(packets.at_us[row])
            if segment.startswith(b"HTTP"):
                status = parse_status(segment)
                if status is not None:
                    self._statuses.append((at_us, (*there, *here), status))
            elif segment[0] == HANDSHAKE:
                name = parse_server_name(segment)
                if name is not None:
                    self._server_names.append((at_us, (*here, *there), name))
            elif (request := parse_request(segment)) is not None:
                self._requests.append((at_us, (*here, *there), request))
