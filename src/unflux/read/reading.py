"""Reading sources from end to end: open, recognise, decode, roll up; in several processes."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.errors import UnfluxError
from unflux.model.rollup import Rollup, merge, settle, tables_of
from unflux.read.message import NO_TIME, NOT_ASKED
from unflux.read.opening import Advance, Location, find_locations, open_source
from unflux.read.rollup import roll_up
from unflux.read.source import Batch, Drops, Options
from unflux.read.sources import recognise

MAX_PENDING_ROWS: Final = 500_000
"""Rows of rollups that wait to be merged. Chosen: 2026-11-22; some 150 MB, and merging less
often gains nothing measurable."""

AHEAD: Final = 2
"""Sources given to each process before the results of earlier ones are taken."""

POLL_S: Final = 0.1
"""How often progress in other processes is looked at."""

Progress = Callable[[int, int | None], None]
"""Told the octets read so far, as stored, and of how many; null where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRead:
    """What was read of one source."""

    name: str
    format: str | None
    """NAME of the format; null where it was not recognised."""
    rollup: Rollup
    """Settled: in hours where the records span more than a day."""
    drops: Drops
    error: str | None
    """One line, beginning with the name, where the source could not be read, or not to its end
    (what was read so far is kept); null where it could."""
    digest: str | None
    """Of the octets as stored; null where not all of them were read."""


def read_all(
    arguments: Iterable[str],
    options: Options,
    *,
    workers: int = 1,
    progress: Progress | None = None,
    standard_input: BinaryIO | None = None,
) -> Iterator[SourceRead]:
    """Read what the arguments name (see :func:`find_locations`), one result per source, in order.

    With several ``workers``, regular files are read by that many processes; standard input and
    pipes always by this one. The results are the same for any number.
    """
    locations = list(find_locations(arguments))
    meter = _Meter(locations, progress)
    read_here = partial(
        read_source, options=options, advance=meter.advance, standard_input=standard_input
    )
    shareable = sum(location.is_shareable for location in locations)
    if workers <= 1 or shareable <= 1:
        yield from map(read_here, locations)
        return
    yield from _read_in_pool(locations, options, min(workers, shareable), read_here, meter)


def read_source(
    location: Location,
    options: Options,
    *,
    advance: Advance | None = None,
    standard_input: BinaryIO | None = None,
) -> SourceRead:
    """Read one source. What is wrong with it comes back as its ``error``, never as an exception."""
    drops = Drops()
    pending = _Pending()
    format_name = digest = error = None
    try:
        opened = open_source(location, drops, advance=advance, standard_input=standard_input)
        with opened:
            try:
                source = recognise(opened.head)
                format_name = source.NAME
                for part in source.read(opened.stream, options, drops):
                    pending.add(_in_span(part, options, drops))
            except UnfluxError as refusal:
                error = f"{location.name}: {refusal}"
            digest = opened.digest()
    except UnfluxError as refusal:  # of the opening, and names the source already
        error = str(refusal)
    except Exception as failure:  # noqa: BLE001  the guard around plug-ins: the one of its kind
        # Only the kind is told: messages of libraries may quote what the network sent.
        where = f"the {format_name} reader" if format_name else "reading"
        error = f"{location.name}: {where} failed ({type(failure).__name__})"
    return SourceRead(
        name=location.name,
        format=format_name,
        rollup=pending.take(),
        drops=drops,
        error=error,
        digest=digest,
    )


@dataclass(slots=True)
class _Pending:
    """Rollups of one source, merged whenever they have grown large."""

    _parts: list[Rollup] = field(default_factory=list)
    _row_count: int = 0
    _limit: int = MAX_PENDING_ROWS

    def add(self, part: Batch | Rollup) -> None:
        """Add what a reader yielded."""
        rollup = part if isinstance(part, Rollup) else roll_up(part)
        self._parts.append(rollup)
        self._row_count += _row_count(rollup)
        if self._row_count > self._limit:
            rollup = self.take()
            self._parts = [rollup]
            self._row_count = _row_count(rollup)
            # Where little merges, wait for as much again: the work stays proportional.
            self._limit = max(MAX_PENDING_ROWS, 2 * self._row_count)

    def take(self) -> Rollup:
        """Return all of it as one settled rollup and hold nothing."""
        whole = merge(self._parts)
        self._parts.clear()  # frees their memory for the next step
        return settle(whole)


def _row_count(rollup: Rollup) -> int:
    return sum(table.num_rows for table in tables_of(rollup))


