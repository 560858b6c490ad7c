"""Recognition: which of some formats a source is in."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from unflux.model.errors import UnreadableSourceError


class Recognisable(Protocol):
    """A format that knows its own."""

    NAME: str

    def recognises(self, head: bytes) -> bool:
        """Tell from the first bytes (up to 64 KiB, decompressed) whether this is the format."""
        ...


FormatT = TypeVar("FormatT", bound=Recognisable)


def recognise_among(formats: Sequence[FormatT], head: bytes, *, what: str) -> FormatT:
    """Return the first format that knows the first octets of a source, never by its name.

    Raises UnreadableSourceError, which says that it is not ``what`` unflux reads, and names them.
    """
    for format_ in formats:
        if format_.recognises(head):
            return format_
    known = ", ".join(format_.NAME for format_ in formats)
    raise UnreadableSourceError(f"not {what} that unflux reads ({known})")
