"""Decompression: all three kinds, joined members, damage anywhere."""

import gzip
import lzma
from collections.abc import Callable, Iterator

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.read.decompression import DamagedError, decompress

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}
PLAIN = b"".join(b"%d,host-%d.example.com,A,198.51.100.7\n" % (n * 7919, n) for n in range(20_000))


def pieces(octets: bytes, size: int = 1000) -> Iterator[bytes]:
    return (octets[start : start + size] for start in range(0, len(octets), size))


def decoded(octets: bytes, size: int = 1000) -> tuple[bytes, bool]:
    """Return the plain octets and whether damage was met."""
    plain = decompress(pieces(octets, size), octets)
    assert plain is not None
    parts: list[bytes] = []
    try:
        parts.extend(iter(plain))
    except DamagedError:
        return b"".join(parts), True
    return b"".join(parts), False


@pytest.fixture(params=COMPRESSORS)
def compress(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    return COMPRESSORS[request.param]


@pytest.mark.parametrize("size", [1, 7, 511, 512, 100_000])
def test_whole(compress: Callable[[bytes], bytes], size: int) -> None:
    assert decoded(compress(PLAIN[:50_000]), size) == (PLAIN[:50_000], False)


def test_members_follow_each_other(compress: Callable[[bytes], bytes]) -> None:
    octets = compress(b"one ") + compress(b"") + b"\0" * 8 + compress(b"two") + b"\0" * 512
    assert decoded(octets) == (b"one two", False)


def test_cut_short_keeps_the_first_part(compress: Callable[[bytes], bytes]) -> None:
    octets = compress(PLAIN)
    plain, is_damaged = decoded(octets[: len(octets) // 2])
    assert is_damaged
    assert PLAIN.startswith(plain)
    if compress is not zstandard.compress:  # a frame of one block gives nothing before its end
        assert len(plain) > len(PLAIN) // 4


def test_garbage_behind_is_damage(compress: Callable[[bytes], bytes]) -> None:
    assert decoded(compress(PLAIN) + b"garbage") == (PLAIN, True)


@settings(deadline=None)
@given(st.data())
def test_a_changed_octet_never_raises_anything_else(data: st.DataObject) -> None:
    octets = bytearray(COMPRESSORS[data.draw(st.sampled_from(sorted(COMPRESSORS)))](PLAIN[:4000]))
    octets[data.draw(st.integers(6, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    decoded(bytes(octets))


def test_a_bomb_comes_in_bounded_pieces() -> None:
    octets = gzip.compress(b"\0" * (64 << 20))
    plain = decompress(pieces(octets, 1 << 18), octets)
    assert plain is not None
    sizes = [len(part) for part in plain]
    assert sum(sizes) == 64 << 20
    assert max(sizes) <= 1 << 20


def test_plain_octets_are_none_of_these() -> None:
    assert decompress(iter([b"plain"]), b"plain") is None
