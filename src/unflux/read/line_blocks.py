"""Blocks of whole lines from a byte stream, and several of them decoded at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from unflux.read.lines import BYTE_ORDER_MARK, LONG_LINE, MAX_LINE_BYTES, Readable, decode
from unflux.read.source import Drops

BLOCK_BYTES: Final = 4 << 20
"""Text decoded at once. Chosen: 2026-11-24; some 15,000 rows, 40 MB of columns at most, and the
fixed cost of a block below a tenth of its time."""

AHEAD: Final = 2
"""Blocks in hand for each worker: the one it decodes, and its next or last."""

Input = TypeVar("Input")
Output = TypeVar("Output")


def read_blocks(stream: Readable, drops: Drops) -> Iterator[bytes]:
    """Yield the lines of a stream as :func:`unflux.read.lines.read_lines` has them, in blocks.

    A block is UTF-8 and ends with a line end; every line end is LF. Lines may be empty. A line
    over the limit is dropped and counted.
    """
    rest, skipping, is_start = b"", False, True
    while chunk := stream.read(BLOCK_BYTES):
        if is_start:
            chunk, is_start = chunk.removeprefix(BYTE_ORDER_MARK), False
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = chunk.rfind(b"\n") + 1
        if skipping and end:
            chunk = chunk[chunk.index(b"\n") + 1 :]
            skipping, end = False, chunk.rfind(b"\n") + 1
        if skipping:
            continue
        if end:
            block = b"".join((rest, memoryview(chunk)[:end]))
            yield from _as_utf8(_without_long_lines(block, drops))
            rest = chunk[end:]
        else:
            rest += chunk
        if len(rest) > MAX_LINE_BYTES:
            drops.drop(LONG_LINE)
            rest, skipping = b"", True
    if rest:
        yield from _as_utf8(rest + b"\n")


def _without_long_lines(block: bytes, drops: Drops) -> bytes:
    """Leave out lines of more octets than the limit, their ends included, and count them."""
    if len(block) <= MAX_LINE_BYTES:
        return block
    # A long line covers one of these strides whole.
    stride = MAX_LINE_BYTES // 2
    for start in range(0, len(block) - stride, stride):
        if block.find(b"\n", start, start + stride) < 0:
            break
    else:
        return block
    lines = block.splitlines(keepends=True)
    kept = [line for line in lines if len(line) <= MAX_LINE_BYTES]
    if len(kept) < len(lines):
        drops.drop(LONG_LINE, len(lines) - len(kept))
    return b"".join(kept)


def _as_utf8(block: bytes) -> Iterator[bytes]:
    """Yield the block if there is any of it, ``\\xHH`` for octets that are not UTF-8."""
    if not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError:
            block = decode(block).encode()
    if block:
        yield block


def decode_in_order(
    inputs: Iterable[Input], function: Callable[[Input], Output], workers: int
) -> Iterator[Output]:
    """Apply a function to each input in so many threads; yield the results in order.

    At most :data:`AHEAD` inputs for each worker are in hand at a time.
    """
    if workers <= 1:
        yield from map(function, inputs)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    ahead: deque[Future[Output]] = deque()
    try:
        for item in inputs:
            ahead.append(pool.submit(function, item))
            if len(ahead) >= AHEAD * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
