"""The formats that unflux reads, and which of them a source is in."""

from typing import Final

from unflux.read.capture import Capture
from unflux.read.cof import Cof
from unflux.read.dig import Dig
from unflux.read.dnstap import Dnstap
from unflux.read.eve import Eve
from unflux.read.recognition import recognise_among
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
    return recognise_among(SOURCES, head, what="a format")
