"""Requests and responses of HTTP/1 in the two directions of a stream."""

from dataclasses import dataclass
from typing import Final

MOST_EXCHANGES: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request, and its response if it is there."""

    place: int
    """Of the request among all octets sent."""
    method: str
    uri: str
    version: str
    host: str | None
    user_agent: str | None
    request_octets: int
    status: int | None
    status_text: str | None
    response_octets: int
    """Of the body, as far as it is there."""


def read_exchanges(sent: bytes, returned: bytes) -> list[Exchange]:
    """Return the exchanges up to the first thing that is not HTTP/1."""
    exchanges: list[Exchange] = []
    total = len(sent)
    while sent and len(exchanges) < MOST_EXCHANGES:
        place = total - len(sent)
        first, headers, body, sent = _take(sent, is_request=True)
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/"):
            break
        status_line, _, answer, returned = _take(
            returned, is_request=False, is_bodiless=words[0] == "HEAD"
        )
        status = status_line.split(" ", 2)
        is_answered = len(status) > 1 and status[0].startswith("HTTP/") and status[1].isdecimal()
        exchanges.append(
            Exchange(
                place=place,
                method=words[0],
                uri=words[1],
                version=words[2].removeprefix("HTTP/"),
                host=headers.get("host"),
                user_agent=headers.get("user-agent"),
                request_octets=body,
                status=int(status[1]) if is_answered else None,
                status_text=status[2] if is_answered and len(status) > 2 else None,
                response_octets=answer,
            )
        )
    return exchanges


def _take(
    octets: bytes, *, is_request: bool, is_bodiless: bool = False
) -> tuple[str, dict[str, str], int, bytes]:
    """Return first line, headers, octets of the body, and what follows."""
    head, parted, rest = octets.partition(b"\r\n\r\n")
    if not parted:
        return "", {}, 0, b""
    first, *lines = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    if is_bodiless or first.split(" ")[1:2] in (["204"], ["304"]):
        return first, headers, 0, rest
    if headers.get("transfer-encoding", "").lower() == "chunked":
        size, rest = _take_chunks(rest)
        return first, headers, size, rest
    told = headers.get("content-length", "")
    if told.isdecimal():
        size = min(int(told), len(rest))
        return first, headers, size, rest[int(told) :]
    return (first, headers, 0, rest) if is_request else (first, headers, len(rest), b"")


def _take_chunks(rest: bytes) -> tuple[int, bytes]:
    total = 0
    while True:
        line, parted, after = rest.partition(b"\r\n")
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            return total, b""
        if not parted or size < 0:
            return total, b""
        total += min(size, len(after))
        rest = after[size + 2 :]
        if size == 0:
            return total, rest
