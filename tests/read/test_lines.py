"""Lines: every kind of end, and a bound on their length."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.read.lines import LONG_LINE, MAX_LINE_BYTES, head_lines, read_lines
from unflux.read.source import Drops


def lines_of(octets: bytes, drops: Drops | None = None) -> list[str]:
    return list(read_lines(io.BytesIO(octets), drops or Drops()))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_any_line_end(end: bytes) -> None:
    assert lines_of(end.join([b"a", b"b c", b"d"])) == ["a", "b c", "d"]


def test_byte_order_mark_and_other_octets() -> None:
    assert lines_of(b"\xef\xbb\xbfa\xff\nb\xc3\xa9") == ["a\\xff", "b\u00e9"]
    assert head_lines(b"\xef\xbb\xbfa\r\n\r\nb") == ["a", "b"]


def test_separators_that_python_alone_knows_end_no_line() -> None:
    assert lines_of(b"a\x0b\x0c\x1c\xe2\x80\xa8b") == ["a\x0b\x0c\x1c\u2028b"]


@pytest.mark.parametrize("end", [b"\n", b""])
def test_long_line_is_dropped_and_the_next_is_read(end: bytes) -> None:
    drops = Drops()
    octets = b"first\n" + b"x" * (3 * MAX_LINE_BYTES) + end + (b"last" if end else b"")
    assert lines_of(octets, drops) == (["first", "last"] if end else ["first"])
    assert drops.reasons == {LONG_LINE: 1}


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab \t\u00e9", min_size=1)), st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_come_back(lines: list[str], end: str) -> None:
    assert lines_of(end.join(lines).encode()) == lines
