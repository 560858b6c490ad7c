"""Blocks hold the lines that the line reader yields; threads keep their order."""

import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.read import line_blocks
from unflux.read.line_blocks import AHEAD, decode_in_order, read_blocks
from unflux.read.lines import LONG_LINE, MAX_LINE_BYTES, read_lines
from unflux.read.source import Drops

PARTS = [
    b"a",
    b"bc",
    b"\n",
    b"\r",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x82",
    b" ",
]


@given(st.lists(st.sampled_from(PARTS)).map(b"".join), st.integers(1, 9))
def test_blocks_hold_the_same_lines(octets: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blocks, "BLOCK_BYTES", size)
        found = list(read_blocks(io.BytesIO(octets), Drops()))
    assert all(block.endswith(b"\n") for block in found)
    lines = [line for block in found for line in block.decode().split("\n") if line]
    if size >= 3 or not octets.startswith(b"\xef\xbb\xbf"):
        assert lines == [line for line in read_lines(io.BytesIO(octets), Drops()) if line]


@pytest.mark.parametrize("size", [MAX_LINE_BYTES - 1, MAX_LINE_BYTES, 3 * MAX_LINE_BYTES])
@pytest.mark.parametrize("block_bytes", [1 << 19, 1 << 22])
def test_long_lines_are_dropped(size: int, block_bytes: int) -> None:
    octets = b"one\n" + b"x" * size + b"\ntwo\n" + b"y" * size
    drops, expected = Drops(), Drops()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blocks, "BLOCK_BYTES", block_bytes)
        found = b"".join(read_blocks(io.BytesIO(octets), drops))
    lines = [line for line in read_lines(io.BytesIO(octets), expected) if line]
    assert [line for line in found.decode().split("\n") if line] == lines
    assert drops.reasons[LONG_LINE] == expected.reasons[LONG_LINE]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_order_and_few_are_in_hand(workers: int) -> None:
    given_out = 0

    def numbers() -> Iterator[int]:
        nonlocal given_out
        for number in range(50):
            given_out += 1
            yield number

    for number, result in enumerate(decode_in_order(numbers(), lambda n: n * n, workers)):
        assert result == number * number
        assert given_out <= number + 1 + AHEAD * workers


def test_a_failure_in_a_thread_is_raised() -> None:
    def fail(_: int) -> int:
        raise ValueError("a failure")

    with pytest.raises(ValueError, match="a failure"):
        list(decode_in_order([1, 2, 3], fail, 2))
