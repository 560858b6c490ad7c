"""Datagrams put together from fragments."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.read import fragments as module
from unflux.read.fragments import (
    BAD_FRAGMENT,
    INCOMPLETE,
    MAX_AGE_US,
    MAX_DATAGRAMS,
    MAX_FRAGMENTS,
    OVERLAP,
    Fragments,
)
from unflux.read.internet_layer import Datagram, Fragment
from unflux.read.source import Drops

V4 = (b"\1\2\3\4", b"\5\6\7\x08")
V6 = (b"\1" * 16, b"\2" * 16)
FAMILIES = pytest.mark.parametrize("addresses", [V4, V6])
DATA = bytes(range(100))


class Assembly:
    """Fragments of :data:`DATA` given by their place."""

    def __init__(self, addresses: tuple[bytes, bytes]) -> None:
        self.drops = Drops()
        self.fragments = Fragments(self.drops)
        self.addresses = addresses

    def add(
        self, start: int, end: int, data: bytes | None = None, *, has_more: bool | None = None,
        now_us: int = 0, identification: int = 1, protocol: int = 17,
    ) -> bytes | None:  # fmt: skip
        payload = DATA[start:end] if data is None else data
        more = end < len(DATA) if has_more is None else has_more
        whole = self.fragments.add(
            Datagram(*self.addresses, protocol, payload),
            Fragment(identification, start, more),
            now_us,
        )
        assert whole is None or whole.fragment is None
        return whole and whole.payload

    def finish(self) -> dict[str, int]:
        self.fragments.finish()
        assert self.fragments._held_bytes == 0
        return dict(self.drops.reasons)


@FAMILIES
def test_any_order(addresses: tuple[bytes, bytes]) -> None:
    places = [(0, 16), (16, 40), (40, 48), (48, 100)]
    for seed in range(20):
        random.Random(seed).shuffle(places)
        assembly = Assembly(addresses)
        assert [assembly.add(*place) for place in places] == [None] * 3 + [DATA]
        assert assembly.finish() == {}


@FAMILIES
def test_copies_are_ignored(addresses: tuple[bytes, bytes]) -> None:
    assembly = Assembly(addresses)
    assert assembly.add(48, 100) is None
    assert assembly.add(48, 100) is None
    assert assembly.add(0, 48) == DATA
    assert assembly.finish() == {}


def test_ipv4_overlap_first_wins() -> None:
    assembly = Assembly(V4)
    assembly.add(16, 32)
    assembly.add(64, 72)
    assembly.add(8, 80, bytes(8) + b"\xff" * 16 + bytes(32) + b"\xff" * 8 + bytes(8))
    whole = assembly.add(0, 8)
    assert whole is None
    whole = assembly.add(80, 100)
    assert (
        whole == DATA[:8] + bytes(8) + DATA[16:32] + bytes(32) + DATA[64:72] + bytes(8) + DATA[80:]
    )
    assert assembly.finish() == {}


def test_ipv6_overlap_refuses_the_whole_datagram() -> None:
    assembly = Assembly(V6)
    assembly.add(0, 16)
    assembly.add(8, 24)
    assert assembly.add(16, 100) is None
    assert assembly.add(0, 16) is None
    assert assembly.finish() == {OVERLAP: 1}


def test_ipv6_fragments_of_one_datagram_may_name_other_protocols() -> None:
    assembly = Assembly(V6)
    assembly.add(48, 100, protocol=99)
    whole = assembly.fragments.add(Datagram(*V6, 17, DATA[:48]), Fragment(1, 0, True), 0)
    assert whole is not None
    assert whole.protocol == 17


def test_ipv4_protocols_are_apart() -> None:
    assembly = Assembly(V4)
    assembly.add(0, 48, protocol=6)
    assert assembly.add(48, 100, protocol=17) is None
    assert assembly.finish() == {INCOMPLETE: 2}


@FAMILIES
@pytest.mark.parametrize(
    "bad",
    [
        (0, 0, b"", True),
        (0, 7, None, True),
        (65528, 65528, bytes(16), False),
        (8, 200, bytes(192), True),  # beyond the end
        (0, 50, None, False),  # another end
    ],
)
def test_impossible(
    addresses: tuple[bytes, bytes], bad: tuple[int, int, bytes | None, bool]
) -> None:
    assembly = Assembly(addresses)
    assembly.add(96, 100)
    start, end, data, has_more = bad
    assert assembly.add(start, end, data, has_more=has_more) is None
    assert assembly.add(0, 96) is None
    assert assembly.finish() == {BAD_FRAGMENT: 1}


@FAMILIES
def test_end_before_what_was_seen(addresses: tuple[bytes, bytes]) -> None:
    assembly = Assembly(addresses)
    assembly.add(48, 96)
    assembly.add(8, 24, has_more=False)
    assert assembly.finish() == {BAD_FRAGMENT: 1}


def test_age() -> None:
    assembly = Assembly(V4)
    assembly.add(0, 48, now_us=5)
    assert assembly.add(48, 100, now_us=5 + MAX_AGE_US) == DATA
    assembly.add(0, 48, now_us=5)
    assert assembly.add(48, 100, now_us=6 + MAX_AGE_US) is None
    assert assembly.finish() == {INCOMPLETE: 2}


def test_count_of_datagrams_is_bounded_and_the_oldest_goes() -> None:
    assembly = Assembly(V4)
    for identification in range(MAX_DATAGRAMS + 1):
        assembly.add(0, 48, identification=identification)
    assert assembly.drops.reasons == {INCOMPLETE: 1}
    assert assembly.add(48, 100, identification=1) == DATA
    assert assembly.add(48, 100, identification=0) is None


def test_octets_held_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_HELD_BYTES", 10_000)
    assembly = Assembly(V4)
    for identification in range(100):
        assembly.add(0, 1000, bytes(1000), has_more=True, identification=identification)
        assert assembly.fragments._held_bytes <= 10_000
    assert assembly.finish() == {INCOMPLETE: 100}


def test_fragments_of_one_datagram_are_bounded() -> None:
    assembly = Assembly(V4)
    for number in range(MAX_FRAGMENTS + 5):
        assembly.add(16 * number, 16 * number + 8, bytes(8), has_more=True)
    assert assembly.finish() == {BAD_FRAGMENT: 1}


@given(
    st.sampled_from([V4, V6]),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 40), st.booleans(), st.integers(0, 2))),
)
def test_any_fragments(
    addresses: tuple[bytes, bytes], pieces: list[tuple[int, int, bool, int]]
) -> None:
    assembly = Assembly(addresses)
    wholes = 0
    for place, size_bytes, has_more, identification in pieces:
        start = place * 8
        whole = assembly.add(
            start, start + size_bytes, DATA[start:][:size_bytes].ljust(size_bytes, b"\xff"),
            has_more=has_more, identification=identification,
        )  # fmt: skip
        if whole is not None:
            wholes += 1
            assert whole == DATA.ljust(200, b"\xff")[: len(whole)]
    reasons = assembly.finish()
    assert wholes + sum(reasons.values()) <= len(pieces)
    assert bool(pieces) == bool(wholes or reasons)
