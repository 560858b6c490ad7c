"""Bounded reading of streams that give what they please."""

import io

import pytest
from tests.read.crafted_packets import Trickle

from unflux.read.packet import PrefixedStream, read_exactly, skip_bytes


@pytest.mark.parametrize("step_bytes", [1, 3, 100])
def test_read_exactly(step_bytes: int) -> None:
    stream = Trickle(b"abcdefgh", step_bytes)
    assert [read_exactly(stream, 3) for _ in range(4)] == [b"abc", b"def", b"gh", b""]


def test_skip_bytes() -> None:
    stream = io.BytesIO(bytes(200_000) + b"rest")
    assert skip_bytes(stream, 200_000)
    assert stream.read() == b"rest"
    assert not skip_bytes(io.BytesIO(b"abc"), 4)
    assert skip_bytes(io.BytesIO(b""), 0)


def test_prefixed_stream() -> None:
    stream = PrefixedStream(b"abc", io.BytesIO(b"def"))
    assert [stream.read(2), stream.read(2), stream.read(2), stream.read(9)] == [
        b"ab", b"c", b"de", b"f",
    ]  # fmt: skip
    assert read_exactly(PrefixedStream(b"abc", Trickle(b"def", 1)), 6) == b"abcdef"
