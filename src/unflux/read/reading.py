"""Reading sources from end to end: open, recognise, decode, roll up; in several processes."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.errors import UnfluxError
from unflux.model.rollup import Rollup, merge, settle
from unflux.read.kernel.adding import add_batch
from unflux.read.kernel.native import load_kernel
from unflux.read.kernel.rollup import roll_up_tables
from unflux.read.kernel.tables import TableSet
from unflux.read.message import NO_TIME, NOT_ASKED
from unflux.read.meter import Meter, Progress
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
    with_digest: bool = True,
) -> Iterator[SourceRead]:
    """Read what the arguments name (see :func:`find_locations`), one result per source, in order.

    With several ``workers``, sources whose decoder uses threads are read here by that many of
    them, one source after the other; other regular files by as many processes, and standard input
    and pipes always by this one. The results are the same for any number.
    """
    locations = list(find_locations(arguments))
    meter = Meter(locations, progress)
    options = replace(options, workers=workers)
    read_here = partial(
        read_source,
        options=options,
        advance=meter.advance,
        standard_input=standard_input,
        with_digest=with_digest,
    )
    aside = [location for location in locations if _wants_process(location)] if workers > 1 else []
    if len(aside) <= 1:
        yield from map(read_here, locations)
        return
    read_aside = partial(_read_shared, options=options, with_digest=with_digest)
    pool = _Pool(aside, min(workers, len(aside)), read_aside, meter)
    yield from pool.read(locations, read_here)


def _wants_process(location: Location) -> bool:
    """Tell whether a source is read as well by another process, and better for using no threads."""
    if not location.is_shareable:
        return False
    try:
        with open_source(location, Drops(), with_digest=False) as opened:
            return not recognise(opened.head).USES_THREADS
    except UnfluxError:
        return False


def read_source(
    location: Location,
    options: Options,
    *,
    advance: Advance | None = None,
    standard_input: BinaryIO | None = None,
    with_digest: bool = True,
) -> SourceRead:
    """Read one source. What is wrong with it comes back as its ``error``, never as an exception."""
    drops = Drops()
    pending = _Pending(options)
    format_name = digest = error = None
    try:
        opened = open_source(
            location, drops, advance=advance, standard_input=standard_input,
            with_digest=with_digest,
        )  # fmt: skip
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
    except Exception as failure:  # noqa: BLE001  the guard around plug-ins, of records
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


class _Pending:
    """What readers yielded of one source: responses in tables, rollups merged when many."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lessen = options.lessen
        self._kernel = load_kernel()
        self._held: TableSet | None = None
        self._parts: list[Rollup] = []
        self._row_count = 0
        self._limit = MAX_PENDING_ROWS

    def add(self, part: Batch | Rollup) -> None:
        """Add what a reader yielded."""
        if isinstance(part, Rollup):
            self._add_rollup(part)
        elif self._kernel is None:
            self._add_rollup(roll_up(part))
        else:
            self._held = self._held or TableSet(self._kernel, self._options)
            add_batch(self._held, part)
            if self._held.is_full:
                self._empty_tables()

    def take(self) -> Rollup:
        """Return all of it as one settled rollup and hold nothing."""
        self._empty_tables()
        is_one = len(self._parts) == 1
        whole = merge(self._parts)
        self._parts.clear()  # frees their memory for the next step
        return settle(whole) if is_one else self._bounded(settle(whole))

    def _bounded(self, rollup: Rollup) -> Rollup:
        return rollup if self._lessen is None else self._lessen(rollup)

    def _empty_tables(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._add_rollup(roll_up_tables(held))

    def _add_rollup(self, rollup: Rollup) -> None:
        rollup = self._bounded(rollup)
        self._parts.append(rollup)
        self._row_count += rollup.row_count
        if self._row_count > self._limit:
            self._parts = [self._bounded(settle(merge(self._parts)))]
            self._row_count = self._parts[0].row_count
            # Where little merges, wait for as much again: the work stays proportional.
            self._limit = max(MAX_PENDING_ROWS, 2 * self._row_count)


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


def _read_shared(location: Location, options: Options, *, with_digest: bool) -> SourceRead:
    return read_source(location, options, advance=_advance_shared, with_digest=with_digest)


class _Pool:
    """Reads some sources in several processes, ahead of whoever takes the results."""

    def __init__(
        self,
        aside: list[Location],
        workers: int,
        read_aside: Callable[[Location], SourceRead],
        meter: Meter,
    ) -> None:
        context = multiprocessing.get_context("spawn")  # threads of Arrow do not survive a fork
        self._read_bytes = context.Value("q", 0)
        self._pool = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_share, initargs=(self._read_bytes,)
        )
        self._todo = iter(aside)
        self._read_aside = read_aside
        self._ahead: dict[Location, Future[SourceRead]] = {}
        self._most_ahead = AHEAD * workers
        self._report = partial(_report, meter, self._read_bytes)

    def read(
        self, locations: list[Location], read_here: Callable[[Location], SourceRead]
    ) -> Iterator[SourceRead]:
        """Read all locations, in order, those that are not given to the pool by ``read_here``."""
        try:
            for location in locations:
                self._give()
                result = self._take(location)
                yield result or read_here(location)
        finally:
            self._pool.shutdown(cancel_futures=True)

    def _give(self) -> None:
        try:
            while len(self._ahead) < self._most_ahead and (other := next(self._todo, None)):
                self._ahead[other] = self._pool.submit(self._read_aside, other)
        except BrokenProcessPool:
            pass  # what was not given away is read here

    def _take(self, location: Location) -> SourceRead | None:
        future = self._ahead.pop(location, None)
        try:
            return None if future is None else _wait_for(future, self._report)
        except BrokenProcessPool:  # killed, most likely for its memory
            return _unread(location.name, "the reading process was ended")


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


def _report(meter: Meter, read_bytes: "Synchronized[int]") -> None:
    meter.set_elsewhere(read_bytes.value)
