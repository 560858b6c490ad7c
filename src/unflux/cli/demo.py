"""``unflux demo``: the main job on an embedded example, end to end."""

from pathlib import Path
from typing import Annotated, Final

import typer

NAME: Final = "demo"
EPILOG: Final = "The example uses documentation and private addresses and reserved names only."


def run(
    *,
    folder: Annotated[
        Path,
        typer.Option(
            "--folder",
            metavar="DIR",
            help="Where the capture, its address table and the report are written.",
        ),
    ] = Path("unflux-demo"),
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another seed makes another internet.")
    ] = 7,
) -> None:
    """Write a capture of a small internet, scan it, and show what was found.

    The internet holds a double-flux network, a single-flux network and a slow-flux name, among
    innocent names that look alike: CDN customers, an NTP-style pool, a peer-to-peer seed, round
    robin, dynamic DNS, parked names.
    """
    # Loaded here, so that --help answers at once.
    from unflux.cli.demonstration import demonstrate  # noqa: PLC0415

    demonstrate(folder, seed)
