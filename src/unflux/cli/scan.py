"""``unflux scan``: verdicts and networks from any supported records."""

import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Annotated, Final

import typer

from unflux.cli.arguments import (
    EXIT_FAILED,
    EXIT_FLUX,
    RESULT_FORM,
    EngineName,
    Ports,
    ResultFile,
    RouteTables,
    Since,
    Sources,
    StorePath,
    Until,
    UtcOffset,
    Workers,
)
from unflux.cli.writable import demand_writable
from unflux.model.errors import UsageError

NAME: Final = "scan"
EPILOG: Final = """\b
Examples:
  unflux scan capture.pcap
  unflux scan logs/ --store dns.unflux --report flux.html
  tcpdump -w - port 53 | unflux scan - --format json
"""


class Format(StrEnum):
    """How the result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def run(
    *,
    sources: Sources = None,
    form: Annotated[Format | None, RESULT_FORM] = None,
    out: ResultFile = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE.html",
            help="Also write a page to look at: one file that opens offline.",
            show_default=False,
        ),
    ] = None,
    list_all: Annotated[
        bool, typer.Option("--all", help="List benign verdicts too, and every row.")
    ] = False,
    store: StorePath = None,
    routes: RouteTables = None,
    since: Since = None,
    until: Until = None,
    ports: Ports = None,
    utc_offset: UtcOffset = 0.0,
    engine: EngineName = "duckdb",
    workers: Workers = None,
    fail_on_flux: Annotated[
        bool, typer.Option("--fail-on-flux", help="Exit 3 when fast flux is found.")
    ] = False,
) -> None:
    """Read DNS records from any sources and say which domains are fast flux, and why.

    Every domain gets one of three verdicts: fast-flux, benign or undecided. Fast-flux domains that
    share agents or name-server hosts are shown as networks. Bad input inside a source is counted
    and shown at the end; a source that cannot be read is named, the rest is done, and the exit
    status is 1.
    """
    if form is Format.PARQUET and out is None and sys.stdout.isatty():
        message = "parquet is not for a terminal: name a file with --out"
        raise UsageError(message)
    demand_writable(out, report)
    # Loaded here, so that --help and a wrong option answer at once and reading begins early.
    from unflux.cli.options import compose_options  # noqa: PLC0415
    from unflux.cli.progress import say, shown_progress  # noqa: PLC0415
    from unflux.pipeline.gathering import gather, prepare_reading  # noqa: PLC0415

    options = compose_options(
        routes=routes,
        store=store,
        since=since,
        until=until,
        ports=ports,
        utc_offset=utc_offset,
        engine=engine,
        workers=workers,
        list_all=list_all,
    )
    # Half a second of loading, while the reader waits for its bytes and runs compiled code.
    Thread(target=import_module, args=("unflux.pipeline.scanning",)).start()
    if sources:
        prepare_reading(say)
    with shown_progress() as progress:
        gathered = gather(sources or [], options, progress)
    from unflux.cli.output import write_result  # noqa: PLC0415
    from unflux.pipeline.scanning import judge  # noqa: PLC0415

    result = judge(gathered, options)
    write_result(result, options, form=form, out=out, report=report)
    if any(source.error for source in result.sources):
        raise typer.Exit(EXIT_FAILED)
    if fail_on_flux and result.totals["fast-flux"]:
        raise typer.Exit(EXIT_FLUX)
