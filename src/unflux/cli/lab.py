"""``unflux lab``: closed and made-up surroundings to try things in."""

from pathlib import Path
from typing import Annotated, Final

import typer

from unflux.model.errors import UsageError

NAME: Final = "lab"
GENERATE_EPILOG: Final = """\b
Examples:
  unflux lab generate --seed 1 --out adversary
  unflux scan adversary/records.csv.gz --asn adversary/asn.csv
"""

app = typer.Typer(
    name=NAME, help="Make records to try detectors on; nothing is sent.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Make records to try detectors on; nothing is sent."""


@app.command("generate", epilog=GENERATE_EPILOG)
def generate(
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Where records.csv.gz, labels.csv and asn.csv are written; new or empty.",
            show_default=False,
        ),
    ],
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another seed makes another internet.")
    ] = 1,
    scale: Annotated[
        float,
        typer.Option(
            "--scale",
            metavar="X",
            min=0.01,
            max=20,
            help="How many domains: 1 makes some 2,600 and a million records.",
        ),
    ] = 1.0,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that holds other things.")
    ] = False,
) -> None:
    """Write DNS records of flux that tries to escape and innocents that try to get caught.

    Four weeks of an internet that does not exist, as six resolvers saw it: some sixty scenarios,
    most with several operators or providers each, and the truth about every domain. No detector
    had a part in it. Names lie below reserved top level domains or are invented customers of
    dynamic-DNS providers, addresses in space that nobody is given.
    """
    if not force and out.is_dir() and any(out.iterdir()):
        message = f"{out}: not empty; name another folder, or write into it with --force"
        raise UsageError(message)
    # Loaded here, so that --help and a wrong option answer at once.
    from unflux.cli.progress import say  # noqa: PLC0415
    from unflux.lab.adversary.generation import generate as generate_internet  # noqa: PLC0415
    from unflux.lab.adversary.writing import GeneratedFiles  # noqa: PLC0415

    say(f"Generating four weeks of records, seed {seed}, scale {scale:g}.")
    generated = generate_internet(seed, scale)
    files = GeneratedFiles(out)
    files.write(generated)
    say(
        f"{generated.records.num_rows:,} records of {len(generated.truth):,} domains: "
        f"{files.records}, labels in {files.labels}, addresses in {files.routes}"
    )
