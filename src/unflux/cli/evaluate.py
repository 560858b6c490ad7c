"""``unflux evaluate``: score verdicts and the published detectors against labels."""

from pathlib import Path
from typing import Annotated, Final

import typer

from unflux.cli.arguments import (
    EXIT_FAILED,
    RESULT_FORM,
    EngineName,
    Ports,
    ResultFile,
    RouteTables,
    Since,
    Sources,
    StorePath,
    TableOrJson,
    Until,
    UtcOffset,
    Workers,
)
from unflux.cli.writable import demand_writable
from unflux.model.errors import UsageError

CHECKPOINTS: Final = 12
ENGINE: Final = "duckdb"
"""What is not asked for."""

NAME: Final = "evaluate"
EPILOG: Final = """\b
Examples:
  unflux evaluate labels.csv records.csv.gz --asn asn.csv
  unflux evaluate labels.csv --store dns.unflux --format json
  unflux trace edge.pcap --format json | unflux evaluate motherships.csv -
"""


def run(
    *,
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            help="A CSV of domain,label and, if known, kind,family,source; fastflux is the label "
            "of fast flux, malicious of what is bad but does not flux, unknown of what nobody "
            "knows; all others are innocent. Records with a label column will do too. Or one of "
            "address,network, and role where it is of who stands behind agents.",
        ),
    ],
    sources: Sources = None,
    form: Annotated[TableOrJson | None, RESULT_FORM] = None,
    out: ResultFile = None,
    checkpoints: Annotated[
        int,
        typer.Option(
            "--checkpoints",
            metavar="N",
            min=0,
            max=100,
            help="Judge this many shorter runs of the records too, for the time to decision; "
            "0: none.",
        ),
    ] = CHECKPOINTS,
    store: StorePath = None,
    routes: RouteTables = None,
    since: Since = None,
    until: Until = None,
    ports: Ports = None,
    utc_offset: UtcOffset = 0.0,
    engine: EngineName = ENGINE,
    workers: Workers = None,
) -> None:
    """Score verdicts and the published detectors against labels, on the same records.

    Shown are recall, false positives, time to decision, calibration, and precision where fast flux
    is rare; per label, kind, family and source. Domains of one family are not independent, so
    families are counted beside domains. A label counts where a name of its domain had an answer.

    Labels of addresses are compared with the JSON lines of unflux trace (mothership or controller)
    or unflux scan (agents) instead of records: who of them was accused, in which role, and who
    else was.
    """
    demand_writable(out)
    # Loaded here, so that --help and a wrong option answer at once.
    from unflux.cli.address_evaluation import (  # noqa: PLC0415
        evaluate_addresses,
        write_address_evaluation,
    )
    from unflux.cli.evaluation_output import write_evaluation  # noqa: PLC0415
    from unflux.cli.options import compose_options  # noqa: PLC0415
    from unflux.cli.progress import say, shown_progress  # noqa: PLC0415
    from unflux.evaluate.address_labels import are_of_addresses  # noqa: PLC0415
    from unflux.pipeline.evaluating import evaluate  # noqa: PLC0415
    from unflux.pipeline.gathering import prepare_reading  # noqa: PLC0415

    as_json = None if form is None else form is TableOrJson.JSON
    if are_of_addresses(labels):
        of_records = {
            "--checkpoints": checkpoints != CHECKPOINTS,
            "--store": store,
            "--asn": routes,
            "--since": since,
            "--until": until,
            "--port": ports,
            "--utc-offset": utc_offset,
            "--engine": engine != ENGINE,
        }
        given = ", ".join(option for option, value in of_records.items() if value)
        if given:
            message = f"{labels} is of addresses; of records alone are {given}"
            raise UsageError(message)
        write_address_evaluation(
            evaluate_addresses(labels, sources or []), as_json=as_json, out=out
        )
        return
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
        found = evaluate(labels, sources or [], options, checkpoints=checkpoints, progress=progress)
    write_evaluation(found, as_json=as_json, out=out)
    if any(source.error for source in found.gathered.sources):
        raise typer.Exit(EXIT_FAILED)
