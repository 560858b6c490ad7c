"""Arguments and options that several commands share."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from unflux.model.errors import UsageError
from unflux.model.times import MICROSECONDS_PER_S, is_plausible, microseconds_of

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE",
        help="Captures (pcap, pcapng), dnstap files, Zeek dns.log, Suricata eve.json, passive-DNS "
        "(COF), dig transcripts, CSV or Parquet tables; plain, gz, zst or xz; files, folders, "
        "globs, or - for standard input. Recognised by content.",
        show_default=False,
    ),
]
RouteTables = Annotated[
    list[Path] | None,
    typer.Option(
        "--asn",
        metavar="FILE",
        help="Your own address table, before the bundled one: .mmdb, or CSV, TSV or Parquet of "
        "start,end,asn or prefix,asn or ip,asn, with name and country if you have them. "
        "Repeatable; the first named wins.",
        show_default=False,
    ),
]
StorePath = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="PATH",
        help="Keep what was read in this file, and judge everything in it; a source it holds "
        "already is not added twice.",
        show_default=False,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Leave out responses before this time (2026-01-31, 2026-01-31T12:00:00Z, or epoch "
        "seconds; UTC).",
        show_default=False,
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="TIME",
        help="Leave out responses at or after this time.",
        show_default=False,
    ),
]
Ports = Annotated[
    list[int] | None,
    typer.Option(
        "--port",
        metavar="N",
        min=1,
        max=65535,
        help="UDP and TCP port that carries DNS, repeatable.  [default: 53]",
        show_default=False,
    ),
]
UtcOffset = Annotated[
    float,
    typer.Option(
        "--utc-offset",
        metavar="HOURS",
        min=-14,
        max=14,
        help="Offset of times that name no zone (dig's WHEN line), hours east of UTC.",
    ),
]
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help="duckdb, or a Spark that exists: spark://HOST:PORT or local[N] (needs the spark "
        "extra).",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Threads that read one source, processes that read several, and threads of the "
        "engine.  [default: all cores]",
        show_default=False,
    ),
]


ResultFile = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write the result here, not to the terminal.",
        show_default=False,
    ),
]
RESULT_FORM: Final = typer.Option(
    "--format",
    help="How to write the result.  [default: table on a terminal, json in a pipe]",
    show_default=False,
)
"""For the forms that a command's result may have."""


class TableOrJson(StrEnum):
    """How a result is written that is read or passed on, and nothing else."""

    TABLE = "table"
    JSON = "json"


DEFAULT_PORTS: Final = (53,)

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_FLUX: Final = 3
"""Exit statuses, as the epilogue of the help says."""


def default_workers(workers: int | None) -> int:
    """Return the number of workers, by default the cores this process may use."""
    if workers is not None:
        return workers
    # Where the system knows no affinity, as macOS, all cores count.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parse_moment(text: str | None, option: str) -> int | None:
    """Read a time of day or epoch seconds as microseconds since the epoch, UTC."""
    if text is None:
        return None
    moment_us = _scan_moment(text)
    if moment_us is None:
        message = f"{option} {text!r} is neither an ISO 8601 time nor epoch seconds"
        raise UsageError(message)
    if not is_plausible(moment_us):
        message = f"{option} {text} lies not between 1970 and 2100; epoch times are in seconds"
        raise UsageError(message)
    return moment_us


def _scan_moment(text: str) -> int | None:
    """Return the microseconds of a moment; null where the text is none.

    Eight digits are a date as ISO 8601 writes it without hyphens, not a moment of the seventies.
    """
    if len(text) != len("YYYYMMDD") or not text.isdecimal():
        with suppress(ValueError, OverflowError):
            return int(float(text) * MICROSECONDS_PER_S)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return microseconds_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def parse_bounds(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """Read ``--since`` and ``--until``, of which the one must be before the other."""
    since_us, until_us = parse_moment(since, "--since"), parse_moment(until, "--until")
    if since_us is not None and until_us is not None and since_us >= until_us:
        message = f"--since {since} is not before --until {until}"
        raise UsageError(message)
    return since_us, until_us
