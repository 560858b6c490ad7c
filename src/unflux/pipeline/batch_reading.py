"""A batch of a watch becomes a rollup: each part is read as a file of its format."""

import io
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from unflux.model.rollup import Rollup, merge, settle
from unflux.model.times import microseconds_of
from unflux.read.message import NOT_ASKED
from unflux.read.opening import STANDARD_INPUT, Location
from unflux.read.reading import SourceRead, read_source
from unflux.read.source import Drops, Options
from unflux.watch.inbox import Batch, Part
from unflux.watch.thinning import Limits, thin

AHEAD: Final = timedelta(minutes=10)
"""How far a record's time may be ahead of this machine's clock. Chosen: 2026-11-28; a sender
without a clock that is set would else fill a window that never ends."""
REFUSED: Final = "part of a batch that could not be read, or not to its end"
OTHER_TIME: Final = "time ahead of the clock, or older than --keep"

TABLE_ROWS: Final = 400_000
"""Rows of a thread that are thinned before it decodes on. Chosen: 2026-11-28; a batch of generated
traffic has fewer, and so many take some 150 MB on their way into a rollup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRead:
    """What was read of a batch."""

    rollup: Rollup
    drops: Drops
    formats: frozenset[str]
    errors: tuple[str, ...]
    """Of parts that could not be read, or not to their end, each with its origin."""
    positions: Mapping[str, str]
    shed: Counter[str]
    """Rows that were let go, by reason."""


def read_batch(
    batch: Batch,
    options: Options,
    now: datetime,
    keep: timedelta | None = None,
    *,
    limits: Limits | None = None,
    kept: Collection[str] = (),
) -> BatchRead:
    """Decode all parts of a batch, and thin what a flood left of them; ``kept``: domains of which
    nothing is let go.

    Records of times that no window will hold, ahead of ``now`` or ``keep`` before it, are counted
    drops, and so are records without a time.
    """
    limits = limits or Limits()
    shed = Counter[str]()

    def lessen(rollup: Rollup) -> Rollup:
        thinned, gone = thin(rollup, limits, kept)
        shed.update(gone)
        return thinned

    bounded = replace(
        options,
        max_rows=TABLE_ROWS,
        lessen=lessen,
        since_us=None if keep is None else microseconds_of(now - keep),
        until_us=microseconds_of(now + AHEAD),
    )
    sources = [_read_part(part, bounded) for part in batch.parts]
    drops = Drops()
    for source in sources:
        drops.add(source.drops)
        if source.error:
            drops.drop(REFUSED)
    if other_count := drops.reasons.pop(NOT_ASKED, 0):
        drops.drop(OTHER_TIME, other_count)
    rollups = [source.rollup for source in sources]
    return BatchRead(
        rollup=rollups[0] if len(rollups) == 1 else lessen(settle(merge(rollups))),
        drops=drops,
        formats=frozenset(source.format for source in sources if source.format),
        errors=tuple(
            part.origin + source.error.removeprefix(STANDARD_INPUT)
            for part, source in zip(batch.parts, sources, strict=True)
            if source.error
        ),
        positions=batch.positions,
        shed=shed,
    )


def _read_part(part: Part, options: Options) -> SourceRead:
    return read_source(
        Location(name=STANDARD_INPUT),
        options,
        standard_input=io.BytesIO(part.octets),
        with_digest=False,
    )
