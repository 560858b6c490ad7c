"""Protocol Buffers fields."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.read.protobuf import MalformedFieldError, parse_fields


def varint(value: int) -> bytes:
    octets = bytearray()
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*octets, value])


@given(
    st.lists(
        st.tuples(st.integers(1, 2**29 - 1), st.integers(0, 2**64 - 1) | st.binary(max_size=300))
    )
)
def test_round_trip(fields: list[tuple[int, int | bytes]]) -> None:
    data = b""
    for number, value in fields:
        if isinstance(value, int):
            data += varint(number << 3) + varint(value)
        else:
            data += varint(number << 3 | 2) + varint(len(value)) + value
    assert list(parse_fields(data)) == fields


def test_fixed_widths() -> None:
    data = b"\x0d" + struct.pack("<I", 7) + b"\x11" + struct.pack("<Q", 2**63)
    assert list(parse_fields(data)) == [(1, 7), (2, 2**63)]


@pytest.mark.parametrize(
    "data",
    [
        b"\x08",  # no value
        b"\x80",  # tag does not end
        b"\x08" + b"\xff" * 10 + b"\x01",  # too long an integer
        b"\x0a\x05abcd",
        b"\x0a" + varint(2**63) + b"abcd",
        b"\x0d\0\0\0",
        b"\x11\0\0\0\0\0\0\0",
        b"\x0b\x0c",  # a group
        b"\x0e",
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(MalformedFieldError):
        list(parse_fields(data))


@given(st.binary(max_size=100))
def test_any_octets(data: bytes) -> None:
    try:
        fields = list(parse_fields(data))
    except MalformedFieldError:
        return
    assert 2 * len(fields) <= len(data)
