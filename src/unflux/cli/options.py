"""Turn command-line values into the stages' own Options."""

from datetime import UTC, datetime
from pathlib import Path

from unflux.cli.arguments import DEFAULT_PORTS, default_workers, parse_bounds
from unflux.pipeline.gathering import Options
from unflux.read.source import Options as ReadOptions


def compose_options(
    *,
    routes: list[Path] | None,
    store: Path | None,
    since: str | None,
    until: str | None,
    ports: list[int] | None,
    utc_offset: float,
    engine: str,
    workers: int | None,
    list_all: bool,
) -> Options:
    """Check values against each other and compose the options of a scan."""
    since_us, until_us = parse_bounds(since, until)
    return Options(
        reading=ReadOptions(
            ports=frozenset(ports or DEFAULT_PORTS),
            since_us=since_us,
            until_us=until_us,
            utc_offset_s=round(utc_offset * 3600),
        ),
        workers=default_workers(workers),
        routes=tuple(routes or ()),
        store=store,
        engine=engine,
        list_all=list_all,
        now=datetime.now(UTC),
    )
