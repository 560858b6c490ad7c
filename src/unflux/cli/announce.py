"""``unflux announce``: the process that ExaBGP runs to hear of routes, live."""

from pathlib import Path
from typing import Annotated, Final

import typer

NAME: Final = "announce"
EPILOG: Final = """\b
In ExaBGP's configuration:
  process unflux { run /usr/bin/unflux announce /var/lib/unflux/exabgp.txt; encoder text; }
  neighbor 192.0.2.7 { ... api { processes [ unflux ]; } }
"""


def run(
    *,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="What unflux block writes with the format exabgp."),
    ],
    told: Annotated[
        Path | None,
        typer.Option(
            "--told",
            metavar="FILE",
            help="Where to keep which routes ExaBGP was told, so that they are withdrawn after a "
            "crash.  [default: FILE.told]",
            show_default=False,
        ),
    ] = None,
    interval: Annotated[
        float,
        typer.Option(
            "--interval", metavar="SECONDS", min=0.05, max=60, help="How often to look at the file."
        ),
    ] = 1.0,
    max_routes: Annotated[
        int,
        typer.Option(
            "--max-routes", metavar="N", min=0, help="A file of more routes than this is refused."
        ),
    ] = 10_000,
) -> None:
    """Announce to ExaBGP what stands, and withdraw what is taken out of the file or has ended.

    It speaks ExaBGP's text API on standard output, hears its answers on standard input, and ends
    when that is closed. Only routes of one host (/32, /128) are ever announced, each until its own
    time is over, even when unflux block never runs again.
    """
    # Loaded here, so that --help and a wrong option answer at once.
    from unflux.cli.announcement import keep_announced  # noqa: PLC0415

    beside = file.with_name(f"{file.name}.told") if told is None else told
    keep_announced(file, beside, interval_s=interval, most=max_routes)
