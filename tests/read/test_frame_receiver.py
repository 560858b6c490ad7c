"""Frame Streams from a sender: the handshake, frames cut anywhere, and what is none."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.watch.streams import golden_frames

from unflux.model.control_frames import (
    ACCEPT,
    CONTENT_TYPE,
    FINISH,
    READY,
    START,
    STOP,
    compose_control_frame,
)
from unflux.read.frame_receiver import FrameReceiver
from unflux.read.frame_streams import (
    BAD_CONTROL,
    CUT_SHORT,
    LONG_FRAME,
    MAX_FRAME_BYTES,
    NO_START,
    OTHER_CONTENT,
)
from unflux.read.source import Drops

HELLO = compose_control_frame(READY, CONTENT_TYPE)
BEGIN = compose_control_frame(START, CONTENT_TYPE)
END = compose_control_frame(STOP)


def received(octets: bytes, cuts: list[int]) -> tuple[bytes, int, bytes, dict[str, int], bool]:
    drops = Drops()
    receiver = FrameReceiver(CONTENT_TYPE, drops)
    frames = reply = b""
    count = 0
    bounds = [0, *sorted(cut % (len(octets) + 1) for cut in cuts), len(octets)]
    for begin, end in pairwise(bounds):
        got = receiver.receive(octets[begin:end])
        frames, count, reply = frames + got.frames, count + got.frame_count, reply + got.reply
    receiver.end()
    return frames, count, reply, dict(drops.reasons), receiver.is_over


@given(st.lists(st.integers(0, 5000), max_size=12), st.booleans())
def test_frames_come_whole_wherever_the_octets_are_cut(cuts: list[int], is_asked: bool) -> None:
    octets = (HELLO if is_asked else b"") + BEGIN + golden_frames() + END
    answers = compose_control_frame(ACCEPT, CONTENT_TYPE) + compose_control_frame(FINISH)
    assert received(octets, cuts) == (golden_frames(), 7, answers if is_asked else b"", {}, True)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", NO_START),
        (golden_frames(), NO_START),
        (HELLO + golden_frames(), NO_START),
        (compose_control_frame(READY, b"other"), OTHER_CONTENT),
        (compose_control_frame(STOP), BAD_CONTROL),
        (HELLO + HELLO, BAD_CONTROL),
        (BEGIN + BEGIN, BAD_CONTROL),
        (BEGIN + bytes(4) + b"\xff\xff\xff\xff", BAD_CONTROL),
        (BEGIN + bytes(8), BAD_CONTROL),
    ],
)
def test_what_is_no_stream_ends_it_for_a_counted_reason(octets: bytes, reason: str) -> None:
    frames, count, _, drops, is_over = received(octets, [])
    assert (frames, count, drops, is_over) == (b"", 0, {reason: 1}, True)


def test_a_frame_too_long_is_passed_over_and_one_cut_short_counted() -> None:
    size = MAX_FRAME_BYTES + 1
    long = size.to_bytes(4, "big") + bytes(size)
    frames = golden_frames()
    octets = BEGIN + frames + long + frames
    assert received(octets, [100, 9_000, 200_000]) == (
        2 * frames, 14, b"", {LONG_FRAME: 1}, False
    )  # fmt: skip
    assert received(octets + frames[:-1], [])[3] == {LONG_FRAME: 1, CUT_SHORT: 1}
    assert received(BEGIN + long[:-1], [])[3] == {LONG_FRAME: 1, CUT_SHORT: 1}


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_any_octets_are_frames_or_counted(octets: bytes, cuts: list[int]) -> None:
    _, _, _, drops, is_over = received(octets, cuts)
    assert sum(drops.values()) <= 1
    assert not is_over or drops or octets
