"""A place in a log: which file, by what it begins with, and how far it was read."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Final, Self

HEAD_BYTES: Final = 1024
"""Octets that tell one file from another. Chosen: 2026-11-28; they hold the first time that a log
of Zeek or Suricata mentions."""
MAX_HEADER_BYTES: Final = 64 << 10
"""Of ``#`` lines that are remembered; Zeek writes less than one KiB."""

MAX_FINISHED: Final = 32
"""Former files that are known again. Chosen: 2026-11-28; gzip is at work on one of the last few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a log was read; kept as JSON."""

    inode: int
    offset: int = 0
    """Octets that were read, of what the file holds when it is decompressed."""
    head_size: int = 0
    head_digest: str = ""
    """Of the first ``head_size`` octets, HEAD_BYTES at most."""
    header: str = ""
    """The ``#`` lines (Zeek) that hold for what follows, in Latin 1: any octet is a character."""
    finished: tuple[str, ...] = ()
    """Digests of the heads of the files that were read before, the last ones."""

    @classmethod
    def scan(cls, text: str) -> Self:
        """Return the place that was rendered so."""
        fields = json.loads(text)
        return cls(**{**fields, "finished": tuple(fields.get("finished", ()))})

    def render(self) -> str:
        """Write it for :meth:`scan`."""
        return json.dumps(asdict(self))

    def is_of(self, head: bytes) -> bool:
        """Tell whether a file that begins so is the one, as far as was read of it."""
        known = head[: self.head_size]
        return len(known) == self.head_size and digest_of(known) == self.head_digest

    def after(self, octets: bytes, head: bytes) -> "Place":
        """Return the place behind some more octets, whole lines, of the file with this head."""
        offset = self.offset + len(octets)
        head = head[: min(offset, HEAD_BYTES)]
        return replace(
            self,
            offset=offset,
            head_size=len(head),
            head_digest=digest_of(head),
            header=_header_after(self.header.encode("latin-1"), octets).decode("latin-1"),
        )

    def in_next(self, inode: int, head: bytes) -> "Place":
        """Return the start of the file that follows the one with this head."""
        finished = (*self.finished, digest_of(head))[-MAX_FINISHED:]
        return Place(inode=inode, finished=finished)


def digest_of(head: bytes) -> str:
    """Return the digest of a head, BLAKE2b of 128 bits in hex."""
    return hashlib.blake2b(head, digest_size=16).hexdigest()


def _header_after(header: bytes, octets: bytes) -> bytes:
    """Return the ``#`` lines that hold behind some lines; ``#separator`` begins anew."""
    at = 0 if octets.startswith(b"#") else octets.find(b"\n#") + 1 or -1
    while at >= 0:
        line = octets[at : octets.find(b"\n", at) + 1 or len(octets)]
        if line.startswith(b"#separator"):
            header = line
        elif not line.startswith(b"#close") and len(header) + len(line) <= MAX_HEADER_BYTES:
            header += line
        at = octets.find(b"\n#", at) + 1 or -1
    return header
