"""Chunks of octets made by a thread of their own, a few ahead of whoever takes them."""

from collections.abc import Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import Final

CHUNK_BYTES: Final = 1 << 18
"""Small chunks are joined up to this before they are handed over."""

MAX_CHUNKS: Final = 8
"""Chunks that wait to be taken. Chosen: 2026-11-24; some 2 MB, enough for either side to go on
while the other is busy."""

CLOSE_S: Final = 2.0
_POLL_S: Final = 0.1


class ReadAhead:
    """Runs an iterator in a thread; its exception, if any, comes to whoever takes the chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._queue: Queue[bytes | BaseException | None] = Queue(MAX_CHUNKS)
        self._is_closed = Event()
        self._thread = Thread(target=self._run, args=(chunks,), name="read-ahead", daemon=True)
        self._thread.start()

    def chunks(self) -> Iterator[bytes]:
        """Yield the chunks in order."""
        while (item := self._queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        """End the thread; what was not taken is lost. One that waits for a pipe is left to wait."""
        self._is_closed.set()
        while not self._queue.empty():
            self._queue.get_nowait()
        self._thread.join(CLOSE_S)

    def _run(self, chunks: Iterator[bytes]) -> None:
        try:
            for joined in _joined(chunks):
                if not self._put(joined):
                    return
        except BaseException as error:  # noqa: BLE001  raised again where the chunks are taken
            self._put(error)
        self._put(None)

    def _put(self, item: bytes | BaseException | None) -> bool:
        """Hand an item over; false where nobody wants it any more."""
        while not self._is_closed.is_set():
            try:
                self._queue.put(item, timeout=_POLL_S)
            except Full:
                continue
            return True
        return False


def _joined(chunks: Iterator[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    size_bytes = 0
    try:
        for chunk in chunks:
            parts.append(chunk)
            size_bytes += len(chunk)
            if size_bytes >= CHUNK_BYTES:
                yield b"".join(parts)
                parts, size_bytes = [], 0
    except Exception:
        if parts:  # what came before it is handed over first
            yield b"".join(parts)
        raise
    if parts:
        yield b"".join(parts)
