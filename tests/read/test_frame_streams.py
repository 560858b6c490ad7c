"""Frame Streams."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import Trickle

from unflux.model.control_frames import ACCEPT, FINISH, READY, START, STOP
from unflux.model.errors import UnreadableSourceError
from unflux.read.frame_streams import (
    BAD_CONTROL,
    CUT_SHORT,
    LONG_FRAME,
    MAX_CONTROL_BYTES,
    MAX_FRAME_BYTES,
    OTHER_CONTENT,
    begins_frame_stream,
    read_frames,
)
from unflux.read.source import Drops

TYPE = b"protobuf:of.Tests"


def control(kind: int, *types: bytes) -> bytes:
    body = struct.pack("!I", kind)
    for name in types:
        body += struct.pack("!II", 1, len(name)) + name
    return struct.pack("!II", 0, len(body)) + body


def data(*frames: bytes) -> bytes:
    return b"".join(struct.pack("!I", len(frame)) + frame for frame in frames)


def read(octets: bytes) -> tuple[list[bytes], dict[str, int]]:
    drops = Drops()
    return list(read_frames(Trickle(octets, 50), TYPE, drops)), dict(drops.reasons)


@pytest.mark.parametrize(
    "start",
    [
        control(START, TYPE),
        control(START),
        control(READY, b"other", TYPE) + control(ACCEPT, TYPE) + control(START, TYPE),
    ],
)
def test_uni_and_bidirectional(start: bytes) -> None:
    octets = start + data(b"one", b"two") + control(STOP) + control(FINISH)
    assert begins_frame_stream(octets, TYPE)
    assert read(octets) == ([b"one", b"two"], {})
    assert read(octets * 2) == ([b"one", b"two"] * 2, {})


@pytest.mark.parametrize(
    "octets",
    [
        b"\0\0\0\5hello",
        b"\0\0\0\0",
        b"\0\0\0\0\0\0\0\3abc",
        struct.pack("!II", 0, MAX_CONTROL_BYTES + 1) + bytes(600),
        control(START, b"protobuf:of.Others"),
        control(9),
        control(START, TYPE)[:-1],
        control(START)[:4] + b"\0\0\0\x08" + struct.pack("!II", START, 1),
        control(START)[:4] + b"\0\0\0\x0c" + struct.pack("!III", START, 1, 9),
        control(START)[:4] + b"\0\0\0\x0c" + struct.pack("!III", START, 2, 0),
    ],
)
def test_other_files_are_unreadable(octets: bytes) -> None:
    assert not begins_frame_stream(octets[:4] if octets[-1:] == b"T" else octets, TYPE)
    with pytest.raises(UnreadableSourceError):
        read(octets)


def test_nothing_at_all() -> None:
    assert read(b"") == ([], {})
    assert not begins_frame_stream(b"", TYPE)


def test_a_stream_begins_with_start_or_ready() -> None:
    assert not begins_frame_stream(control(STOP), TYPE)


def test_cut_short_anywhere() -> None:
    start = control(START, TYPE)
    whole = start + data(b"frame") + control(STOP)
    for size_bytes in range(len(start) + 1, len(whole)):
        frames, reasons = read(whole[:size_bytes])
        at_boundary = size_bytes == len(start) + 9
        assert reasons == ({} if at_boundary else {CUT_SHORT: 1})
        assert len(frames) == (size_bytes >= len(start) + 9)


def test_long_frame_is_passed_over() -> None:
    octets = control(START, TYPE) + data(bytes(MAX_FRAME_BYTES + 1), b"next")
    assert read(octets) == ([b"next"], {LONG_FRAME: 1})
    octets = control(START, TYPE) + struct.pack("!I", 2**32 - 1) + bytes(100)
    assert read(octets) == ([], {LONG_FRAME: 1, CUT_SHORT: 1})


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (control(START, b"other"), OTHER_CONTENT),
        (control(77), BAD_CONTROL),
        (struct.pack("!II", 0, 3), BAD_CONTROL),
        (struct.pack("!II", 0, 2**31), BAD_CONTROL),
    ],
)
def test_bad_control_frame_later_ends_the_reading(octets: bytes, reason: str) -> None:
    assert read(control(START, TYPE) + data(b"x") + octets + data(b"y")) == ([b"x"], {reason: 1})


@given(st.binary(max_size=200))
def test_any_octets(octets: bytes) -> None:
    frames, _ = read(control(START, TYPE) + octets)
    assert sum(len(frame) + 4 for frame in frames) <= len(octets)
