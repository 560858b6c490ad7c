"""DNS messages in TCP streams."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.crafted_packets import framed, make_query, make_response, tcp

from unflux.read import tcp_stream as module
from unflux.read.packet import UnusablePacketError
from unflux.read.source import Drops
from unflux.read.tcp_stream import (
    CUT_BY_GAP,
    GAP,
    GAP_PATIENCE_US,
    IDLE_US,
    JOINED_INSIDE,
    MAX_STREAM_BYTES,
    MAX_STREAMS,
    MAX_WAITING_SEGMENTS,
    OUT_OF_STEP,
    OUTSIDE_WINDOW,
    RST,
    SYN,
    UNFINISHED,
    Segment,
    TcpStreams,
    looks_like_message,
    parse_segment,
)

MESSAGES = [make_response(f"n{number}.example.", number=number) for number in range(1, 5)]
STREAM = b"".join(map(framed, MESSAGES))
SIZE = len(framed(MESSAGES[0]))
KEY = (b"\1\1\1\1", b"\2\2\2\2", 53, 40000)


class Capture:
    """Segments of one stream, unless another key is given; collects the messages."""

    def __init__(self, first: int = 1000) -> None:
        self.drops = Drops()
        self.streams = TcpStreams(self.drops)
        self.first = first
        self.found: list[bytes] = []
        self.times: list[int | None] = []

    def add(self, at: int, payload: bytes, flags: int = 0, now_us: int = 0, key: int = 0) -> None:
        sequence = (self.first + at) & 0xFFFFFFFF
        segment = Segment(53, 40000, sequence, flags, payload)
        self._take(self.streams.add((*KEY[:3], 40000 + key), segment, now_us, now_us))

    def syn(self, payload: bytes = b"", now_us: int = 0, key: int = 0) -> None:
        self.add(-1, payload, SYN, now_us, key)

    def finish(self) -> dict[str, int]:
        self._take(self.streams.finish())
        assert self.streams._held_bytes == 0
        return dict(self.drops.reasons)

    def _take(self, found: list[tuple[module.StreamKey, module.TimedMessage]]) -> None:
        self.found.extend(message for _, (message, _) in found)
        self.times.extend(ts_us for _, (_, ts_us) in found)


def cut(data: bytes, *places: int) -> list[tuple[int, bytes]]:
    bounds = [0, *places, len(data)]
    return [(a, data[a:b]) for a, b in pairwise(bounds)]


def test_parse_segment() -> None:
    segment = parse_segment(tcp(b"data", 77, SYN))
    assert segment == Segment(53, 40000, 77, SYN, b"data")
    for data in (b"", tcp(b"", 1)[:19], tcp(b"", 1)[:12] + b"\x40" + tcp(b"", 1)[13:]):
        with pytest.raises(UnusablePacketError):
            parse_segment(data)


@pytest.mark.parametrize("first", [1000, 0, 2**32 - 1, 2**32 - 60])
@pytest.mark.parametrize("step", [1, 2, 3, 50, SIZE, 4 * SIZE])
def test_segments_of_any_size_and_wraparound(first: int, step: int) -> None:
    capture = Capture(first)
    capture.syn()
    for at in range(0, len(STREAM), step):
        capture.add(at, STREAM[at : at + step], now_us=at)
    assert capture.found == MESSAGES
    assert capture.times == [(number * SIZE - 1) // step * step for number in (1, 2, 3, 4)]
    assert capture.finish() == {}


def test_data_with_the_syn() -> None:
    capture = Capture()
    capture.syn(STREAM[:50])
    capture.add(50, STREAM[50:])
    assert capture.found == MESSAGES
    assert capture.finish() == {}


def test_out_of_order_retransmitted_and_overlapping() -> None:
    for seed in range(50):
        source = random.Random(seed)
        capture = Capture(2**32 - 100)
        capture.syn()
        spans = cut(STREAM, *sorted(source.sample(range(1, len(STREAM)), 9)))
        spans += [(at, STREAM[at : at + 40]) for at in source.sample(range(len(STREAM)), 5)]
        source.shuffle(spans)
        for at, payload in spans:
            capture.add(at, payload)
            capture.add(at, b"")
        capture.syn()
        assert capture.found == MESSAGES
        assert capture.finish() == {}


def test_of_overlapping_segments_the_first_wins() -> None:
    capture = Capture()
    capture.syn()
    capture.add(0, STREAM[:60])
    capture.add(0, b"\0" * SIZE)
    capture.add(60, STREAM[60:SIZE])
    assert capture.found[0][:58] == MESSAGES[0][:58]


def test_joined_at_a_message() -> None:
    capture = Capture()
    capture.add(SIZE, STREAM[SIZE:])
    assert capture.found == MESSAGES[1:]
    assert capture.finish() == {}


def test_joined_inside_a_message_finds_the_next_segment_that_starts_one() -> None:
    capture = Capture()
    capture.add(10, STREAM[10:SIZE])
    capture.add(SIZE, STREAM[SIZE:])
    assert capture.found == MESSAGES[1:]
    assert capture.finish() == {JOINED_INSIDE: 1}


def test_length_in_a_segment_of_its_own_after_a_gap() -> None:
    capture = Capture()
    capture.syn()
    capture.add(SIZE, STREAM[SIZE : SIZE + 2])
    capture.add(SIZE + 2, STREAM[SIZE + 2 : 2 * SIZE])
    assert capture.found == []
    assert capture.finish() == {GAP: 1}
    assert capture.found == [MESSAGES[1]]


def test_gap_inside_a_message() -> None:
    capture = Capture()
    capture.syn()
    capture.add(0, STREAM[:30])
    capture.add(40, STREAM[40:SIZE])
    capture.add(SIZE, STREAM[SIZE:])
    assert capture.finish() == {GAP: 1, CUT_BY_GAP: 1}
    assert capture.found == MESSAGES[1:]


def test_gap_that_closes_late_costs_nothing() -> None:
    capture = Capture()
    capture.syn()
    capture.add(SIZE, STREAM[SIZE:], now_us=1)
    capture.add(0, STREAM[:SIZE], now_us=GAP_PATIENCE_US)
    assert capture.found == MESSAGES
    assert capture.times == [GAP_PATIENCE_US, 1, 1, 1]


def test_gap_is_given_up_after_a_while() -> None:
    capture = Capture()
    capture.syn()
    capture.add(SIZE, STREAM[SIZE : 3 * SIZE])
    capture.add(3 * SIZE, STREAM[3 * SIZE :], now_us=GAP_PATIENCE_US + 1)
    assert capture.found == MESSAGES[1:]
    assert capture.finish() == {GAP: 1}


def test_gap_is_given_up_when_too_much_waits() -> None:
    for count, payload in ((MAX_WAITING_SEGMENTS + 1, b"x"), (5, bytes(MAX_STREAM_BYTES // 4))):
        capture = Capture()
        capture.syn()
        for number in range(count):
            capture.add(10 + number * (len(payload) + 1), payload)
        assert capture.drops.reasons[GAP] >= 1
        (stream,) = capture.streams._streams.values()
        assert stream.waiting_bytes <= MAX_STREAM_BYTES


def test_wrong_length_loses_the_step_until_a_segment_starts_a_message() -> None:
    for length in (b"\0\0", b"\0\x0b"):
        capture = Capture()
        capture.syn()
        data = framed(MESSAGES[0]) + length + framed(MESSAGES[1])
        capture.add(0, data)
        capture.add(len(data), b"noise")
        capture.add(len(data) + 5, framed(MESSAGES[2]))
        assert capture.found == [MESSAGES[0], MESSAGES[2]]
        assert capture.finish() == {OUT_OF_STEP: 1}


def test_unfinished_message() -> None:
    capture = Capture()
    capture.syn()
    capture.add(0, STREAM[: SIZE + 5])
    assert capture.found == MESSAGES[:1]
    assert capture.finish() == {UNFINISHED: 1}


def test_reset_ends_what_waits_and_carries_no_data() -> None:
    capture = Capture()
    capture.syn()
    capture.add(SIZE, STREAM[SIZE : 2 * SIZE])
    capture.add(0, b"connection refused" * 5, RST)
    assert capture.found == MESSAGES[1:2]
    capture.add(2 * SIZE, STREAM[2 * SIZE :])
    assert capture.found == MESSAGES[1:]
    assert capture.finish() == {GAP: 1}


def test_ports_used_again() -> None:
    capture = Capture()
    capture.syn()
    capture.add(0, STREAM)
    capture.first = 500_000_000
    capture.syn()
    capture.add(0, STREAM)
    assert capture.found == MESSAGES * 2
    capture.first = 77
    capture.add(0, STREAM, now_us=IDLE_US + 1)
    assert capture.found == MESSAGES * 3
    assert capture.finish() == {}


def test_last_segment_sent_again_after_the_end_counts_once() -> None:
    capture = Capture()
    capture.syn()
    capture.add(0, STREAM, flags=0x01)
    capture.add(3 * SIZE, STREAM[3 * SIZE :], flags=0x01)
    capture.add(len(STREAM) + 1, b"", flags=0x10)
    assert capture.found == MESSAGES
    assert capture.finish() == {}


def test_segment_outside_the_window() -> None:
    capture = Capture()
    capture.syn()
    capture.add(2**30 + 1, STREAM)
    capture.add(0, STREAM)
    assert capture.found == MESSAGES
    assert capture.finish() == {OUTSIDE_WINDOW: 1}


def test_count_of_streams_is_bounded() -> None:
    capture = Capture()
    for key in range(MAX_STREAMS + 10):
        capture.syn(key=key)
    assert len(capture.streams._streams) == MAX_STREAMS
    capture.add(0, STREAM, key=0)  # forgotten, so joined again
    assert capture.found == MESSAGES
    assert capture.finish() == {}


def test_octets_held_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_HELD_BYTES", 50_000)
    capture = Capture()
    for key in range(30):
        capture.syn(key=key)
        capture.add(0, b"\xff\xff" + bytes(9_000), key=key)
        assert capture.streams._held_bytes <= 50_000
    assert capture.finish() == {UNFINISHED: 30}


def test_silent_streams_are_forgotten() -> None:
    capture = Capture()
    capture.syn()
    capture.add(SIZE, STREAM[SIZE:])
    capture.syn(key=1, now_us=IDLE_US + 1)
    assert len(capture.streams._streams) == 1
    assert capture.found == MESSAGES[1:]


def test_what_looks_like_a_message() -> None:
    for wire in (*MESSAGES, make_query()):
        data = framed(wire)
        assert looks_like_message(data)
        assert looks_like_message(data[:14])
        assert not looks_like_message(data[:13])
        assert not looks_like_message(data[1:])
        assert not looks_like_message(wire)
    whole = framed(MESSAGES[0])
    for at, value in ((1, 16), (4, 0xF8), (5, 0xC0), (7, 2), (9, 200), (4, 0), (14, 0xC0), (28, 3)):
        changed = bytearray(whole)
        changed[at] = value
        assert not looks_like_message(bytes(changed)), at


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.integers(-5, 4 * SIZE),
            st.integers(0, 3 * SIZE),
            st.sampled_from([0, 0, SYN, RST, 1]),
        ),
        max_size=30,
    ),
    st.integers(0, 2**32 - 1),
)
def test_any_segments_of_a_stream(segments: list[tuple[int, int, int]], first: int) -> None:
    capture = Capture(first)
    for at, size_bytes, flags in segments:
        capture.add(at, STREAM[max(at, 0) : max(at, 0) + size_bytes], flags)
    capture.finish()
    assert len(capture.found) <= 4 * len(segments) + 4


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=60), st.integers(0, 255))))
def test_any_octets(segments: list[tuple[int, bytes, int]]) -> None:
    capture = Capture()
    for sequence, payload, flags in segments:
        capture.add(sequence, payload, flags)
    capture.finish()
    assert all(len(wire) >= 12 for wire in capture.found)
    assert sum(map(len, capture.found)) <= sum(len(payload) for _, payload, _ in segments)
