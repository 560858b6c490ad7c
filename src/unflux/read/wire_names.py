"""Domain names of one DNS message, each part of it read once.

Compression lets a message of 64 KiB spell out a megabyte of names. A general reader spends many
seconds on such a message, so names are kept by where they start and put together as text.
"""

from typing import Final, NamedTuple

from unflux.model.names import MAX_NAME_LENGTH, ROOT

POINTER: Final = 0xC0
MAX_LABEL_LENGTH: Final = 63
"""Octet that begins a pointer, and of the longest label (RFC 1035 sections 2.3.4 and 4.1.4)."""

MAX_POINTERS: Final = 16
"""Pointers that one name may follow. Chosen: 2026-11-22; dnspython draws the line there too, and
servers need one or two."""

_ESCAPED: Final = b'"().;\\@$'


def presentation_of(octet: int) -> str:
    """Return an octet of a label as :func:`unflux.model.names.normalise_name` writes it."""
    if octet in _ESCAPED:
        return f"\\{chr(octet)}"
    return chr(octet).lower() if 0x20 < octet < 0x7F else f"\\{octet:03d}"


_PRESENTATION: Final = {octet: presentation_of(octet) for octet in range(256)}


class BadNameError(ValueError):
    """There is no domain name where one should be."""


class _Tail(NamedTuple):
    """What a name reads like from some place on."""

    labels: tuple[str, ...]
    size_bytes: int
    """Octets without compression, the root's included."""
    pointer_count: int
    end: int
    """Where the octets from that place up to its own pointer or root end."""


class NameReader:
    """Reads names of one message (RFC 1035 section 4.1.4).

    A pointer leads to an earlier place only, and what it leads to ends before the part of the
    name that holds the pointer begins: no name can contain itself.
    """

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self._tails: dict[int, _Tail] = {}
        self._texts: dict[tuple[str, ...], str] = {}

    def read(self, at: int, end: int) -> tuple[str, int]:
        """Return the normalised name that begins at ``at``, and where its octets end.

        Octets from ``end`` on are not part of it. Raise :class:`BadNameError` where it is none.
        """
        tail = self._read_tail(at, end)
        text = self._texts.get(tail.labels)
        if text is None:
            text = self._texts[tail.labels] = ".".join(tail.labels) or ROOT
        return text, tail.end

    def _read_tail(self, at: int, end: int) -> _Tail:
        """Read from ``at`` to the root, from part to part without recursion."""
        parts: list[tuple[int, tuple[str, ...], int, int]] = []
        tail: _Tail | None = None
        size_bytes = 1
        while tail is None:
            labels, part_bytes, part_end, target = self._read_part(at, end)
            size_bytes += part_bytes
            parts.append((at, labels, part_bytes, part_end))
            if target is None:
                tail = _Tail((), 1, -1, part_end)
                break
            if target >= at or len(parts) > MAX_POINTERS or size_bytes > MAX_NAME_LENGTH:
                raise BadNameError
            tail = self._tails.get(target)
            if tail is not None and tail.end > at:
                raise BadNameError
            at, end = target, at
        for start, labels, part_bytes, part_end in reversed(parts):
            tail = _Tail(
                labels + tail.labels,
                part_bytes + tail.size_bytes,
                tail.pointer_count + 1,
                part_end,
            )
            if tail.size_bytes > MAX_NAME_LENGTH or tail.pointer_count > MAX_POINTERS:
                raise BadNameError
            if start != parts[0][0]:
                self._tails[start] = tail
        return tail

    def _read_part(self, at: int, end: int) -> tuple[tuple[str, ...], int, int, int | None]:
        """Read labels up to a pointer or the root.

        Return them, their octets, where the part ends, and where its pointer leads; null at the
        root.
        """
        wire, start = self._wire, at
        labels: list[str] = []
        while at < end and at - start <= MAX_NAME_LENGTH:
            size = wire[at]
            if size == 0:
                return tuple(labels), at - start, at + 1, None
            if size >= POINTER:
                if at + 2 > end:
                    break
                return tuple(labels), at - start, at + 2, (size & 0x3F) << 8 | wire[at + 1]
            if size > MAX_LABEL_LENGTH or at + 1 + size > end:
                break
            labels.append(wire[at + 1 : at + 1 + size].decode("latin-1").translate(_PRESENTATION))
            at += 1 + size
        raise BadNameError
