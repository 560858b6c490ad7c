"""Frames of a Frame Streams file, uni- or bidirectional."""

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np

from unflux.model.control_frames import ACCEPT, CONTENT_FIELD, FINISH, READY, START
from unflux.model.errors import UnreadableSourceError
from unflux.read.kernel.layout import COUNT, ODD, PROGRESS_SIZE, STATUS, STOPPED_AT
from unflux.read.kernel.native import Kernel
from unflux.read.packet import Readable, read_exactly, skip_bytes
from unflux.read.source import Drops
from unflux.read.window import Window

MAX_CONTROL_BYTES: Final = 512
"""Octets of the longest control frame (FSTRM_CONTROL_FRAME_LENGTH_MAX)."""

MAX_FRAME_BYTES: Final = 256 << 10
"""A longer frame is passed over unread. Chosen: 2026-11-22; twice the 128 KiB of a query and a
response of the greatest length in one frame."""

NO_START: Final = "not a frame stream: no control frame at its start"
LONG_FRAME: Final = "frame too long"
CUT_SHORT: Final = "frame stream ends inside a frame"
BAD_CONTROL: Final = "malformed control frame, rest of the stream skipped"
OTHER_CONTENT: Final = "frame stream of another content type, rest of the stream skipped"


def begins_frame_stream(head: bytes, content_type: bytes) -> bool:
    """Tell whether the bytes begin with a control frame that starts such a stream."""
    if len(head) < 12:
        return False
    escape, size_bytes, kind = struct.unpack_from("!III", head)
    if escape or kind not in (START, READY) or not 4 <= size_bytes <= MAX_CONTROL_BYTES:
        return False
    names = _content_types(head[8 : 8 + size_bytes])
    return names is not None and (not names or content_type in names)


def read_frames(stream: Readable, content_type: bytes, drops: Drops) -> Iterator[bytes]:
    """Yield the data frames of the stream, or of several, one after the other.

    Raise :class:`UnreadableSourceError` where the first control frame is none or names another
    content type; later on that is a counted drop.
    """
    is_first = True
    while head := read_exactly(stream, 4):
        size_bytes = int.from_bytes(head, "big")
        if is_first and size_bytes:
            raise UnreadableSourceError(NO_START)
        if len(head) < 4:
            drops.drop(CUT_SHORT)
            return
        if not size_bytes:
            reason = _pass_control_frame(stream, content_type)
            if reason and is_first:
                raise UnreadableSourceError(f"not a stream of {content_type.decode()}: {reason}")
            if reason:
                drops.drop(reason)
                return
            is_first = False
        elif size_bytes > MAX_FRAME_BYTES:
            drops.drop(LONG_FRAME)
            if not skip_bytes(stream, size_bytes):
                drops.drop(CUT_SHORT)
        else:
            frame = read_exactly(stream, size_bytes)
            if len(frame) < size_bytes:
                drops.drop(CUT_SHORT)
                return
            yield frame


def _pass_control_frame(stream: Readable, content_type: bytes) -> str | None:
    """Read one control frame; return the reason why the stream cannot be read on, or null."""
    head = read_exactly(stream, 4)
    size_bytes = int.from_bytes(head, "big")
    if len(head) < 4:
        return CUT_SHORT
    if not 4 <= size_bytes <= MAX_CONTROL_BYTES:
        return BAD_CONTROL
    frame = read_exactly(stream, size_bytes)
    if len(frame) < size_bytes:
        return CUT_SHORT
    return refusal(frame, content_type)


def refusal(frame: bytes, content_type: bytes) -> str | None:
    """Return why a stream cannot be read on after a control frame, or null."""
    names = _content_types(frame)
    if names is None:
        return BAD_CONTROL
    return OTHER_CONTENT if names and content_type not in names else None


def _content_types(frame: bytes) -> list[bytes] | None:
    """Return the content types that a control frame names; null where it is malformed."""
    names: list[bytes] = []
    if not ACCEPT <= int.from_bytes(frame[:4], "big") <= FINISH:
        return None
    at = 4
    while at < len(frame):
        if at + 8 > len(frame):
            return None
        kind, size_bytes = struct.unpack_from("!II", frame, at)
        if kind != CONTENT_FIELD or at + 8 + size_bytes > len(frame):
            return None
        names.append(frame[at + 8 : at + 8 + size_bytes])
        at += 8 + size_bytes
    return names


class FrameStreamFramer:
    """Finds the data frames of a stream, or of several, one after the other, by compiled code."""

    def __init__(self, kernel: Kernel, drops: Drops, content_type: bytes) -> None:
        self._kernel = kernel
        self._drops = drops
        self._content_type = content_type
        self._progress = np.zeros(PROGRESS_SIZE, np.int64)
        self._is_first = True
        self._left_bytes = 0
        """Octets of a frame that are passed over unread."""
        self.is_over = False

    def fill(self, window: Window, rows: np.ndarray) -> int:
        """Write where the next frames lie and pass them; return how many."""
        if self._is_first:
            self._begin(window)
        count = 0
        while not self.is_over:
            passed_bytes = min(self._left_bytes, len(window))
            window.at += passed_bytes
            self._left_bytes -= passed_bytes
            self._kernel.frame_stream(
                window.octets, window.at, window.end, rows[count:], self._progress
            )
            count += int(self._progress[COUNT])
            window.at = int(self._progress[STOPPED_AT])
            if self._progress[STATUS] != ODD or not self._take_odd(window):
                break
        return count

    def end(self, window: Window) -> None:
        """Count what is left at the end of the stream."""
        if len(window) or self._left_bytes:
            self._drops.drop(CUT_SHORT)

    def _begin(self, window: Window) -> None:
        """Read the first control frame; raise UnreadableSourceError where there is none."""
        head = window.peek(4)
        if any(head):
            raise UnreadableSourceError(NO_START)
        if len(head) < 4:
            return
        window.at += 4
        reason = _pass_control_frame(_Taking(window), self._content_type)
        if reason:
            name = self._content_type.decode()
            raise UnreadableSourceError(f"not a stream of {name}: {reason}")
        self._is_first = False

    def _take_odd(self, window: Window) -> bool:
        """Take a control frame or begin to pass a long one; false where it is not all here."""
        size_bytes = int.from_bytes(window.octets[window.at : window.at + 4].tobytes(), "big")
        if size_bytes:
            self._drops.drop(LONG_FRAME)
            self._left_bytes = 4 + size_bytes
            return True
        if len(window) < 8:
            return False
        start = window.at + 8
        size_bytes = int.from_bytes(window.octets[start - 4 : start].tobytes(), "big")
        reason: str | None = BAD_CONTROL
        if 4 <= size_bytes <= MAX_CONTROL_BYTES:
            if len(window) < 8 + size_bytes:
                return False
            frame = window.octets[start : start + size_bytes].tobytes()
            reason = refusal(frame, self._content_type)
        window.at = start + size_bytes
        if reason:
            self._drops.drop(reason)
            self.is_over = True
        return not self.is_over


class _Taking:
    """A window as a stream that is read from."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def read(self, size_bytes: int, /) -> bytes:
        """Return up to ``size_bytes``, nothing at the end only."""
        return self._window.take(size_bytes)
