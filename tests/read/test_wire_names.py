"""Names of a message, compared with dnspython's reading."""

import dns.exception
import dns.name
import dns.wire
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unflux.model.names import name_to_text, normalise_name
from unflux.read.wire_names import MAX_POINTERS, BadNameError, NameReader

LABEL = st.binary(min_size=1, max_size=6).map(lambda label: bytes([len(label)]) + label)
POINTER = st.integers(0, 40).map(lambda target: bytes([0xC0, target]))
PARTS = st.lists(LABEL | POINTER | st.just(b"\0") | st.binary(max_size=2), max_size=20)


def read_or_none(reader: NameReader, at: int, end: int) -> tuple[str, int] | None:
    try:
        return reader.read(at, end)
    except BadNameError:
        return None


def oracle(wire: bytes, at: int, end: int) -> tuple[str, int] | None:
    parser = dns.wire.Parser(wire, at)
    parser.end = end
    try:
        name = parser.get_name(decompress=True)
    except dns.exception.DNSException:
        return None
    return name_to_text(name), parser.current


@given(PARTS.map(b"".join), st.integers(0, 3))
@example(b"\0\xc0\0\xc0\1\xc0\3", 0)
@example(b"\1a\xc0\0", 0)
@example(b"\3a\0b\0\xc0\0\xc0\1", 0)
def test_every_place_of_any_octets(wire: bytes, short_by: int) -> None:
    reader = NameReader(wire)
    end = max(len(wire) - short_by, 0)
    for at in (*range(end), *reversed(range(end))):  # whatever was read before
        assert read_or_none(reader, at, end) == oracle(wire, at, end)


def test_every_octet_of_a_label() -> None:
    for octet in range(256):
        wire = bytes([2, octet, 65, 0])
        text, end = NameReader(wire).read(0, 4)
        assert (text, end) == oracle(wire, 0, 4)
        assert normalise_name(text) == text


def test_longest_names() -> None:
    longest = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0"
    assert len(longest) == 255
    assert NameReader(longest).read(0, 255)[1] == 255
    for wire in (b"\1c" + longest, longest[:-1] + b"\1c\0", b"\x40" + b"a" * 64 + b"\0"):
        with pytest.raises(BadNameError):
            NameReader(wire).read(0, len(wire))
    grown = longest + b"\1c\xc0\0"
    with pytest.raises(BadNameError):
        NameReader(grown).read(255, len(grown))


def test_number_of_pointers_is_bounded() -> None:
    wire = b"\1a\0"
    reader_at = [0]
    for _ in range(MAX_POINTERS + 1):
        target, at = reader_at[-1], len(wire)
        wire += b"\1b" + bytes([0xC0, target])
        reader_at.append(at)
    reader = NameReader(wire)
    for count, at in enumerate(reader_at):
        expected = (
            None if count > MAX_POINTERS else (".".join("b" * count + "a"), at + 4 - (not at))
        )
        assert read_or_none(reader, at, len(wire)) == expected
        assert read_or_none(NameReader(wire), at, len(wire)) == expected
