"""Fields of a Protocol Buffers message, as far as dnstap uses them."""

from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5
"""Wire types (Protocol Buffers encoding, "Message Structure"); groups are long obsolete."""

MAX_VARINT_BYTES: Final = 10


class MalformedFieldError(ValueError):
    """The octets are no Protocol Buffers message."""


def parse_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field: integers unsigned, all else as octets.

    Raise :class:`MalformedFieldError` where a field does not fit or is of an obsolete kind.
    """
    at = 0
    while at < len(data):
        tag, at = _parse_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _parse_varint(data, at)
            yield number, value
            continue
        if kind == BYTES:
            size_bytes, at = _parse_varint(data, at)
        elif kind in (FIXED32, FIXED64):
            size_bytes = 4 if kind == FIXED32 else 8
        else:
            raise MalformedFieldError
        if at + size_bytes > len(data):
            raise MalformedFieldError
        octets = data[at : at + size_bytes]
        yield number, octets if kind == BYTES else int.from_bytes(octets, "little")
        at += size_bytes


def _parse_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return an integer of seven bits an octet, least first, and where it ends."""
    value = 0
    for index, octet in enumerate(data[at : at + MAX_VARINT_BYTES]):
        value |= (octet & 0x7F) << (7 * index)
        if octet < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + index + 1
    raise MalformedFieldError
