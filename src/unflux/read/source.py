"""What a source of DNS records is: bytes in, columns out."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Protocol

import pyarrow as pa

from unflux.model.columns import MOMENT
from unflux.model.ports import DNS_PORTS
from unflux.model.rollup import Rollup

__all__ = [
    "RECORDS_SCHEMA",
    "RESPONSES_SCHEMA",
    "SECTIONS",
    "Batch",
    "Doc",
    "Drops",
    "Options",
    "Rollup",
    "Source",
]

SECTIONS: Final = ("ans", "auth", "add")

RESPONSES_SCHEMA: Final = pa.schema(
    [
        pa.field("response", pa.int64(), False),  # row number within the batch, 0..n-1
        pa.field("ts", MOMENT),  # null: no time known
        pa.field("query", pa.string(), False),  # normalised, see model/names.py
        pa.field("qtype", pa.string()),  # "A", "AAAA", "TYPE65280"; null: unknown
        pa.field("rcode", pa.string()),  # "NOERROR", "NXDOMAIN", ...; null: unknown
        pa.field("client", pa.string()),  # never leaves read
        pa.field("sensor", pa.string()),
    ]
)
RECORDS_SCHEMA: Final = pa.schema(
    [
        pa.field("response", pa.int64(), False),  # which row of responses it came in
        pa.field("qname", pa.string(), False),  # owner, normalised
        pa.field("rrtype", pa.string(), False),
        pa.field("rdata", pa.string(), False),  # canonical: see model/columns.py
        pa.field("ttl_s", pa.int64()),  # 0..2^31-1; null: unknown
        pa.field("section", pa.string(), False),  # ans | auth | add
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some decoded responses as two Arrow tables of the schemas above.

    Columns of text may be dictionary-encoded, each value of a dictionary once.
    """

    responses: pa.Table
    records: pa.Table


@dataclass(slots=True)
class Drops:
    """Counts what was read and what was skipped, by reason, for the closing summary.

    A reason is a short fixed phrase ("truncated packet"), never text from the network.
    """

    reasons: Counter[str] = field(default_factory=Counter)
    response_count: int = 0
    query_count: int = 0

    def drop(self, reason: str, count: int = 1) -> None:
        """Count ``count`` pieces of input skipped for ``reason``."""
        self.reasons[reason] += count

    def add(self, other: "Drops") -> None:
        """Add another reader's counts to these."""
        self.reasons.update(other.reasons)
        self.response_count += other.response_count
        self.query_count += other.query_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user may ask of every reader."""

    ports: frozenset[int] = DNS_PORTS
    """TCP and UDP ports that carry DNS, 1..65535."""
    since_us: int | None = None
    """Skip responses before this moment, microseconds since the epoch, inclusive."""
    until_us: int | None = None
    """Skip responses at or after this moment, microseconds since the epoch."""
    utc_offset_s: int = 0
    """Offset of local times in sources that name no zone (dig's WHEN line), seconds east."""
    workers: int = 1
    """Threads that decode one source, 1 or more."""
    max_rows: int | None = None
    """Rows of a thread's tables that are made a rollup before more is added; null: as many as it
    takes to be fast."""
    lessen: Callable[[Rollup], Rollup] | None = None
    """Done to each rollup before others are merged with it, to bound them all; null: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    """What a plug-in says of itself in the docs; ``limitations`` may not be empty."""

    summary: str
    references: tuple[str, ...]
    limitations: tuple[str, ...]


class Source(Protocol):
    """One format. Its module holds the class and nothing else; sources.py lists it."""

    NAME: str
    DOC: Doc
    USES_THREADS: bool
    """Whether it decodes in ``options.workers`` threads, for the most part in compiled code."""

    def recognises(self, head: bytes) -> bool:
        """Tell from the first bytes (up to 64 KiB, decompressed) whether this is the format."""
        ...

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Decode the stream, counting what is skipped; raise UnreadableSourceError only when
        nothing of it can be read. ``stream`` offers ``read(n)`` and need not be seekable.
        """
        ...
