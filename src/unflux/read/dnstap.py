"""dnstap: what a name server logs of its own queries and responses."""

from collections.abc import Iterator
from typing import BinaryIO, Final

import numpy as np

from unflux.model.control_frames import CONTENT_TYPE
from unflux.model.times import MICROSECONDS_PER_S
from unflux.read.batching import BatchBuilder
from unflux.read.blocks import Block, cut_blocks
from unflux.read.decoding import decode_blocks
from unflux.read.frame_streams import FrameStreamFramer, begins_frame_stream, read_frames
from unflux.read.kernel.native import Kernel, load_kernel
from unflux.read.kernel.tables import TableSet
from unflux.read.message import record_message
from unflux.read.packed_address import packed_address_text
from unflux.read.protobuf import MalformedFieldError, parse_fields
from unflux.read.source import Batch, Doc, Drops, Options, Rollup
from unflux.read.window import Window

MESSAGE: Final = 1
"""The one value of Dnstap.type (dnstap.proto)."""

IDENTITY_FIELD: Final = 1
MESSAGE_FIELD: Final = 14
TYPE_FIELD: Final = 15
"""Fields of Dnstap (dnstap.proto)."""

QUERY_ADDRESS: Final = 4
QUERY_TIME_S: Final = 8
QUERY_TIME_NS: Final = 9
RESPONSE_TIME_S: Final = 12
RESPONSE_TIME_NS: Final = 13
RESPONSE_MESSAGE: Final = 14
"""Fields of Message (dnstap.proto); its first is the type."""

QUERY_TYPES: Final = frozenset({1, 3, 5, 7, 9, 11})
RESPONSE_TYPES: Final = frozenset({2, 4, 6, 8, 10, 12})
"""Of an authoritative server, resolver, client, forwarder, stub and tool."""

UPDATE_TYPES: Final = frozenset({13, 14})

MAX_IDENTITY_LENGTH: Final = 255

MALFORMED: Final = "malformed dnstap frame"
NOT_A_MESSAGE: Final = "dnstap frame without a message"
UPDATE: Final = "dnstap update message"
UNKNOWN_TYPE: Final = "dnstap message of unknown type"
NO_RESPONSE: Final = "dnstap response without its DNS message"

Fields = dict[int, int | bytes]


class Dnstap:
    """Responses in a file of dnstap frames."""

    NAME = "dnstap"
    USES_THREADS = True
    DOC = Doc(
        summary="dnstap logs in Frame Streams files, as name servers and collectors write them.",
        references=(
            "dnstap.info and its dnstap.proto",
            "Frame Streams (fstrm)",
            "Protocol Buffers encoding",
        ),
        limitations=(
            "Only frames that hold the DNS message are read; servers can be told to leave it out.",
            "A server that logs both what clients and what authoritative servers were answered"
            " shows one look-up twice, and it is counted twice.",
            "UPDATE messages are counted drops.",
            "The client is the query address: the server itself in what it asked of others.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell whether the bytes begin a frame stream of dnstap content."""
        return begins_frame_stream(head, CONTENT_TYPE)

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Decode all responses; the time is that of the response, else that of the query."""
        kernel = load_kernel()
        if kernel is None:
            return read_interpreted(stream, options, drops)
        return read_compiled(kernel, stream, options, drops)


def read_compiled(
    kernel: Kernel, stream: BinaryIO, options: Options, drops: Drops
) -> Iterator[Rollup]:
    """Read a frame stream by compiled code."""

    def decode(held: TableSet, block: Block, _residual: np.ndarray) -> None:
        held.run(kernel.take_frames, block.octets, block.rows)

    blocks = cut_blocks(Window(stream), FrameStreamFramer(kernel, drops, CONTENT_TYPE))
    yield from decode_blocks(kernel, blocks, decode=decode, options=options, drops=drops)


def read_interpreted(stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch]:
    """Read a frame stream frame by frame, the same result at a hundredth of the speed."""
    builder = BatchBuilder()
    for frame in read_frames(stream, CONTENT_TYPE, drops):
        try:
            dnstap = _parse_message(frame)
            message = dnstap.get(MESSAGE_FIELD)
            if dnstap.get(TYPE_FIELD) != MESSAGE or not isinstance(message, bytes):
                drops.drop(NOT_A_MESSAGE)
                continue
            fields = _parse_message(message)
        except MalformedFieldError:
            drops.drop(MALFORMED)
            continue
        _record(fields, _identity(dnstap), builder, options, drops)
        yield from builder.take_full()
    yield from builder.take_rest()


def _parse_message(data: bytes) -> Fields:
    """Return the fields by number; of one given twice the last counts (as its encoding says)."""
    return dict(parse_fields(data))


def _record(
    fields: Fields, sensor: str | None, builder: BatchBuilder, options: Options, drops: Drops
) -> None:
    kind = fields.get(1)
    if kind in QUERY_TYPES:
        drops.query_count += 1
        return
    if kind not in RESPONSE_TYPES:
        drops.drop(UPDATE if kind in UPDATE_TYPES else UNKNOWN_TYPE)
        return
    wire = fields.get(RESPONSE_MESSAGE)
    if not isinstance(wire, bytes):
        drops.drop(NO_RESPONSE)
        return
    client = fields.get(QUERY_ADDRESS)
    ts_us = _moment_us(fields, RESPONSE_TIME_S, RESPONSE_TIME_NS)
    if ts_us is None:
        ts_us = _moment_us(fields, QUERY_TIME_S, QUERY_TIME_NS)
    record_message(
        wire, builder, options, drops,
        ts_us=ts_us,
        client=packed_address_text(client) if isinstance(client, bytes) else None,
        sensor=sensor,
    )  # fmt: skip


def _moment_us(fields: Fields, seconds_field: int, nanoseconds_field: int) -> int | None:
    seconds, nanoseconds = fields.get(seconds_field), fields.get(nanoseconds_field, 0)
    if not isinstance(seconds, int) or not isinstance(nanoseconds, int):
        return None
    return seconds * MICROSECONDS_PER_S + nanoseconds // 1000


def _identity(dnstap: Fields) -> str | None:
    """Return the name that the server gives itself, without unprintable characters."""
    identity = dnstap.get(IDENTITY_FIELD)
    if not isinstance(identity, bytes):
        return None
    text = identity[:MAX_IDENTITY_LENGTH].decode("utf-8", "replace")
    return "".join(filter(str.isprintable, text)) or None
