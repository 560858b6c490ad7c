"""``unflux trace``: who stands behind the agents, from captures and flows."""

from pathlib import Path
from typing import Annotated, Final

import typer

from unflux.cli.arguments import (
    EXIT_FAILED,
    EXIT_FLUX,
    RESULT_FORM,
    ResultFile,
    RouteTables,
    Since,
    TableOrJson,
    Until,
    UtcOffset,
    Workers,
)
from unflux.cli.writable import demand_writable

NAME: Final = "trace"
EPILOG: Final = """\b
Examples:
  unflux trace honeypot.pcap --agent 192.0.2.7
  unflux trace conn.log http.log --agents networks.jsonl
  nfdump -R flows/ -o pipe | unflux trace - --format json
"""


def run(
    *,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Captures (pcap, pcapng), Zeek conn.log, http.log and ssl.log, Suricata eve.json "
            "(flow, http, tls), outputs of nfdump, CSV tables of flows; what unflux scan reads, "
            "for the names that lead to agents; plain, gz, zst or xz; files, folders, globs, or - "
            "for standard input. Recognised by content.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[TableOrJson | None, RESULT_FORM] = None,
    out: ResultFile = None,
    list_all: Annotated[
        bool, typer.Option("--all", help="List relays with an innocent explanation too.")
    ] = False,
    agents: Annotated[
        list[str] | None,
        typer.Option(
            "--agent",
            metavar="ADDRESS",
            help="An address known for an agent: the honeypot's own, or one that a scan found. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    agent_files: Annotated[
        list[Path] | None,
        typer.Option(
            "--agents",
            metavar="FILE",
            help="Addresses known for agents, one a line, or the JSON lines of unflux scan. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    ports: Annotated[
        list[int] | None,
        typer.Option(
            "--port",
            metavar="N",
            min=1,
            max=65535,
            help="Port where agents serve, repeatable.  [default: 53, 80, 443]",
            show_default=False,
        ),
    ] = None,
    routes: RouteTables = None,
    since: Since = None,
    until: Until = None,
    utc_offset: UtcOffset = 0.0,
    workers: Workers = None,
    fail_on_flux: Annotated[
        bool, typer.Option("--fail-on-flux", help="Exit 3 when a host is accused.")
    ] = False,
) -> None:
    """Find the motherships that agents relay to, and the controllers that they ask.

    What comes in to a host at port 80, 443 or 53 is compared with what goes out of it, by time,
    size and count; each outside host is accused, suspected, undecided or explained, with the flows
    that show it. Bad input inside a source is counted and shown at the end; a source that cannot be
    read is named, the rest is done, and the exit status is 1.
    """
    demand_writable(out)
    # Loaded here, so that --help and a wrong option answer at once.
    from unflux.cli.progress import say, shown_progress  # noqa: PLC0415
    from unflux.cli.tracing import compose_trace_options, write_trace  # noqa: PLC0415
    from unflux.pipeline.gathering import prepare_reading  # noqa: PLC0415
    from unflux.pipeline.tracing import trace  # noqa: PLC0415

    options = compose_trace_options(
        agents=agents,
        agent_files=agent_files,
        ports=ports,
        routes=routes,
        since=since,
        until=until,
        utc_offset=utc_offset,
        workers=workers,
    )
    if sources:
        prepare_reading(say)
    with shown_progress() as progress:
        result = trace(sources or [], options, progress)
    write_trace(result, form=form, out=out, list_all=list_all)
    if any(source.error for source in (*result.sources, *result.name_sources)):
        raise typer.Exit(EXIT_FAILED)
    if fail_on_flux and any(host.verdict == "accused" for host in result.hosts):
        raise typer.Exit(EXIT_FLUX)
