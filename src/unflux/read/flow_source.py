"""What a source of flows is: bytes in, tables of shape ``FLOWS`` out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import pyarrow as pa

from unflux.read.source import Doc, Drops


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOptions:
    """What the user may ask of every reader of flows."""

    utc_offset_s: int = 0
    """Offset of times that name no zone (nfdump's), seconds east."""
    workers: int = 1
    """Threads that decode one source, 1 or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowBatch:
    """Some flows, and how they are to be brought together with others of their source."""

    flows: pa.Table
    """Shape ``FLOWS``."""
    is_directed: bool = True
    """False where a row is one direction only, from ``client`` to ``server`` (``sent_bytes``), and
    a flow may lie in several rows."""


class FlowSource(Protocol):
    """One format of flows. Its module holds the class; flow_sources.py lists it."""

    NAME: str
    DOC: Doc

    def recognises(self, head: bytes) -> bool:
        """Tell from the first bytes (up to 64 KiB, decompressed) whether this is the format."""
        ...

    def read(self, stream: BinaryIO, options: FlowOptions, drops: Drops) -> Iterator[FlowBatch]:
        """Decode the stream, counting what is skipped; raise UnreadableSourceError only when
        nothing of it can be read.
        """
        ...
