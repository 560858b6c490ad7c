"""Gather: sources in, one rollup out, through a store where one is named."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc

from unflux.engine.store import WAIT_S, Store
from unflux.model.clocks import WRONG_CLOCK, forget_wrong_moments
from unflux.model.errors import UnreadableSourceError, UsageError
from unflux.model.memory import give_back
from unflux.model.rollup import BUCKET_FINE_S, Rollup, merge, settle, settled_bucket_s, within
from unflux.model.times import moment_at
from unflux.model.verdicts import SourceSummary
from unflux.read.kernel.native import Say, load_kernel
from unflux.read.meter import Progress
from unflux.read.reading import SourceRead, read_all
from unflux.read.source import Options as ReadOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a scan is asked to do."""

    reading: ReadOptions = field(default_factory=ReadOptions)
    workers: int = 1
    """Processes that read sources, and threads of DuckDB."""
    routes: tuple[Path, ...] = ()
    """The user's own range tables; the first wins."""
    store: Path | None = None
    engine: str = "duckdb"
    memory_bytes: int | None = None
    """Of DuckDB, beyond which it uses the disk; null: four fifths of the machine's."""
    list_all: bool = False
    now: datetime | None = None
    """When the scan is; what is dated later comes from a wrong clock. Null: none is too late."""


@dataclass(slots=True)
class Gathered:
    """What reading gave: the rollup so far and what became of each source."""

    rollup: Rollup
    """What was read; empty once an engine has it."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    bucket_s: int = BUCKET_FINE_S
    sources: list[SourceSummary] = field(default_factory=list)
    drops: Counter[str] = field(default_factory=Counter)
    responses: int = 0


def prepare_reading(say: Say) -> None:
    """Have compiled code at hand; ``say`` is told, in a line, where that takes a while."""
    load_kernel(say)


def gather(arguments: Sequence[str], options: Options, progress: Progress | None) -> Gathered:
    """Read every source; with a store, add each to it and take out all that it holds.

    Raises UsageError and UnreadableSourceError where there is nothing to read from.
    """
    if not arguments and options.store is None:
        message = "nothing to read: name a source (a file, folder, glob or -), or a --store"
        raise UsageError(message)
    if options.store is not None and not arguments and not options.store.exists():
        message = f"{options.store}: no such store, and no source to fill it from"
        raise UnreadableSourceError(message)
    gathered = _gather(arguments, options, progress)
    gathered.rollup, count = forget_wrong_moments(gathered.rollup, options.now)
    gathered.drops.update({WRONG_CLOCK: count} if count else {})
    _note_span(gathered)
    give_back()  # reading and merging leave several times what is kept
    return gathered


def gather_nothing() -> Gathered:
    """Return what reading nothing gives, for what must be done without records."""
    return Gathered(rollup=Rollup.empty())


def _gather(arguments: Sequence[str], options: Options, progress: Progress | None) -> Gathered:
    # A store keeps sources whole, since it knows them by their bytes: with one, the time asked for
    # bounds what is taken out, by the bucket, and not what is read.
    asked = options.reading
    reading = asked if options.store is None else replace(asked, since_us=None, until_us=None)
    reads = read_all(
        arguments,
        reading,
        workers=options.workers,
        progress=progress,
        with_digest=options.store is not None,
    )
    if options.store is None:
        return _gather_here(reads)
    since, until = _moment(asked.since_us), _moment(asked.until_us)
    with Store.open(options.store, wait_s=WAIT_S) as store:
        gathered = Gathered(rollup=Rollup.empty())
        broken: list[Rollup] = []
        for read in reads:
            # What was read of a broken source is judged now, but kept only once it reads whole.
            is_whole = read.error is None and read.digest is not None
            if not is_whole:
                broken.append(read.rollup)
            _count(gathered, read, is_known=is_whole and not _add(store, read))
        stored = store.rollup(since, until)
        parts = [stored, *(within(rollup, since, until) for rollup in broken)]
        gathered.rollup = settle(merge(parts)) if broken else stored
    return gathered


def _add(store: Store, read: SourceRead) -> bool:
    return store.add(
        read.rollup,
        read.name,
        read.format or "",
        read.digest or "",
        read.drops.response_count,
        dict(read.drops.reasons),
    )


def _gather_here(reads: Iterator[SourceRead]) -> Gathered:
    gathered = Gathered(rollup=Rollup.empty())
    rollups = []
    for read in reads:
        rollups.append(read.rollup)
        _count(gathered, read, is_known=False)
    # Each is settled already.
    gathered.rollup = rollups[0] if len(rollups) == 1 else settle(merge(rollups))
    return gathered


def _count(gathered: Gathered, read: SourceRead, *, is_known: bool) -> None:
    gathered.sources.append(
        SourceSummary(
            name=read.name,
            format=read.format,
            responses=read.drops.response_count,
            error=read.error and read.error.removeprefix(f"{read.name}: "),
            is_known=is_known,
        )
    )
    gathered.drops.update(read.drops.reasons)
    gathered.responses += 0 if is_known else read.drops.response_count


def _note_span(gathered: Gathered) -> None:
    """Keep what is told of the rollup's time, before an engine takes it over."""
    tables = (gathered.rollup.lookups, gathered.rollup.sightings)
    first = [pc.min(table["first_at"]).as_py() for table in tables]
    last = [pc.max(table["last_at"]).as_py() for table in tables]
    gathered.first_seen = min((moment for moment in first if moment is not None), default=None)
    gathered.last_seen = max((moment for moment in last if moment is not None), default=None)
    gathered.bucket_s = settled_bucket_s(gathered.rollup)


def _moment(moment_us: int | None) -> datetime | None:
    return None if moment_us is None else moment_at(moment_us)
