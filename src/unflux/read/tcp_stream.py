"""DNS messages in TCP streams, each direction for itself, in step again after gaps."""

import struct
from bisect import insort
from typing import Final, NamedTuple

from unflux.model.times import MICROSECONDS_PER_S
from unflux.read.message import HEADER_SIZE_BYTES
from unflux.read.packet import TRUNCATED, UnusablePacketError
from unflux.read.source import Drops

SYN: Final = 0x02
RST: Final = 0x04

WINDOW_BYTES: Final = 1 << 30
"""Farthest a segment can be ahead (RFC 7323 section 2.3)."""

MAX_STREAMS: Final = 20_000
MAX_HELD_BYTES: Final = 64 << 20
"""Streams remembered, and octets held in all of them; the longest silent goes first. Chosen:
2026-11-22; some 80 MB in all, and a resolver keeps a few thousand connections."""

MAX_STREAM_BYTES: Final = 256 << 10
MAX_WAITING_SEGMENTS: Final = 1024
"""Held by one stream behind a gap. Chosen: 2026-11-22; four of the longest messages."""

SEGMENT_COST_BYTES: Final = 160
STREAM_COST_BYTES: Final = 800
"""Memory that a segment and a stream take besides their octets, about."""

GAP_PATIENCE_US: Final = 10 * MICROSECONDS_PER_S
"""How long a gap may stay open. Chosen: 2026-11-22; several retransmissions (RFC 6298)."""

IDLE_US: Final = 120 * MICROSECONDS_PER_S
"""Silence after which the ports may serve another connection. Chosen: 2026-11-22; resolvers
close idle connections after seconds (RFC 7766 section 6.2.3)."""

MIN_FRAMED_BYTES: Final = HEADER_SIZE_BYTES + 5
"""Octets of the shortest message with a question, that for the root."""

GAP: Final = "gap in a TCP stream"
CUT_BY_GAP: Final = "message cut by a gap in a TCP stream"
OUT_OF_STEP: Final = "TCP stream without message length where one is due"
JOINED_INSIDE: Final = "TCP stream joined inside a message"
UNFINISHED: Final = "TCP stream ends inside a message"
OUTSIDE_WINDOW: Final = "TCP segment outside the window"

StreamKey = tuple[bytes, bytes, int, int]
"""(source, destination, source port, destination port)."""

TimedMessage = tuple[bytes, int | None]
"""A message and the moment of the segment that completed it."""


class Segment(NamedTuple):
    """One TCP segment; ``payload`` is as much of it as was captured."""

    source_port: int
    destination_port: int
    sequence: int
    flags: int
    payload: bytes


def parse_segment(data: bytes) -> Segment:
    """Parse a TCP segment (RFC 9293 section 3.1)."""
    if len(data) < 20:
        raise UnusablePacketError(TRUNCATED)
    source_port, destination_port, sequence, offset, flags = struct.unpack_from("!HHI4xBB", data)
    header_bytes = (offset >> 4) * 4
    if header_bytes < 20:
        raise UnusablePacketError("bad TCP header")
    return Segment(source_port, destination_port, sequence, flags, data[header_bytes:])


class _Stream:
    """One direction of a connection; positions are sequence numbers that do not wrap."""

    __slots__ = (
        "buffer", "carry", "first_sequence", "is_in_step", "is_loss_counted", "last_us",
        "next_at", "waiting", "waiting_bytes", "waiting_since_us",
    )  # fmt: skip

    def __init__(self, sequence: int, now_us: int, *, is_in_step: bool) -> None:
        self.first_sequence = sequence
        self.next_at = sequence
        self.is_in_step = is_in_step
        self.is_loss_counted = is_in_step
        self.buffer = bytearray()
        self.carry = b""
        self.waiting: list[tuple[int, bytes, int | None]] = []
        self.waiting_bytes = 0
        self.waiting_since_us = now_us
        self.last_us = now_us

    @property
    def held_bytes(self) -> int:
        return STREAM_COST_BYTES + len(self.buffer) + self.waiting_bytes

    def position(self, sequence: int) -> int:
        """Return the position nearest to the next one that has this sequence number."""
        ahead = (sequence - self.next_at) & 0xFFFF_FFFF
        return self.next_at + (ahead - (1 << 32) if ahead >= 1 << 31 else ahead)


