"""The formats that unflux reads, and which of them a source is in."""

from typing import Final

from unflux.model.errors import UnreadableSourceError
from unflux.read.capture import Capture
from unflux.read.cof import Cof
from unflux.read.dig import Dig
from unflux.read.dnstap import Dnstap
from unflux.read.eve import Eve
from unflux.read.source import Source
from unflux.read.table import Delimited, Parquet
from unflux.read.zeek import Zeek

SOURCES: Final[tuple[Source, ...]] = (
    Capture(),
    Dnstap(),
    Parquet(),
    Eve(),
    Zeek(),
    Cof(),
    Dig(),
    Delimited(),
)
"""Asked in this order; formats told by a magic number come first."""


def recognise(head: bytes) -> Source:
    """Return the format of a source by its first octets (up to 64 KiB), never by its name.

    Raises UnreadableSourceError where it is none of :data:`SOURCES`.
    """
    for source in SOURCES:
        if source.recognises(head):
            return source
    known = ", ".join(source.NAME for source in SOURCES)
    raise UnreadableSourceError(f"not a format that unflux reads ({known})")
