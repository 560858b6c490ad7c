"""Chunks made in another thread come in order, with what ended them, and not too many."""

import threading
from collections.abc import Iterator

import pytest

from unflux.read import read_ahead
from unflux.read.read_ahead import MAX_CHUNKS, ReadAhead


def numbered(count: int, size: int = 1000) -> Iterator[bytes]:
    for number in range(count):
        yield bytes([number % 256]) * size


def test_all_chunks_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "CHUNK_BYTES", 4096)
    ahead = ReadAhead(numbered(500))
    chunks = list(ahead.chunks())
    assert b"".join(chunks) == b"".join(numbered(500))
    assert {len(chunk) for chunk in chunks[:-1]} == {5000}
    ahead.close()


def test_an_exception_comes_after_what_was_before_it() -> None:
    def broken() -> Iterator[bytes]:
        yield from numbered(3)
        raise ValueError("damaged")

    chunks = ReadAhead(broken()).chunks()
    assert next(chunks) == b"".join(numbered(3))
    with pytest.raises(ValueError, match="damaged"):
        next(chunks)


def test_it_waits_for_whoever_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "CHUNK_BYTES", 1)
    made = []
    is_full = threading.Event()

    def counted() -> Iterator[bytes]:
        for chunk in numbered(10_000):
            made.append(chunk)
            if len(made) > MAX_CHUNKS:
                is_full.set()
            yield chunk

    ahead = ReadAhead(counted())
    assert is_full.wait(10)
    ahead.close()
    # One more is in the hand of the thread.
    assert len(made) <= MAX_CHUNKS + 2


def test_closed_before_anything_was_taken() -> None:
    def running() -> int:
        return sum(thread.name == "read-ahead" for thread in threading.enumerate())

    before = running()
    for _ in range(3):
        ReadAhead(numbered(10_000)).close()
    assert running() <= before
