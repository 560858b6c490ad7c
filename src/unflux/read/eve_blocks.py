"""Suricata's EVE log, a block of lines at a time, version 1 event by event."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from unflux.read.batching import BatchBuilder
from unflux.read.eve_columns import SHAPE, Events, batch_of
from unflux.read.eve_events import PENDING_QUERIES, Joiner, take_event
from unflux.read.json_objects import (
    JsonObject,
    is_array,
    objects_of_lines,
    parse_object,
    read_objects,
)
from unflux.read.line_blocks import decode_in_order, read_blocks
from unflux.read.lines import Peeked
from unflux.read.objects import Objects
from unflux.read.passes import gather, have_passes
from unflux.read.source import Batch, Drops, Options

MIN_COLUMNAR_BYTES: Final = 1 << 13
"""Blocks of fewer octets are decoded event by event; see :mod:`unflux.read.zeek_tsv`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decoded:
    """What columns made of a block."""

    block: bytes
    drops: Drops
    batches: tuple[Batch, ...] = ()
    questions: bytes = b""
    """Lines that ask something, which a version 1 answer may refer to."""
    question_count: int = 0
    is_understood: bool = True
    """False where the block holds version 1 answers, or there are no compiled passes: nothing of
    it was decoded."""


def read_events(stream: Peeked, options: Options, drops: Drops) -> Iterator[Batch]:
    """Decode the DNS events of a log."""
    builder = BatchBuilder()
    joiner = Joiner(builder, drops)
    if is_array(stream.head):
        yield from _take_all(read_objects(stream, drops), builder, joiner, options, drops)
    else:
        asked = _Asked()
        blocks = decode_in_order(
            read_blocks(stream, drops), partial(_decode, options=options), options.workers
        )
        for decoded in blocks:
            if decoded.is_understood and not joiner.is_open:
                drops.add(decoded.drops)
                asked.add(decoded.questions, decoded.question_count)
                yield from decoded.batches
                continue
            for line in asked.take():
                event = parse_object(line)
                if event is not None:
                    take_event(event, builder, joiner, options, Drops())
            events = objects_of_lines(_lines(decoded.block), drops)
            yield from _take_all(events, builder, joiner, options, drops)
    joiner.flush()
    yield from builder.take_rest()


def _take_all(
    events: Iterable[JsonObject],
    builder: BatchBuilder,
    joiner: Joiner,
    options: Options,
    drops: Drops,
) -> Iterator[Batch]:
    for event in events:
        take_event(event, builder, joiner, options, drops)
        yield from builder.take_full()


def _lines(block: bytes) -> list[str]:
    return block.decode().split("\n")


class _Asked:
    """The lines of the last questions, kept until an answer may refer to them."""

    def __init__(self) -> None:
        self._lines: deque[tuple[bytes, int]] = deque()
        self._count = 0

    def add(self, lines: bytes, count: int) -> None:
        """Keep lines, and let go of those that are too old to be remembered."""
        if not count:
            return
        self._lines.append((lines, count))
        self._count += count
        while self._count - self._lines[0][1] >= PENDING_QUERIES:
            self._count -= self._lines.popleft()[1]

    def take(self) -> Iterator[str]:
        """Yield all lines and hold none."""
        while self._lines:
            yield from _lines(self._lines.popleft()[0])
        self._count = 0


def _decode(block: bytes, options: Options) -> _Decoded:
    drops = Drops()
    if not have_passes():
        return _Decoded(block=block, drops=drops, is_understood=False)
    if len(block) < MIN_COLUMNAR_BYTES:
        objects = Objects(b"", SHAPE)
        odd_lines = list(enumerate(_lines(block)))
    else:
        objects = Objects(block, SHAPE)
        odd_lines = list(objects.odd_lines())
    events = Events(objects, options.ports, drops)
    odd_lines += objects.lines_of(events.slow_rows)
    odd = None if events.has_version_1 else _decode_odd(odd_lines, options, drops)
    if odd is None:
        return _Decoded(block=block, drops=drops, is_understood=False)
    odd_batches, odd_questions = odd
    batch = batch_of(events, drops)
    questions, question_count = _questions(objects, events.question_rows, odd_questions)
    return _Decoded(
        block=block,
        drops=drops,
        batches=(*((batch,) if batch.responses.num_rows else ()), *odd_batches),
        questions=questions,
        question_count=question_count,
    )


def _decode_odd(
    lines: list[tuple[int, str]], options: Options, drops: Drops
) -> tuple[list[Batch], list[tuple[int, str]]] | None:
    """Decode lines one by one, each with the number of rows before it.

    Returns what they gave, and those of them that ask something.
    Null where one is a version 1 answer.
    """
    builder = BatchBuilder()
    joiner = Joiner(builder, drops)
    batches: list[Batch] = []
    questions: list[tuple[int, str]] = []
    for row, line in lines:
        count = joiner.question_count
        batches.extend(_take_all(objects_of_lines([line], drops), builder, joiner, options, drops))
        if joiner.is_open:
            return None
        if joiner.question_count > count:
            questions.append((row, line))
    batches.extend(builder.take_rest())
    return batches, questions


def _questions(objects: Objects, rows: np.ndarray, odd: list[tuple[int, str]]) -> tuple[bytes, int]:
    """Return the lines that ask something, in order."""
    if not odd:
        spans = objects.lines[rows]
        octets, _ = gather(objects.octets, spans[:, 0], spans[:, 1] + 1)
        return octets.tobytes(), len(rows)
    ordered = sorted(
        [*((row, 0, line) for row, line in odd)]
        + [(row, 1, line) for row, line in objects.lines_of(rows)],
        key=lambda question: question[:2],
    )
    return "\n".join(line for _, _, line in ordered).encode(), len(ordered)
