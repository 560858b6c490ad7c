"""Control frames of Frame Streams, by which streams of dnstap begin and end (fstrm's control.h)."""

import struct
from typing import Final

ACCEPT: Final = 1
START: Final = 2
STOP: Final = 3
READY: Final = 4
FINISH: Final = 5
CONTENT_FIELD: Final = 1
"""The one field they have: the type of what the stream holds."""
CONTENT_TYPE: Final = b"protobuf:dnstap.Dnstap"
"""The type of dnstap."""


def compose_control_frame(kind: int, content_type: bytes | None = None) -> bytes:
    """Return a control frame with its escape, and with one content type or none."""
    field = b"" if content_type is None else struct.pack("!II", CONTENT_FIELD, len(content_type))
    body = struct.pack("!I", kind) + field + (content_type or b"")
    return struct.pack("!II", 0, len(body)) + body
