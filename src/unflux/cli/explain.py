"""``unflux explain``: every piece of evidence for and against one domain."""

from typing import Annotated, Final

import typer

from unflux.cli.arguments import (
    EXIT_FAILED,
    EngineName,
    Ports,
    RouteTables,
    Since,
    Sources,
    StorePath,
    TableOrJson,
    Until,
    UtcOffset,
    Workers,
)

NAME: Final = "explain"
EPILOG: Final = """\b
Examples:
  unflux explain bad.example capture.pcap
  unflux explain bad.example --store dns.unflux --format json
"""


def run(
    *,
    domain: Annotated[
        str, typer.Argument(metavar="DOMAIN", help="A domain, or any name under it.")
    ],
    sources: Sources = None,
    form: Annotated[
        TableOrJson, typer.Option("--format", help="A text to read, or one JSON object.")
    ] = TableOrJson.TABLE,
    store: StorePath = None,
    routes: RouteTables = None,
    since: Since = None,
    until: Until = None,
    ports: Ports = None,
    utc_offset: UtcOffset = 0.0,
    engine: EngineName = "duckdb",
    workers: Workers = None,
) -> None:
    """Show every piece of evidence for and against one domain, with the records behind it.

    The records come from the sources named, from the --store, or both.
    """
    # Loaded here, so that --help and a wrong option answer at once.
    from unflux.cli.options import compose_options  # noqa: PLC0415
    from unflux.cli.output import write_explanation  # noqa: PLC0415
    from unflux.cli.progress import say, shown_progress  # noqa: PLC0415
    from unflux.model.errors import UsageError  # noqa: PLC0415
    from unflux.model.names import normalise_name, registrable_domain  # noqa: PLC0415
    from unflux.pipeline.gathering import prepare_reading  # noqa: PLC0415
    from unflux.pipeline.scanning import explain  # noqa: PLC0415

    name = normalise_name(domain)
    if name is None:
        message = f"{domain!r} is not a domain name"
        raise UsageError(message)
    options = compose_options(
        routes=routes,
        store=store,
        since=since,
        until=until,
        ports=ports,
        utc_offset=utc_offset,
        engine=engine,
        workers=workers,
        list_all=True,
    )
    if sources:
        prepare_reading(say)
    with shown_progress() as progress:
        result, records = explain(registrable_domain(name), sources or [], options, progress)
    is_found = write_explanation(
        registrable_domain(name), result, records, as_json=form is TableOrJson.JSON
    )
    if not is_found or any(source.error for source in result.sources):
        raise typer.Exit(EXIT_FAILED)
