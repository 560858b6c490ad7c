"""The first lines of plain HTTP requests and responses, as they stand in a segment."""

import re
from typing import Final, NamedTuple

from unflux.read.flow_texts import MAX_TEXT

MOST_BYTES: Final = 4_096
"""Of a segment that are looked at. Chosen: 2026-11-28; more than an Ethernet frame holds."""

_REQUEST: Final = re.compile(rb"([A-Z]{3,10}) ([^ \r\n]{1,2048}) HTTP/1\.[01]\r?\n")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r\n]")
_HOST: Final = re.compile(rb"\r?\n[Hh][Oo][Ss][Tt]:[ \t]*([^\r\n]{0,%d})" % MAX_TEXT)


class RequestHead(NamedTuple):
    """Method, host and target of a request (RFC 9112 section 3)."""

    method: str
    host: str
    target: str


def parse_request(segment: bytes) -> RequestHead | None:
    """Return the head of a request that begins the segment, or null."""
    found = _REQUEST.match(segment, 0, MOST_BYTES)
    if found is None:
        return None
    host = _HOST.search(segment, 0, MOST_BYTES)
    return RequestHead(
        _text(found[1]), _text(host[1].strip()) if host else "", _text(found[2])[:MAX_TEXT]
    )


def parse_status(segment: bytes) -> int | None:
    """Return the status of a response that begins the segment, or null."""
    found = _STATUS.match(segment, 0, MOST_BYTES)
    return None if found is None else int(found[1])


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")
