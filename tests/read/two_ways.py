"""The two ways a capture or frame stream is read, and whether they agree."""

import io
from collections.abc import Iterator
from types import ModuleType
from typing import BinaryIO, cast

import numpy as np
from tests.read.crafted_packets import Trickle

from unflux.model.errors import UnfluxError
from unflux.model.rollup import Rollup, merge, settle
from unflux.read import capture, dnstap
from unflux.read.kernel.layout import PACKET_WIDTH
from unflux.read.kernel.native import Kernel, load_kernel
from unflux.read.kernel.rollup import roll_up_tables
from unflux.read.kernel.tables import TableSet
from unflux.read.rollup import roll_up
from unflux.read.source import Batch, Drops, Options

Outcome = tuple[Rollup | str, Drops]
"""What was read, or the refusal, and what was counted."""


def kernel() -> Kernel:
    """Return the compiled kernel of this machine."""
    found = load_kernel()
    assert found is not None
    return found


def interpreted(octets: bytes, options: Options | None = None) -> Outcome:
    """Read by the interpreter, message by message."""
    drops = Drops()
    read = _module(octets).read_interpreted
    return _collect(read(io.BytesIO(octets), options or Options(), drops)), drops


def compiled(
    octets: bytes,
    options: Options | None = None,
    *,
    by: Kernel | None = None,
    step_bytes: int | None = None,
) -> Outcome:
    """Read by the compiled kernel, from a stream that gives a few octets at a time if asked."""
    drops = Drops()
    stream = io.BytesIO(octets) if step_bytes is None else Trickle(octets, step_bytes)
    read = _module(octets).read_compiled
    parts = read(by or kernel(), cast(BinaryIO, stream), options or Options(), drops)
    return _collect(parts), drops


def _module(octets: bytes) -> ModuleType:
    return dnstap if dnstap.Dnstap().recognises(octets[: 1 << 16]) else capture


def _collect(parts: Iterator[Batch | Rollup]) -> Rollup | str:
    try:
        rollups = [roll_up(part) if isinstance(part, Batch) else part for part in parts]
    except UnfluxError as refusal:
        return str(refusal)
    return settle(merge(rollups))


def decode(*messages: bytes, ts_us: int = 0, by: Kernel | None = None) -> Outcome:
    """Let the kernel take messages that lie bare."""
    held, drops = TableSet(by or kernel(), Options()), Drops()
    rows = np.zeros((len(messages), PACKET_WIDTH), np.int64)
    ends = np.cumsum([len(message) for message in messages])
    rows[:, 0] = ends - [len(message) for message in messages]
    rows[:, 1], rows[:, 2] = ends, ts_us
    octets = np.frombuffer(b"".join(messages) or b"\0", np.uint8)
    held.run(held.kernel.take_messages, octets, rows)
    held.count_into(drops)
    return roll_up_tables(held), drops
