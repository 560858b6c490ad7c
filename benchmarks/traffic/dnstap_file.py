"""Responses as a dnstap file: Frame Streams of CLIENT_RESPONSE, as a resolver writes them."""

import struct
from typing import BinaryIO, Final

import numpy as np
from numba import njit

from traffic.hosts import RESOLVER_IPV4, RESOLVER_IPV6, client_octets
from traffic.message_octets import Messages
from traffic.response_stream import Chunk

CONTENT_TYPE: Final = b"protobuf:dnstap.Dnstap"
_START, _STOP, _CONTENT = 2, 3, 1
IDENTITY: Final = b"resolver.example"
VERSION: Final = b"unbound 1.17.1"

_IDENTITY: Final = np.frombuffer(
    bytes((1 << 3 | 2, len(IDENTITY))) + IDENTITY + bytes((2 << 3 | 2, len(VERSION))) + VERSION,
    dtype=np.uint8,
)
_TYPE: Final = np.frombuffer(bytes((15 << 3, 1)), dtype=np.uint8)
"""Dnstap.type = MESSAGE, which comes last: fields are in the order of their numbers."""


def _message_head(is_ipv6: bool) -> np.ndarray:
    """Return fields 1 to 7 and 8 of Message, with room for what differs (dnstap.proto)."""
    resolver = RESOLVER_IPV6 if is_ipv6 else RESOLVER_IPV4
    size = len(resolver)
    fields = bytes((1 << 3, 6, 2 << 3, 2 if is_ipv6 else 1, 3 << 3, 1))  # CLIENT_RESPONSE, UDP
    fields += bytes((4 << 3 | 2, size)) + bytes(size)  # query_address
    fields += bytes((5 << 3 | 2, size)) + resolver  # response_address
    fields += bytes((6 << 3, 0, 0, 0))  # query_port, three octets as a varint
    fields += bytes((7 << 3, 53))  # response_port
    for seconds in (8, 12):  # query_time and response_time: varint of five octets, fixed32
        fields += bytes((seconds << 3, 0, 0, 0, 0, 0, (seconds + 1) << 3 | 5, 0, 0, 0, 0))
    fields += bytes((14 << 3 | 2,))  # response_message; its size follows
    return np.frombuffer(fields, dtype=np.uint8)


HEAD_IPV4: Final = _message_head(False)
HEAD_IPV6: Final = _message_head(True)


class DnstapFile:
    """Writes chunks of responses as data frames between a START and a STOP frame."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        field = struct.pack("!II", _CONTENT, len(CONTENT_TYPE)) + CONTENT_TYPE
        stream.write(struct.pack("!III", 0, 4 + len(field), _START) + field)

    def write(self, chunk: Chunk, messages: Messages) -> None:
        """Append the frames of a chunk."""
        heads = np.where(chunk.is_ipv6, len(HEAD_IPV6), len(HEAD_IPV4))
        wires = np.diff(messages.starts)
        # No Message is shorter than 128 octets, a response may be: one or two for its size.
        fields = heads + 1 + (wires >= 128) + wires
        frame_sizes = len(_IDENTITY) + 3 + fields + len(_TYPE)
        starts = np.concatenate([[0], np.cumsum(frame_sizes + 4)])
        octets = np.empty(starts[-1], dtype=np.uint8)
        _compose_frames(
            octets, starts, messages.octets, messages.starts,
            chunk.moment_us, chunk.moment_us - chunk.delay_us, chunk.is_ipv6,
            client_octets(chunk.client, is_ipv6=False), client_octets(chunk.client, is_ipv6=True),
            chunk.port, HEAD_IPV4, HEAD_IPV6, _IDENTITY, _TYPE,
        )  # fmt: skip
        self._stream.write(octets.data)

    def finish(self) -> None:
        """End the stream."""
        self._stream.write(struct.pack("!III", 0, 4, _STOP))


@njit(cache=True)
def _compose_frames(  # type: ignore[no-untyped-def]
    octets, starts, messages, message_starts, answered_us, asked_us, is_ipv6,
    clients_ipv4, clients_ipv6, port, head_ipv4, head_ipv6, identity, kind,
):  # fmt: skip
    for number in range(len(answered_us)):
        at, frame_end = starts[number], starts[number + 1]
        source, end = message_starts[number], message_starts[number + 1]
        head = head_ipv6 if is_ipv6[number] else head_ipv4
        address_size = 16 if is_ipv6[number] else 4
        for place in range(4):
            octets[at + place] = (frame_end - at - 4) >> (24 - 8 * place) & 0xFF
        at += 4
        octets[at : at + len(identity)] = identity
        at += len(identity)
        octets[at] = 14 << 3 | 2
        field = frame_end - at - 3 - len(kind)
        _put_varint(octets, at + 1, field, 2)
        at += 3
        octets[at : at + len(head)] = head
        client = clients_ipv6[number] if is_ipv6[number] else clients_ipv4[number]
        octets[at + 8 : at + 8 + address_size] = client
        _put_varint(octets, at + 11 + 2 * address_size, port[number], 3)
        at += len(head)
        _put_moment(octets, at - 23, asked_us[number])
        _put_moment(octets, at - 12, answered_us[number])
        _put_varint(octets, at, end - source, 2 if end - source >= 128 else 1)
        at = frame_end - len(kind)
        octets[at - (end - source) : at] = messages[source:end]
        octets[at:frame_end] = kind


@njit(cache=True)
def _put_moment(octets, at, moment_us):  # type: ignore[no-untyped-def]
    """Write a time's seconds and nanoseconds behind the two tags that are there."""
    _put_varint(octets, at + 1, moment_us // 1_000_000, 5)
    nanoseconds = moment_us % 1_000_000 * 1000
    for place in range(4):
        octets[at + 7 + place] = nanoseconds >> 8 * place & 0xFF


@njit(cache=True)
def _put_varint(octets, at, value, size):  # type: ignore[no-untyped-def]
    """Write a number in ``size`` octets, which must be just enough."""
    for place in range(size):
        more = 0x80 if place < size - 1 else 0
        octets[at + place] = value >> 7 * place & 0x7F | more
