"""JSON objects from a byte stream: one a line, or the elements of one array."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from unflux.read.lines import (
    BYTE_ORDER_MARK,
    MAX_LINE_BYTES,
    Peeked,
    Readable,
    decode,
    head_lines,
    read_lines,
)
from unflux.read.source import Drops

HEAD_OBJECTS: Final = 50
"""Objects of a head that are looked at. Chosen: 2026-11-22; a mixed log shows DNS by then."""

NOT_JSON: Final = "not a JSON object"
_CHUNK_BYTES: Final = 1 << 16
_BETWEEN: Final = " \t\r\n,"
_DECODER: Final = json.JSONDecoder()

JsonObject = dict[str, object]


def parse_object(text: str) -> JsonObject | None:
    """Return the JSON object that a text is, or null where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, a number of 5,000 digits, a deep nest
        return None
    return value if isinstance(value, dict) else None


def read_objects(stream: Readable, drops: Drops) -> Iterator[JsonObject]:
    """Yield the objects of JSON lines, or of one array; anything else is counted."""
    peeked = Peeked(stream)
    if is_array(peeked.head):
        yield from _read_array(peeked, drops)
    else:
        yield from objects_of_lines(read_lines(peeked, drops), drops)


def is_array(head: bytes) -> bool:
    """Tell whether a source that begins so is one array."""
    return head.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"[")


def objects_of_lines(lines: Iterable[str], drops: Drops) -> Iterator[JsonObject]:
    """Yield the object of each line that is not blank; anything else is counted."""
    for line in lines:
        if not line or line.isspace():
            continue
        value = parse_object(line)
        if value is None:
            drops.drop(NOT_JSON)
        else:
            yield value


def head_objects(head: bytes) -> list[JsonObject]:
    """Return the first whole objects of a head: of JSON lines or of an array."""
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if text.startswith(b"["):
        found, _, _ = _parse_elements(decode(text)[1:])
        return [value for value in found if isinstance(value, dict)][:HEAD_OBJECTS]
    if not text.startswith(b"{"):
        return []
    values = (parse_object(line) for line in head_lines(text)[:HEAD_OBJECTS])
    return [value for value in values if value is not None]


def _read_array(stream: Readable, drops: Drops) -> Iterator[JsonObject]:
    text, is_first = "", True
    octets = b""
    while chunk := stream.read(_CHUNK_BYTES):
        octets += chunk
        # A character may straddle two chunks: keep its octets for the next.
        whole = len(octets) - _unfinished_octets(octets)
        text, octets = text + decode(octets[:whole]), octets[whole:]
        if is_first:
            text, is_first = text.removeprefix("\ufeff").lstrip().removeprefix("["), False
        found, text, is_closed = _parse_elements(text)
        for value in found:
            if isinstance(value, dict):
                yield value
            else:
                drops.drop(NOT_JSON)
        if is_closed:
            return
        if len(text) > MAX_LINE_BYTES:
            break
    drops.drop("JSON array cut short or damaged")


def _parse_elements(text: str) -> tuple[list[object], str, bool]:
    """Return the whole elements at the start of a text, what is left, and whether ``]`` came.

    Only objects are safe to cut at the end of a text (``12`` may go on as ``123``), so any
    other element stops the parse unless something follows it.
    """
    found: list[object] = []
    at = 0
    while True:
        while at < len(text) and text[at] in _BETWEEN:
            at += 1
        if at >= len(text) or text[at] == "]":
            return found, text[at:], text[at : at + 1] == "]"
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return found, text[at:], False
        if end == len(text) and not isinstance(value, dict):
            return found, text[at:], False
        found.append(value)
        at = end


def _unfinished_octets(octets: bytes) -> int:
    """Return how many octets at the end begin a UTF-8 character that is not all there."""
    for back in range(1, min(4, len(octets) + 1)):
        octet = octets[-back]
        if octet >= 0xC0:  # a lead octet: two, three or four octets long
            length = 2 + (octet >= 0xE0) + (octet >= 0xF0)
            return back if back < length else 0
        if octet < 0x80:
            return 0
    return 0
