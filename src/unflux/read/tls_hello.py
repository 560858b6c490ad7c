"""The server name that a TLS client asks for, as its first message stands in a segment."""

from typing import Final

HANDSHAKE: Final = 22
CLIENT_HELLO: Final = 1
"""Type of record and of message (RFC 8446 sections 5.1 and 4)."""
SERVER_NAME: Final = 0
HOST_NAME: Final = 0
"""Type of extension and of name (RFC 6066 section 3)."""
FIXED_OCTETS: Final = 34
"""Version and random of a ClientHello (RFC 8446 section 4.1.2)."""
LONGEST: Final = 255
"""Octets of a name (RFC 1035 section 3.1)."""


def parse_server_name(segment: bytes) -> str | None:
    """Return the name asked for by a ClientHello that begins the segment, or null.

    Of a message that goes on in the next segment the extensions in this one are looked at.
    """
    try:
        return _name(segment)
    except IndexError:
        return None


def _name(octets: bytes) -> str | None:
    """Return the name; raises IndexError where the octets end before it."""
    if octets[0] != HANDSHAKE or octets[1] != 3 or octets[5] != CLIENT_HELLO:
        return None
    at = 9 + FIXED_OCTETS
    at += 1 + octets[at]  # session
    at += 2 + _number(octets, at)  # ciphers
    at += 1 + octets[at]  # compression
    ends = at + 2 + _number(octets, at)
    at += 2
    while at < ends:
        kind, size = _number(octets, at), _number(octets, at + 2)
        if kind == SERVER_NAME:
            return _host_name(octets[at + 4 : at + 4 + size])
        at += 4 + size
    return None


def _host_name(extension: bytes) -> str | None:
    """Return the name of an extension, whose list has one (RFC 6066: one of each type)."""
    size = _number(extension, 3)
    name = extension[5 : 5 + size]
    if extension[2] != HOST_NAME or len(name) != size or not 0 < size <= LONGEST:
        return None
    return name.decode("ascii", "backslashreplace")


def _number(octets: bytes, at: int) -> int:
    return octets[at] << 8 | octets[at + 1]