class TcpStreams:
    """All directions of all connections; count and octets are bounded."""

    def __init__(self, drops: Drops) -> None:
        self._drops = drops
        self._streams: dict[StreamKey, _Stream] = {}
        self._held_bytes = 0
        self._now_us = 0

    def add(
        self, key: StreamKey, segment: Segment, ts_us: int | None, now_us: int
    ) -> list[tuple[StreamKey, TimedMessage]]:
        """Add a segment; return the messages that it completes, of any stream.

        ``ts_us`` is the time of the packet or null, ``now_us`` the clock of the capture.
        """
        self._now_us = now_us
        found: list[tuple[StreamKey, TimedMessage]] = []
        stream = self._streams.pop(key, None)
        if stream is not None:
            self._held_bytes -= stream.held_bytes
        stream = self._follow(key, stream, segment, found)
        if stream is not None:
            messages: list[TimedMessage] = []
            start = segment.sequence + (1 if segment.flags & SYN else 0)
            # What a reset carries is a word to the other side, not data (RFC 9293 section 3.5.3).
            payload = b"" if segment.flags & RST else segment.payload
            self._place(stream, stream.position(start), payload, ts_us, messages)
            if segment.flags & RST:
                self._flush(stream, messages)
            found.extend((key, message) for message in messages)
            stream.last_us = now_us
            self._streams[key] = stream  # at the end: the dict is in order of last use
            self._held_bytes += stream.held_bytes
        self._make_room(found)
        return found

    def finish(self) -> list[tuple[StreamKey, TimedMessage]]:
        """Forget all streams; return the messages found behind gaps that never closed."""
        found: list[tuple[StreamKey, TimedMessage]] = []
        while self._streams:
            self._forget_oldest(found)
        return found

    def _follow(
        self,
        key: StreamKey,
        stream: _Stream | None,
        segment: Segment,
        found: list[tuple[StreamKey, TimedMessage]],
    ) -> _Stream | None:
        """Return the stream that a segment belongs to, a new one where a connection begins."""
        first_sequence = (segment.sequence + 1) & 0xFFFF_FFFF
        is_idle = stream is not None and self._now_us - stream.last_us > IDLE_US
        if segment.flags & SYN:
            if stream is not None and stream.first_sequence == first_sequence and not is_idle:
                return stream
            fresh = _Stream(first_sequence, self._now_us, is_in_step=True)
        elif stream is None or (is_idle and stream.position(segment.sequence) != stream.next_at):
            if not segment.payload:
                return stream
            fresh = _Stream(segment.sequence, self._now_us, is_in_step=False)
        else:
            return stream
        if stream is not None:
            messages: list[TimedMessage] = []
            self._flush(stream, messages)
            found.extend((key, message) for message in messages)
        return fresh

    def _place(
        self,
        stream: _Stream,
        at: int,
        payload: bytes,
        ts_us: int | None,
        messages: list[TimedMessage],
    ) -> None:
        """Take a segment that is due, keep one that is early, ignore what came before."""
        if not payload or at + len(payload) <= stream.next_at:
            pass
        elif at <= stream.next_at:
            self._take(stream, payload[stream.next_at - at :], ts_us, messages)
            self._take_waiting(stream, messages)
        elif at - stream.next_at > WINDOW_BYTES:
            self._drops.drop(OUTSIDE_WINDOW)
        else:
            if not stream.waiting:
                stream.waiting_since_us = self._now_us
            insort(stream.waiting, (at, payload, ts_us), key=_place_of)
            stream.waiting_bytes += len(payload) + SEGMENT_COST_BYTES
        while stream.waiting and (
            stream.waiting_bytes > MAX_STREAM_BYTES
            or len(stream.waiting) > MAX_WAITING_SEGMENTS
            or self._now_us - stream.waiting_since_us > GAP_PATIENCE_US
        ):
            self._skip_gap(stream, messages)
            stream.waiting_since_us = self._now_us

    def _take_waiting(self, stream: _Stream, messages: list[TimedMessage]) -> None:
        while stream.waiting and stream.waiting[0][0] <= stream.next_at:
            at, payload, ts_us = stream.waiting.pop(0)
            stream.waiting_bytes -= len(payload) + SEGMENT_COST_BYTES
            if at + len(payload) > stream.next_at:
                self._take(stream, payload[stream.next_at - at :], ts_us, messages)

    def _take(
        self, stream: _Stream, data: bytes, ts_us: int | None, messages: list[TimedMessage]
    ) -> None:
        """Take the octets that are due and cut them into messages (RFC 1035 section 4.2.2)."""
        stream.next_at += len(data)
        if stream.is_in_step:
            stream.buffer += data
        elif not self._find_step(stream, data):
            return
        at, buffer = 0, stream.buffer
        while len(buffer) >= at + 2:
            size_bytes = buffer[at] << 8 | buffer[at + 1]
            if size_bytes < HEADER_SIZE_BYTES:
                self._drops.drop(OUT_OF_STEP)
                stream.is_in_step, stream.is_loss_counted = False, True
                at = len(buffer)
            elif len(buffer) < at + 2 + size_bytes:
                break
            else:
                messages.append((bytes(buffer[at + 2 : at + 2 + size_bytes]), ts_us))
                at += 2 + size_bytes
        del buffer[:at]

    def _find_step(self, stream: _Stream, data: bytes) -> bool:
        """Look for the start of a message where a segment starts, while out of step.

        Some servers send the length in a segment of its own: then the next one decides.
        """
        for start in (data, stream.carry + data):
            if looks_like_message(start):
                stream.buffer += start
                stream.is_in_step, stream.carry = True, b""
                return True
        stream.carry = data if len(data) == 2 else b""
        if not stream.is_loss_counted and not stream.carry:
            self._drops.drop(JOINED_INSIDE)
            stream.is_loss_counted = True
        return False

    def _skip_gap(self, stream: _Stream, messages: list[TimedMessage]) -> None:
        """Give up what is missing and go on behind it."""
        self._drops.drop(GAP)
        if stream.buffer:
            self._drops.drop(CUT_BY_GAP)
            stream.buffer.clear()
        stream.is_in_step, stream.is_loss_counted, stream.carry = False, True, b""
        stream.next_at = stream.waiting[0][0]
        self._take_waiting(stream, messages)

    def _flush(self, stream: _Stream, messages: list[TimedMessage]) -> None:
        while stream.waiting:
            self._skip_gap(stream, messages)
        if stream.buffer:
            self._drops.drop(UNFINISHED)
            stream.buffer.clear()
            stream.is_in_step, stream.is_loss_counted = False, True

    def _make_room(self, found: list[tuple[StreamKey, TimedMessage]]) -> None:
        while self._streams and (
            len(self._streams) > MAX_STREAMS
            or self._held_bytes > MAX_HELD_BYTES
            or self._now_us - next(iter(self._streams.values())).last_us > IDLE_US
        ):
            self._forget_oldest(found)

    def _forget_oldest(self, found: list[tuple[StreamKey, TimedMessage]]) -> None:
        key = next(iter(self._streams))
        stream = self._streams.pop(key)
        self._held_bytes -= stream.held_bytes
        messages: list[TimedMessage] = []
        self._flush(stream, messages)
        found.extend((key, message) for message in messages)


def _place_of(waiting: tuple[int, bytes, int | None]) -> int:
    return waiting[0]


def looks_like_message(data: bytes) -> bool:
    """Tell whether octets are very likely a length and the start of a DNS message.

    One question of opcode QUERY, no more records than the length has room for, and, as far as
    the octets go, an uncompressed name and class IN: one random string in some millions passes.
    """
    if len(data) < 2 + HEADER_SIZE_BYTES:
        return False
    size_bytes, flags, questions, *counts = struct.unpack_from("!H2xHHHHH", data)
    is_response, opcode, reserved = flags & 0x8000, flags & 0x7800, flags & 0x0040
    if size_bytes < MIN_FRAMED_BYTES or opcode or reserved or questions != 1:
        return False
    if sum(counts) > (size_bytes - MIN_FRAMED_BYTES) // 11 or (counts[0] and not is_response):
        return False
    at, end = 2 + HEADER_SIZE_BYTES, min(len(data), 2 + size_bytes)
    while at < end and data[at]:
        if data[at] > 63:
            return False
        at += 1 + data[at]
    return at + 5 > end or data[at + 3 : at + 5] == b"\x00\x01"
