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
    # Loaded step by step, so that --help answers and writing begins at once.
    from rich.console import Console  # noqa: PLC0415

    console = Console()
    console.print("Writing a capture of a small internet: 72 hours, two resolvers.")
    from unflux.cli.example import write_example  # noqa: PLC0415

    internet, example = write_example(folder, seed)
    from unflux.cli.demonstration import show_findings  # noqa: PLC0415

    show_findings(internet, example, console)
