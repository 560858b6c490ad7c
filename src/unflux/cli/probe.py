"""``unflux probe``: check suspected agents, within a written scope and a budget."""

from pathlib import Path
from typing import Annotated, Final

import typer

from unflux.cli.arguments import EXIT_FAILED, StorePath, TableOrJson
from unflux.model.errors import UsageError

NAME: Final = "probe"
EPILOG: Final = """\b
Examples:
  unflux probe bad.example --store dns.unflux --scope scope.toml --ledger sent.jsonl
  unflux probe 192.0.2.7 192.0.2.99 --name www.bad.example --scope scope.toml \\
      --ledger sent.jsonl --send
"""


def run(
    *,
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="Addresses, or one domain whose answers are in the --store.",
        ),
    ],
    scope: Annotated[
        Path,
        typer.Option(
            "--scope",
            metavar="FILE",
            help="Who allowed it, what may be touched, until when, how fast and how much "
            "(docs/scope.md).",
            show_default=False,
        ),
    ],
    ledger: Annotated[
        Path,
        typer.Option(
            "--ledger",
            metavar="FILE",
            help="Where every request is written before it is sent; what stands there is spent.",
            show_default=False,
        ),
    ],
    send: Annotated[
        bool, typer.Option("--send", help="Send; without it only say what would be sent.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="The suspected name that is asked for.  [default: the name of the domain with "
            "most addresses]",
            show_default=False,
        ),
    ] = None,
    store: StorePath = None,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            metavar="FILE",
            help="Results of earlier probes, for uptime over days; this one is added.",
            show_default=False,
        ),
    ] = None,
    markers: Annotated[
        Path | None,
        typer.Option(
            "--markers",
            metavar="FILE",
            help="Send a token through each likely agent and add it to this file, for "
            "'unflux block --markers'.",
            show_default=False,
        ),
    ] = None,
    rounds: Annotated[
        int,
        typer.Option("--rounds", metavar="N", min=1, max=50, help="Looks at one address at most."),
    ] = 8,
    form: Annotated[
        TableOrJson, typer.Option("--format", help="A table, or a line of JSON each.")
    ] = TableOrJson.TABLE,
) -> None:
    """Tell agents of a suspected name from web servers and caches, by few polite requests.

    Asks each address for the suspected page and zone as a visitor would, compares pages and
    certificates, and measures what betrays a relay. Stops at an address once it is known. Nothing
    is sent without --send, nor to an address or for a name that the scope does not hold.
    """
    # Loaded here, so that --help and a wrong option answer at once.
    from datetime import UTC, datetime  # noqa: PLC0415

    from unflux.cli.probing import carry_out, choose_suspects, foretell  # noqa: PLC0415
    from unflux.engagement.scope import read_scope  # noqa: PLC0415
    from unflux.pipeline.probing import Options  # noqa: PLC0415

    if markers is not None and not send:
        message = "--markers sends, so it wants --send"
        raise UsageError(message)
    options = Options(
        scope=read_scope(scope, datetime.now(UTC)),
        ledger=ledger,
        history=history,
        markers=markers,
        most_rounds=rounds,
    )
    suspects = choose_suspects(targets, name, store)
    if not send:
        foretell(suspects, options)
    elif not carry_out(suspects, options, as_json=form is TableOrJson.JSON):
        raise typer.Exit(EXIT_FAILED)
