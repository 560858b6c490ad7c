"""A dnstap frame of a reply, for what we asked ourselves: it is read like any name server's."""

import struct
from datetime import datetime
from typing import Final

from unflux.model.times import MICROSECONDS_PER_S
from unflux.read.dnstap import (
    IDENTITY_FIELD,
    MESSAGE,
    MESSAGE_FIELD,
    RESPONSE_MESSAGE,
    RESPONSE_TIME_NS,
    RESPONSE_TIME_S,
    TYPE_FIELD,
)
from unflux.read.protobuf import BYTES, FIXED32, VARINT

TOOL_RESPONSE: Final = 12
"""Message.type of what a tool was answered (dnstap.proto)."""
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00Z")


def compose_frame(wire: bytes, at: datetime, identity: str) -> bytes:
    """Return a data frame with its length: a reply, when it came, and who was answered."""
    moment_us = (at - _EPOCH) // (at.resolution)
    seconds, fraction_us = divmod(moment_us, MICROSECONDS_PER_S)
    message = b"".join(
        (
            _varint(1 << 3 | VARINT), _varint(TOOL_RESPONSE),
            _varint(RESPONSE_TIME_S << 3 | VARINT), _varint(seconds),
            _varint(RESPONSE_TIME_NS << 3 | FIXED32), struct.pack("<I", fraction_us * 1000),
            _octets(RESPONSE_MESSAGE, wire),
        )
    )  # fmt: skip
    frame = b"".join(
        (
            _octets(IDENTITY_FIELD, identity.encode()),
            _octets(MESSAGE_FIELD, message),
            _varint(TYPE_FIELD << 3 | VARINT), _varint(MESSAGE),
        )
    )  # fmt: skip
    return struct.pack("!I", len(frame)) + frame


def _octets(number: int, octets: bytes) -> bytes:
    return _varint(number << 3 | BYTES) + _varint(len(octets)) + octets


def _varint(value: int) -> bytes:
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)
