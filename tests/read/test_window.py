"""A window shows all octets of a stream once, in order, however the stream gives them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.read.crafted_packets import Trickle

from unflux.read import window
from unflux.read.window import Window

OCTETS = bytes(range(256)) * 40


@given(st.lists(st.tuples(st.sampled_from("tpsr"), st.integers(0, 700)), max_size=40))
def test_whatever_is_asked_comes_in_order(asked: list[tuple[str, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window, "BUFFER_BYTES", 512)
        for stream in (io.BytesIO(OCTETS), Trickle(OCTETS, 13)):
            seen, at = Window(stream), 0
            for kind, size in asked:
                expected = OCTETS[at : at + size]
                match kind:
                    case "t":
                        assert seen.take(size) == expected
                        at += len(expected)
                    case "p":
                        assert seen.peek(size) == expected
                    case "s":
                        assert seen.skip(size) == (len(expected) == size)
                        at += len(expected)
                    case _:
                        assert seen.refill() == (at + len(seen) < len(OCTETS)) or len(seen)
                assert seen.octets[seen.at : seen.end].tobytes() == OCTETS[at : at + len(seen)]


def test_what_was_given_out_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "BUFFER_BYTES", 64)
    seen = Window(io.BytesIO(OCTETS))
    assert seen.refill()
    former = seen.octets
    copy = former.copy()
    seen.at = 60
    assert seen.refill()
    assert (former == copy).all()
    assert seen.octets is not former
    assert seen.octets[:4].tobytes() == OCTETS[60:64]


def test_the_end_of_a_stream() -> None:
    seen = Window(io.BytesIO(b"abc"))
    assert seen.take(2) == b"ab"
    assert not seen.has(2)
    assert seen.take(9) == b"c"
    assert not seen.refill()
    assert not seen.skip(1)
    assert len(Window(io.BytesIO(b""))) == 0
