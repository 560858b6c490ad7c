"""``unflux track``: suspects asked for on their own rhythm, and what their network does."""

from pathlib import Path
from typing import Annotated, Final

import typer

from unflux.cli.arguments import EXIT_FAILED, RouteTables, TableOrJson, Workers

NAME: Final = "track"
EPILOG: Final = """\b
Examples:
  unflux track bad.example --store flux.unflux --dry-run
  unflux track bad.example worse.example --store flux.unflux --scope scope.toml \\
      --ledger ledger.jsonl --for 14d
  unflux track bad.example --store flux.unflux --report-only --report flux.html
"""


def run(
    *,
    domains: Annotated[
        list[str] | None,
        typer.Argument(metavar="DOMAIN", help="Names to follow.", show_default=False),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(
            "--names", metavar="FILE", help="More of them, one a line.", show_default=False
        ),
    ] = None,
    store: Annotated[
        Path,
        typer.Option(
            "--store",
            metavar="PATH",
            help="The store that records go into, where a restart goes on. scan, explain and "
            "block may use it meanwhile.",
            show_default=False,
        ),
    ],
    scope: Annotated[
        Path | None,
        typer.Option(
            "--scope",
            metavar="FILE",
            help="Who allows it, what may be asked of whom, how fast and how much "
            "(docs/scope.md). Without it nothing is sent.",
            show_default=False,
        ),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger",
            metavar="FILE",
            help="Where every question is written down before it is sent.",
            show_default=False,
        ),
    ] = None,
    resolvers: Annotated[
        list[str] | None,
        typer.Option(
            "--resolver",
            metavar="ADDRESS[:PORT]",
            help="Ask this resolver of the scope. Repeatable.  [default: all of them]",
            show_default=False,
        ),
    ] = None,
    subnets: Annotated[
        list[str] | None,
        typer.Option(
            "--subnet",
            metavar="PREFIX",
            help="Ask every resolver once more, for a client in this prefix (EDNS client "
            "subnet). Repeatable.",
            show_default=False,
        ),
    ] = None,
    qtypes: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="A, AAAA or NS. Repeatable.  [default: A]",
            show_default=False,
        ),
    ] = None,
    for_: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="TIME",
            help="End after 90s, 30m, 12h or 14d.  [default: when stopped, or all are dead]",
            show_default=False,
        ),
    ] = None,
    least_s: Annotated[
        float,
        typer.Option(
            "--min-interval",
            metavar="SECONDS",
            min=1,
            max=86400,
            help="Least between two looks at a name from one vantage, whatever its TTL.",
        ),
    ] = 60.0,
    most_s: Annotated[
        float,
        typer.Option(
            "--max-interval",
            metavar="SECONDS",
            min=1,
            max=604800,
            help="Most between two looks at a name that is answered.",
        ),
    ] = 3600.0,
    dead_after_d: Annotated[
        float,
        typer.Option(
            "--dead-after",
            metavar="DAYS",
            min=0.001,
            max=3650,
            help="Stop asking for a name that was denied for so long.",
        ),
    ] = 7.0,
    batch_s: Annotated[
        float,
        typer.Option(
            "--batch", metavar="SECONDS", min=0.1, max=3600, help="Store what came, so often."
        ),
    ] = 5.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be asked, and send nothing.")
    ] = False,
    report_only: Annotated[
        bool,
        typer.Option(
            "--report-only", help="Say what the store holds of their networks, and send nothing."
        ),
    ] = False,
    form: Annotated[
        TableOrJson | None,
        typer.Option(
            "--format",
            help="Report as a text to read, or as a JSON object a network (unflux/track/1); after "
            "a run too.  [default with --report-only: table]",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE.html",
            help="Write the report as a page with pictures, too.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Report on nothing before this time (2026-01-31, 2026-01-31T12:00:00Z, or epoch "
            "seconds; UTC).",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="TIME",
            help="Report on nothing at or after this time.",
            show_default=False,
        ),
    ] = None,
    routes: RouteTables = None,
    workers: Workers = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Log JSON objects, one a line, not text.")
    ] = False,
) -> None:
    """Ask for suspects through several resolvers, each just after its TTL, for as long as it takes.

    Nothing is sent without --scope and --ledger. What comes goes into the store, for scan and
    explain too; --report-only tells from it how the network lives: how many agents there are, how
    long they stay, how fast a list of their addresses goes stale. SIGTERM ends it with all stored,
    SIGUSR1 tells the counters; a kill loses what came in the last seconds. Where the scope ends it,
    by its budget or its time, the status is 1.
    """
    # Loaded here, so that --help and a wrong option answer at once.
    from unflux.cli.tracking import Wishes, follow  # noqa: PLC0415

    wishes = Wishes(
        domains=tuple(domains or ()),
        names=names,
        store=store,
        scope=scope,
        ledger=ledger,
        resolvers=tuple(resolvers or ()),
        subnets=tuple(subnets or ()),
        qtypes=tuple(qtypes or ()),
        for_=for_,
        least_s=least_s,
        most_s=most_s,
        dead_after_d=dead_after_d,
        batch_s=batch_s,
        dry_run=dry_run,
        report_only=report_only,
        form=form,
        report=report,
        since=since,
        until=until,
        routes=tuple(routes or ()),
        workers=workers,
        as_json=as_json,
    )
    if not follow(wishes):
        raise typer.Exit(EXIT_FAILED)
