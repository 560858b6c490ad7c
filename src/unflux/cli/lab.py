"""``unflux lab``: closed and made-up surroundings to try things in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from unflux.cli.arguments import EXIT_FAILED, TableOrJson
from unflux.lab.testbed.options import (
    DEFAULT_AGENTS,
    DEFAULT_CLIENTS,
    DEFAULT_COMPRESS,
    DEFAULT_MINUTES,
    Options,
)
from unflux.model.errors import UsageError

if TYPE_CHECKING:
    from unflux.lab.testbed.state import State

NAME: Final = "lab"
GENERATE_EPILOG: Final = """\b
Examples:
  unflux lab generate --seed 1 --out adversary
  unflux scan adversary/records.csv.gz --asn adversary/asn.csv
"""

UP_EPILOG: Final = """\b
Examples:
  unflux lab up --seed 1 --agents 12
  unflux lab status
  unflux lab down
"""

CAPTURE_EPILOG: Final = """\b
Examples:
  unflux lab capture --seconds 60 --out captured
  unflux scan captured/resolver/dnstap.fstrm --asn captured/asn.csv
  unflux evaluate captured/labels.csv captured/edge/capture.pcap --asn captured/asn.csv
"""

app = typer.Typer(
    name=NAME,
    help="Make internets to try things on: records, or a closed testbed of real servers.",
    no_args_is_help=True,
)

StateFolder = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FOLDER",
        help="Where the testbed keeps its files; gone with it.  [default: /run/unflux-lab]",
        show_default=False,
    ),
]
StatusForm = Annotated[
    TableOrJson | None,
    typer.Option(
        "--format",
        help="How to write the status.  [default: table on a terminal, json in a pipe]",
        show_default=False,
    ),
]


@app.callback()
def _group() -> None:
    """Make internets to try things on: records, or a closed testbed of real servers."""


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
    _refuse_full(out, force=force)
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


@app.command("up", epilog=UP_EPILOG)
def up(
    *,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another seed makes another internet.")
    ] = 1,
    agents: Annotated[
        int,
        typer.Option(
            "--agents",
            metavar="N",
            min=4,
            max=200,
            help="Places in the pool of each of the two large operations.",
        ),
    ] = DEFAULT_AGENTS,
    clients: Annotated[
        int, typer.Option("--clients", metavar="N", min=2, max=200, help="Homes that browse.")
    ] = DEFAULT_CLIENTS,
    compress: Annotated[
        float,
        typer.Option(
            "--compress",
            metavar="X",
            min=1,
            max=600,
            help="Seconds of the small internet that pass in one of ours.",
        ),
    ] = DEFAULT_COMPRESS,
    minutes: Annotated[
        float,
        typer.Option(
            "--minutes",
            metavar="N",
            min=1,
            max=1440,
            help="After so many minutes people and operators fall silent.",
        ),
    ] = DEFAULT_MINUTES,
    renumbered: Annotated[
        float,
        typer.Option(
            "--renumbered",
            metavar="RATIO",
            min=0,
            max=1,
            help="Share of the agents in homes that get another address every day.",
        ),
    ] = 0.0,
    state: StateFolder = None,
    form: StatusForm = None,
) -> None:
    """Raise a testbed: fast-flux networks, their motherships and innocents, of real servers.

    Name servers, web servers, relays and clients in network namespaces that lead nowhere else,
    with documentation and private addresses alone. Needs root, for the namespaces. It runs until
    ``unflux lab down``, which takes it away without a trace.
    """
    from unflux.cli.progress import say  # noqa: PLC0415
    from unflux.cli.testbed_status import print_status  # noqa: PLC0415
    from unflux.lab.testbed.raising import raise_testbed  # noqa: PLC0415
    from unflux.lab.testbed.status import look  # noqa: PLC0415

    options = Options(
        seed=seed,
        agents=agents,
        clients=clients,
        compress=compress,
        minutes=minutes,
        renumbered=renumbered,
    )
    folder = _state(state)
    say(f"Raising a testbed, seed {seed}; its files are in {folder.folder}.")
    raise_testbed(options, folder)
    print_status(look(folder), as_json=None if form is None else form is TableOrJson.JSON)


@app.command("capture", epilog=CAPTURE_EPILOG)
def capture(
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Where captures, logs and truth are written; new or empty.",
            show_default=False,
        ),
    ],
    seconds: Annotated[
        float,
        typer.Option("--seconds", metavar="N", min=1, max=3600, help="How long to capture."),
    ] = 60.0,
    state: StateFolder = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that holds other things.")
    ] = False,
) -> None:
    """Capture a testbed at a resolver, at the edge of an access network, and at a honeypot.

    Each vantage gets a folder with the packets, Zeek-style conn.log, dns.log and http.log, and
    flows by IPFIX; the resolver's has dnstap too. Beside them lies the truth: labels, agents,
    motherships, and what happened when. What was lost is told, and kept in capture.json; a tap that
    ends before its time makes the exit status 1.
    """
    _refuse_full(out, force=force)
    from unflux.cli.progress import say  # noqa: PLC0415
    from unflux.lab.testbed.capturing import capture as capture_testbed  # noqa: PLC0415

    say(f"Capturing for {seconds:g} s.")
    for taken in capture_testbed(_state(state), out, seconds).vantages:
        say(
            f"{taken.packets:,} packets of {taken.connections:,} connections at the "
            f"{taken.vantage}: {taken.folder}"
        )
        for loss in taken.losses():
            say(loss)


@app.command("status")
def status(*, state: StateFolder = None, form: StatusForm = None) -> None:
    """Say what stands of a testbed; exit 1 where it is not whole, or where there is none."""
    from unflux.cli.testbed_status import print_status  # noqa: PLC0415
    from unflux.lab.testbed.status import look  # noqa: PLC0415

    seen = look(_state(state))
    print_status(seen, as_json=None if form is None else form is TableOrJson.JSON)
    if seen.standing != "up":
        raise typer.Exit(EXIT_FAILED)


@app.command("down")
def down(
    *,
    state: StateFolder = None,
    testbed: Annotated[
        str | None,
        typer.Option(
            "--testbed",
            metavar="ID",
            help="Take down a testbed whose files are gone, by the id in its namespaces' names.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Take a testbed down: end all that runs in its namespaces, remove them and its files.

    Also what a crash left. Where there is no testbed nothing is done; testbeds whose files are
    gone are named then, and the exit status is 1.
    """
    from unflux.cli.progress import say  # noqa: PLC0415
    from unflux.lab.testbed.clearing import take_down, take_down_stray  # noqa: PLC0415
    from unflux.lab.testbed.strays import refuse_strays  # noqa: PLC0415

    folder = _state(state)
    if testbed is not None:
        if state is not None:
            message = "--testbed is for testbeds without files: no --state goes with it"
            raise UsageError(message)
        take_down_stray(testbed)
    elif not take_down(folder):
        refuse_strays(folder.folder)
        say(f"No testbed is in {folder.folder}.")
        return
    say("The testbed is gone.")


def _state(folder: Path | None) -> "State":
    from unflux.lab.testbed.state import DEFAULT_FOLDER, State  # noqa: PLC0415

    return State((folder or DEFAULT_FOLDER).absolute())


def _refuse_full(out: Path, *, force: bool) -> None:
    if not force and out.is_dir() and any(out.iterdir()):
        message = f"{out}: not empty; name another folder, or write into it with --force"
        raise UsageError(message)
