"""Frame Streams as they arrive from one sender: the handshake, and whole frames; no sockets."""

import struct
from enum import Enum, auto
from typing import Final, NamedTuple

from unflux.model.control_frames import ACCEPT, FINISH, READY, START, STOP, compose_control_frame
from unflux.read.frame_streams import (
    BAD_CONTROL,
    CUT_SHORT,
    LONG_FRAME,
    MAX_CONTROL_BYTES,
    MAX_FRAME_BYTES,
    NO_START,
    refusal,
)
from unflux.read.source import Drops

_SIZE: Final = struct.Struct("!I")
_CONTROL_HEAD_BYTES: Final = 8
"""Octets of the escape and the length before a control frame."""


class Received(NamedTuple):
    """What some octets of a sender came to."""

    frames: bytes
    """Whole data frames, each after its length, as in a file."""
    frame_count: int
    """How many they are."""
    reply: bytes
    """What the sender must be sent; often nothing."""


class _State(Enum):
    NEW = auto()
    ACCEPTED = auto()
    STARTED = auto()
    OVER = auto()


class FrameReceiver:
    """One connection's side that receives (fstrm ``control.h``): READY is answered by ACCEPT, STOP
    by FINISH. A sender that begins with START, as into a file, gets no answer.

    Holds one frame that is not whole yet, MAX_FRAME_BYTES at most, and what came after it.
    """

    def __init__(self, content_type: bytes, drops: Drops) -> None:
        self._content_type = content_type
        self._drops = drops
        self._held = bytearray()
        self._left_bytes = 0
        """Octets of a frame that are passed over unread."""
        self._state = _State.NEW
        self._is_answered = False

    @property
    def is_started(self) -> bool:
        """Whether the sender has begun to send frames."""
        return self._state is _State.STARTED

    @property
    def is_over(self) -> bool:
        """Whether nothing more is read from the sender: it said STOP, or what is not understood."""
        return self._state is _State.OVER

    def receive(self, octets: bytes) -> Received:
        """Take what came; what cannot be used is a counted drop and ends the stream."""
        self._held += octets
        frames, reply = bytearray(), bytearray()
        count = at = 0
        while not self.is_over:
            passed_bytes = min(self._left_bytes, len(self._held) - at)
            self._left_bytes -= passed_bytes
            at += passed_bytes
            if self.is_started:
                begin, at, passed = at, *self._pass_frames(at)
                frames += self._held[begin:at]
                count += passed
            taken_bytes, answer = self._take_odd(at)
            if not taken_bytes:
                break
            at += taken_bytes
            reply += answer
        del self._held[:at]
        return Received(bytes(frames), count, bytes(reply))

    def end(self) -> None:
        """Count what is left when the sender has gone, a frame cut short."""
        if not self.is_over and (self._held or self._left_bytes):
            self._drops.drop(CUT_SHORT)

    def _pass_frames(self, at: int) -> tuple[int, int]:
        """Return where the whole data frames from here on end, and how many they are."""
        held, count, end = self._held, 0, len(self._held)
        while at + _SIZE.size <= end:
            (size_bytes,) = _SIZE.unpack_from(held, at)
            after = at + _SIZE.size + size_bytes
            if not 0 < size_bytes <= MAX_FRAME_BYTES or after > end:
                break
            at = after
            count += 1
        return at, count

    def _take_odd(self, at: int) -> tuple[int, bytes]:
        """Take a control frame or begin to pass a long one; return its octets, 0 where it is not
        all here, and the answer.
        """
        if len(self._held) < at + _SIZE.size:
            return 0, b""
        (size_bytes,) = _SIZE.unpack_from(self._held, at)
        if not size_bytes:
            return self._take_control(at)
        if not self.is_started:
            self._refuse(NO_START)
        elif size_bytes > MAX_FRAME_BYTES:
            self._drops.drop(LONG_FRAME)
            self._left_bytes = size_bytes
            return _SIZE.size, b""
        return 0, b""

    def _take_control(self, at: int) -> tuple[int, bytes]:
        begin = at + _CONTROL_HEAD_BYTES
        if len(self._held) < begin:
            return 0, b""
        (size_bytes,) = _SIZE.unpack_from(self._held, at + _SIZE.size)
        if not _SIZE.size <= size_bytes <= MAX_CONTROL_BYTES:
            self._refuse(BAD_CONTROL)
        elif len(self._held) >= begin + size_bytes:
            answer = self._obey(bytes(self._held[begin : begin + size_bytes]))
            return _CONTROL_HEAD_BYTES + size_bytes, answer
        return 0, b""

    def _obey(self, frame: bytes) -> bytes:
        """Do what a control frame says; return the answer to it."""
        reason = refusal(frame, self._content_type)
        if reason is not None:
            self._refuse(reason)
            return b""
        (kind,) = _SIZE.unpack_from(frame)
        if kind == READY and self._state is _State.NEW:
            self._state = _State.ACCEPTED
            self._is_answered = True
            return compose_control_frame(ACCEPT, self._content_type)
        if kind == START and self._state in (_State.NEW, _State.ACCEPTED):
            self._state = _State.STARTED
            return b""
        if kind == STOP and self.is_started:
            self._state = _State.OVER
            return compose_control_frame(FINISH) if self._is_answered else b""
        self._refuse(BAD_CONTROL)
        return b""

    def _refuse(self, reason: str) -> None:
        self._drops.drop(reason)
        self._state = _State.OVER
