"""Scan: sources in, one result out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pyarrow as pa

from unflux.engine.connection import Engine, open_engine
from unflux.measure.provider_lists import load_zones, with_providers
from unflux.measure.route_tables import read_route_table
from unflux.measure.routes import RouteTable, load_bundled, look_up
from unflux.model.memory import give_back
from unflux.model.rollup import Rollup, tables_of
from unflux.model.verdicts import ScanResult
from unflux.pipeline.analysis import Analysis, analyse_records, distinct_addresses, put_records
from unflux.pipeline.explaining import records_behind
from unflux.pipeline.findings import compose_findings
from unflux.pipeline.gathering import Gathered, Options, gather
from unflux.pipeline.steps import RECORDS
from unflux.read.meter import Progress


def map_routes(rollup: Rollup, paths: Sequence[Path], drops: Counter[str]) -> pa.Table:
    """Look every address up in the user's tables and in the bundled one."""
    tables = read_route_tables(paths, drops)
    return look_up(distinct_addresses(rollup), tables, with_providers(load_bundled()))


def read_route_tables(paths: Sequence[Path], drops: Counter[str]) -> list[RouteTable]:
    """Read the user's range tables, counting rows that cannot be used."""
    tables: list[RouteTable] = []
    for path in paths:
        table, skipped = read_route_table(path)
        tables.append(table)
        drops.update(skipped)
    return tables


def locate_records(
    rollup: Rollup, paths: Sequence[Path], drops: Counter[str]
) -> dict[str, pa.Table]:
    """Return the tables of :data:`unflux.pipeline.steps.RECORDS`, for an engine to take over."""
    tables = (*tables_of(rollup), map_routes(rollup, paths, drops), load_zones())
    return dict(zip(RECORDS, tables, strict=True))


def open_for(options: Options) -> AbstractContextManager[Engine]:
    """Open the engine that a scan is to use."""
    return open_engine(options.engine, workers=options.workers, memory_bytes=options.memory_bytes)


@contextmanager
def analysed(gathered: Gathered, options: Options) -> Iterator[tuple[Engine, Analysis]]:
    """Analyse what was gathered, taking its rollup; the analysis lives as long as the engine."""
    tables = locate_records(gathered.rollup, options.routes, gathered.drops)
    gathered.rollup = Rollup.empty()
    give_back()  # what the range tables took
    with open_for(options) as engine:
        put_records(engine, tables)
        give_back()
        yield engine, analyse_records(engine)


def scan(
    arguments: Sequence[str], options: Options, progress: Progress | None = None
) -> ScanResult:
    """Scan sources and return everything found."""
    return judge(gather(arguments, options, progress), options)


def judge(gathered: Gathered, options: Options) -> ScanResult:
    """Analyse what was gathered and return everything found."""
    with analysed(gathered, options) as (engine, analysis):
        return compose_result(engine, analysis, gathered, list_all=options.list_all, domain=None)


def explain(
    domain: str, arguments: Sequence[str], options: Options, progress: Progress | None = None
) -> tuple[ScanResult, pa.Table]:
    """Scan sources and return the result for one domain, with the records behind its evidence.

    The result has no verdict when no name of the domain was seen.
    """
    gathered = gather(arguments, options, progress)
    with analysed(gathered, options) as (engine, analysis):
        result = compose_result(engine, analysis, gathered, list_all=True, domain=domain)
        if not result.verdicts:
            return result, pa.table({})
        return result, records_behind(engine, analysis, result.verdicts[0])


def compose_result(
    engine: Engine, analysis: Analysis, gathered: Gathered, *, list_all: bool, domain: str | None
) -> ScanResult:
    """Write the result of an analysis; with ``domain`` only what concerns it."""
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
