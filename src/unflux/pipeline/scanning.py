"""Scan: sources in, one result out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from unflux.engine.connection import Engine, open_engine
from unflux.engine.store import Store
from unflux.measure.route_tables import read_route_table
from unflux.measure.routes import RouteTable, load_bundled, look_up
from unflux.model.errors import UnreadableSourceError, UsageError
from unflux.model.rollup import (
    BUCKET_FINE_S,
    Rollup,
    merge,
    settle,
    settled_bucket_s,
    tables_of,
    within,
)
from unflux.model.times import MICROSECONDS_PER_S
from unflux.model.verdicts import ScanResult, SourceSummary
from unflux.pipeline.analysis import Analysis, analyse_records, distinct_addresses, put_records
from unflux.pipeline.explaining import records_behind
from unflux.pipeline.findings import compose_findings
from unflux.pipeline.steps import RECORDS
from unflux.read.reading import Progress, SourceRead, read_all
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
    list_all: bool = False


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


def gather(arguments: Sequence[str], options: Options, progress: Progress | None) -> Gathered:
    """Read every source; with a store, add each to it and take out all that it holds.

    A store keeps sources whole, since it knows them by their bytes: with one, the time asked for
    bounds what is taken out, by the bucket, and not what is read.
    """
    asked = options.reading
    reading = asked if options.store is None else replace(asked, since_us=None, until_us=None)
    reads = read_all(arguments, reading, workers=options.workers, progress=progress)
    if options.store is None:
        return _gather_here(reads)
    since, until = _moment(asked.since_us), _moment(asked.until_us)
    with Store.open(options.store) as store:
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
    return (
        None if moment_us is None else datetime.fromtimestamp(moment_us / MICROSECONDS_PER_S, UTC)
    )


def map_routes(rollup: Rollup, paths: Sequence[Path], drops: Counter[str]) -> pa.Table:
    """Look every address up in the user's tables and in the bundled one."""
    tables: list[RouteTable] = []
    for path in paths:
        table, skipped = read_route_table(path)
        tables.append(table)
        drops.update(skipped)
    return look_up(distinct_addresses(rollup), tables, load_bundled())


@contextmanager
def analysed(
    arguments: Sequence[str], options: Options, progress: Progress | None
) -> Iterator[tuple[Engine, Analysis, Gathered]]:
    """Read the sources and analyse them; the analysis lives as long as the engine."""
    if not arguments and options.store is None:
        message = "nothing to read: name a source (a file, folder, glob or -), or a --store"
        raise UsageError(message)
    if options.store is not None and not arguments and not options.store.exists():
        message = f"{options.store}: no such store, and no source to fill it from"
        raise UnreadableSourceError(message)
    gathered = gather(arguments, options, progress)
    _note_span(gathered)
    # Reading and merging leave Arrow's pool several times larger than what is kept.
    pa.default_memory_pool().release_unused()
    routes = map_routes(gathered.rollup, options.routes, gathered.drops)
    tables = dict(zip(RECORDS, (*tables_of(gathered.rollup), routes), strict=True))
    gathered.rollup = Rollup.empty()
    with open_engine(options.engine, workers=options.workers) as engine:
        put_records(engine, tables)
        pa.default_memory_pool().release_unused()
        yield engine, analyse_records(engine), gathered


def scan(
    arguments: Sequence[str], options: Options, progress: Progress | None = None
) -> ScanResult:
    """Scan sources and return everything found."""
    with analysed(arguments, options, progress) as (engine, analysis, gathered):
        return _compose(engine, analysis, gathered, list_all=options.list_all, domain=None)


def explain(
    domain: str, arguments: Sequence[str], options: Options, progress: Progress | None = None
) -> tuple[ScanResult, pa.Table]:
    """Scan sources and return the result for one domain, with the records behind its evidence.

    The result has no verdict when no name of the domain was seen.
    """
    with analysed(arguments, options, progress) as (engine, analysis, gathered):
        result = _compose(engine, analysis, gathered, list_all=True, domain=domain)
        if not result.verdicts:
            return result, pa.table({})
        return result, records_behind(engine, analysis, result.verdicts[0])


def _compose(
    engine: Engine, analysis: Analysis, gathered: Gathered, *, list_all: bool, domain: str | None
) -> ScanResult:
    found = compose_findings(engine, analysis, list_all=list_all, domain=domain)
    return ScanResult(
        verdicts=found.verdicts,
        networks=found.networks,
        totals=found.totals,
        sources=tuple(gathered.sources),
        responses=gathered.responses,
        drops=dict(sorted(gathered.drops.items())),
        first_seen=gathered.first_seen,
        last_seen=gathered.last_seen,
        bucket_s=gathered.bucket_s,
        rotation=found.rotation,
        service=found.service,
    )
