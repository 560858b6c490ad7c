"""Flows of a packet capture: packets become directions, and these become flows."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa

from unflux.model.addresses import AddressNumbers, address_texts
from unflux.model.columns import MOMENT
from unflux.model.flows import TCP
from unflux.read.blocks import Block, cut_blocks
from unflux.read.capture import HEAD_SIZE_BYTES, choose_framer, read_packets
from unflux.read.flow_assembly import Assembled, Directions, assemble, condense
from unflux.read.flow_source import FlowBatch, FlowOptions
from unflux.read.flow_texts import to_flows
from unflux.read.http_heads import MOST_BYTES, RequestHead, parse_request, parse_status
from unflux.read.kernel.layout import PACKET_WIDTH, UNKNOWN_TIME
from unflux.read.kernel.native import load_kernel
from unflux.read.packet_columns import Packets, parse_packets
from unflux.read.pcap import is_pcap
from unflux.read.pcapng import is_pcapng
from unflux.read.source import Doc, Drops
from unflux.read.window import Window

CONDENSED_ROWS: Final = 1 << 20
"""Packets that are kept before those of a direction are added up. Chosen: 2026-11-28; their columns
have 58 octets each."""

MAX_HEADS: Final = 2_000_000
"""Requests and responses that are kept. Chosen: 2026-11-28; a short request takes 540 octets of
memory, a status 300: 0.8 GB for a million of each."""

_WORDS: Final = tuple(
    int.from_bytes(word, "big") for word in (b"GET ", b"POST", b"HEAD", b"PUT ", b"HTTP")
)

Key = tuple[int, int, int, int]
"""Client and its port, server and its port."""


class FlowCapture:
    """TCP and UDP flows of a packet capture, with the heads of plain HTTP in them."""

    NAME = "capture"
    DOC = Doc(
        summary="Packet captures, pcap and pcapng: flows of TCP and UDP, plain HTTP/1, AA of DNS",
        references=("RFC 9293", "RFC 768", "RFC 9112", "RFC 1035 section 4.1.1"),
        limitations=(
            "Octets of payload are counted as headers say, retransmissions twice.",
            "Only the first fragment of a datagram is counted, and no tunnel is opened.",
            "Of several requests of one connection the first is kept, where it begins a segment.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell whether the bytes begin a pcap file or a pcapng section."""
        return is_pcap(head) or is_pcapng(head)

    def read(self, stream: BinaryIO, options: FlowOptions, drops: Drops) -> Iterator[FlowBatch]:
        """Decode all packets, and yield the flows at the end."""
        gathered = _Gathered()
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
        at_us = UNKNOWN_TIME if packet.ts_us is None else packet.ts_us
        rows[0, :4] = (0, len(packet.data), at_us, packet.link_type)
        yield Block(octets=np.frombuffer(packet.data or b"\0", np.uint8), rows=rows, now_us=0)


class _Gathered:
    """What was read of a capture so far."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int, bool], int] = {}
        self._parts: list[Directions] = []
        self._row_count = 0
        self._requests: list[tuple[int, Key, RequestHead]] = []
        self._statuses: list[tuple[int, Key, int]] = []

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
        heads = _Heads(found)
        for at_us, key, request in self._requests:
            heads.put_request(at_us, key, request)
        for at_us, key, status in self._statuses:
            heads.put_status(at_us, key, status)
        authority = pa.array(found.authority == 1, mask=found.authority < 0)
        return to_flows(
            {
                "first_at": pa.array(found.first_us).cast(MOMENT),
                "last_at": pa.array(found.last_us).cast(MOMENT),
                "client": texts.take(pa.array(found.client)),
                "client_port": pa.array(found.client_port),
                "server": texts.take(pa.array(found.server)),
                "server_port": pa.array(found.server_port),
                "protocol": pa.array(found.protocol),
                "sent_bytes": pa.array(found.sent_bytes),
                "received_bytes": pa.array(found.received_bytes),
                "http_method": heads.column("method"),
                "http_host": heads.column("host"),
                "http_target": heads.column("target"),
                "http_status": pa.array(
                    [heads.statuses.get(row) for row in range(count)], pa.int64()
                )
                if heads.statuses
                else None,
                "is_authoritative": authority,
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
        """Read requests and statuses of HTTP that begin a segment."""
        at, end = packets.payload_at, packets.captured_end
        rows = np.flatnonzero((packets.protocol == TCP) & (end - at >= 16))
        if not len(rows) or len(self._requests) + len(self._statuses) >= MAX_HEADS:
            return
        word = np.zeros(len(rows), np.int64)
        for place in range(4):
            word = word << 8 | block.octets[at[rows] + place]
        for row in rows[np.isin(word, _WORDS)].tolist():
            segment = block.octets[at[row] : min(end[row], at[row] + MOST_BYTES)].tobytes()
            here = (int(source[row]), int(packets.source_port[row]))
            there = (int(target[row]), int(packets.target_port[row]))
            at_us = int(packets.at_us[row])
            if segment.startswith(b"HTTP"):
                status = parse_status(segment)
                if status is not None:
                    self._statuses.append((at_us, (*there, *here), status))
            elif (request := parse_request(segment)) is not None:
                self._requests.append((at_us, (*here, *there), request))


class _Heads:
    """Heads of HTTP, given to the flows they were seen in: the first of each."""

    def __init__(self, flows: Assembled) -> None:
        self._flows = flows
        self._rows: dict[Key, list[int]] | None = None
        self._requests: dict[int, RequestHead] = {}
        self.statuses: dict[int, int] = {}

    def put_request(self, at_us: int, key: Key, request: RequestHead) -> None:
        """Give a request to its flow."""
        row = self._find(at_us, key)
        if row is not None:
            self._requests.setdefault(row, request)

    def put_status(self, at_us: int, key: Key, status: int) -> None:
        """Give a status to its flow."""
        row = self._find(at_us, key)
        if row is not None:
            self.statuses.setdefault(row, status)

    def column(self, name: str) -> pa.Array | None:
        """Return a part of the requests as a column; null where none was seen at all."""
        if not self._requests:
            return None
        rows = range(len(self._flows.first_us))
        heads = (self._requests.get(row) for row in rows)
        return pa.array([None if h is None else getattr(h, name) for h in heads], pa.string())

    def _find(self, at_us: int, key: Key) -> int | None:
        """Return the last flow of a key that began by then."""
        if self._rows is None:
            self._rows = self._by_key()
        rows = self._rows.get(key, [])
        begun = bisect_right(rows, at_us, key=lambda row: int(self._flows.first_us[row]))
        return rows[begun - 1] if begun else None

    def _by_key(self) -> dict[Key, list[int]]:
        """Return the flows of each key, in order of their start."""
        flows = self._flows
        ends = (flows.client, flows.client_port, flows.server, flows.server_port)
        rows: dict[Key, list[int]] = {}
        for row, key in enumerate(zip(*(column.tolist() for column in ends), strict=True)):
            rows.setdefault(key, []).append(row)
        return rows