def _in_span(part: Batch | Rollup, options: Options, drops: Drops) -> Batch | Rollup:
    """Leave out the responses of a batch outside the time asked for; readers may have done so."""
    if isinstance(part, Rollup) or (options.since_us is None and options.until_us is None):
        return part
    ts = part.responses["ts"].cast(pa.int64())
    is_inside = pc.is_valid(ts)
    if options.since_us is not None:
        is_inside = pc.and_(is_inside, pc.fill_null(pc.greater_equal(ts, options.since_us), False))
    if options.until_us is not None:
        is_inside = pc.and_(is_inside, pc.fill_null(pc.less(ts, options.until_us), False))
    kept = np.asarray(is_inside).astype(bool)
    outside = len(kept) - int(kept.sum())
    if not outside:
        return part
    drops.response_count -= outside
    if ts.null_count:
        drops.drop(NO_TIME, ts.null_count)
    if outside > ts.null_count:
        drops.drop(NOT_ASKED, outside - ts.null_count)
    number = pa.array(np.cumsum(kept) - 1)
    responses = part.responses.filter(is_inside)
    responses = responses.set_column(
        0, part.responses.schema.field(0), pa.array(np.arange(responses.num_rows))
    )
    records = part.records.filter(is_inside.take(part.records["response"]))
    records = records.set_column(
        0, part.records.schema.field(0), number.take(records["response"].combine_chunks())
    )
    return Batch(responses=responses, records=records)


# --- several processes --------------------------------------------------------------------

_read_bytes: "Synchronized[int] | None" = None
"""In a worker: the octets that all of them have read."""


def _share(read_bytes: "Synchronized[int]") -> None:
    global _read_bytes  # noqa: PLW0603  the initializer of a process has no other place
    _read_bytes = read_bytes


def _advance_shared(count: int) -> None:
    if _read_bytes is not None:
        with _read_bytes.get_lock():
            _read_bytes.value += count


def _read_shared(location: Location, options: Options) -> SourceRead:
    return read_source(location, options, advance=_advance_shared)


def _read_in_pool(
    locations: list[Location],
    options: Options,
    workers: int,
    read_here: Callable[[Location], SourceRead],
    meter: "_Meter",
) -> Iterator[SourceRead]:
    context = multiprocessing.get_context("spawn")  # threads of Arrow do not survive a fork
    read_bytes = context.Value("q", 0)
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_share, initargs=(read_bytes,)
    )
    try:
        ahead: dict[int, Future[SourceRead]] = {}
        todo = (n for n, location in enumerate(locations) if location.is_shareable)
        for number, location in enumerate(locations):
            result = None
            try:
                while len(ahead) < AHEAD * workers and (other := next(todo, None)) is not None:
                    ahead[other] = pool.submit(_read_shared, locations[other], options)
            except BrokenProcessPool:
                pass  # what was not given away is read here
            try:
                if number in ahead:
                    result = _wait_for(ahead.pop(number), partial(_report, meter, read_bytes))
            except BrokenProcessPool:  # killed, most likely for its memory
                result = _unread(location.name, "the reading process was ended")
            yield result or read_here(location)
    finally:
        pool.shutdown(cancel_futures=True)


def _unread(name: str, why: str) -> SourceRead:
    return SourceRead(
        name=name,
        format=None,
        rollup=Rollup.empty(),
        drops=Drops(),
        error=f"{name}: {why}",
        digest=None,
    )


def _wait_for(future: Future[SourceRead], report: Callable[[], None]) -> SourceRead:
    while True:
        try:
            return future.result(timeout=POLL_S)
        except TimeoutError:
            report()
        finally:
            if future.done():
                report()


def _report(meter: "_Meter", read_bytes: "Synchronized[int]") -> None:
    meter.set_elsewhere(read_bytes.value)


class _Meter:
    """Adds up the octets read here and in other processes, and tells whoever asked."""

    def __init__(self, locations: list[Location], progress: Progress | None) -> None:
        sizes = [location.size_bytes for location in locations] if progress else []
        self._total = None if None in sizes else sum(size for size in sizes if size)
        self._progress = progress
        self._here = 0
        self._elsewhere = 0

    def advance(self, count: int) -> None:
        """Add octets read by this process."""
        self._here += count
        self._tell()

    def set_elsewhere(self, count: int) -> None:
        """Set how many octets all other processes have read."""
        if count != self._elsewhere:
            self._elsewhere = count
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._here + self._elsewhere, self._total)
