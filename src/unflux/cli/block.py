"""``unflux block``: countermeasures from verdicts, through the gate, into what systems load."""

from enum import StrEnum
from pathlib import Path
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
    Until,
    UtcOffset,
    Workers,
)

NAME: Final = "block"
EPILOG: Final = """\b
Examples:
  unflux block --store dns.unflux
  unflux block --store dns.unflux --allow ours.txt --format rpz
  unflux block --store dns.unflux --own prefixes.txt --format rpz --format abuse --out /srv/unflux
  unflux block --store dns.unflux --out /srv/unflux --withdraw all
"""


class Format(StrEnum):
    """How the plan is written."""

    TABLE = "table"
    JSON = "json"
    RPZ = "rpz"
    UNBOUND = "unbound"
    DNSMASQ = "dnsmasq"
    HOSTS = "hosts"
    DNSDIST = "dnsdist"
    NFTABLES = "nftables"
    NFTABLES_ISP = "nftables-isp"
    SURICATA = "suricata"
    SNORT = "snort"
    ZEEK = "zeek"
    STIX = "stix"
    MISP = "misp"
    CSV = "csv"
    LIST = "list"
    ABUSE = "abuse"
    TAKEDOWN = "takedown"


class Answer(StrEnum):
    """What a refused name is answered with."""

    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    GARDEN = "garden"


class Trigger(StrEnum):
    """What a policy zone refuses beside names."""

    NSDNAME = "nsdname"
    NSIP = "nsip"
    IP = "ip"


def run(
    *,
    sources: Sources = None,
    forms: Annotated[
        list[Format] | None,
        typer.Option(
            "--format",
            help="What to write, repeatable. table and json show the whole plan; the others are "
            "what systems load.  [default: table on a terminal, json in a pipe]",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Write files here, each whole or not at all, and what stands beside them. Without "
            "it nothing is written: a dry run.",
            show_default=False,
        ),
    ] = None,
    store: StorePath = None,
    allow: Annotated[
        list[Path] | None,
        typer.Option(
            "--allow",
            metavar="FILE",
            help="Names, addresses and prefixes that nothing is done about, one a line; a name "
            "stands for all below it. Repeatable.",
            show_default=False,
        ),
    ] = None,
    own: Annotated[
        list[Path] | None,
        typer.Option(
            "--own",
            metavar="FILE",
            help="Your own names and prefixes, as --allow; never blocked, but reported. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    servers: Annotated[
        list[Path] | None,
        typer.Option(
            "--servers",
            metavar="FILE",
            help="Subscribers who asked to run servers, for nftables-isp. Repeatable.",
            show_default=False,
        ),
    ] = None,
    forwarders: Annotated[
        list[Path] | None,
        typer.Option(
            "--forwarders",
            metavar="FILE",
            help="Servers that your resolver asks; those of this machine's resolv.conf are known.",
            show_default=False,
        ),
    ] = None,
    confirmed: Annotated[
        Path | None,
        typer.Option(
            "--confirmed",
            metavar="FILE",
            help="Addresses that somebody saw relaying by other means than DNS: one more proof.",
            show_default=False,
        ),
    ] = None,
    answer: Annotated[
        Answer, typer.Option("--answer", help="What refused names are answered with.")
    ] = Answer.NXDOMAIN,
    garden: Annotated[
        str | None,
        typer.Option(
            "--garden",
            metavar="NAME|ADDRESS",
            help="The walled garden that --answer garden leads to.",
            show_default=False,
        ),
    ] = None,
    zone: Annotated[
        str, typer.Option("--zone", metavar="NAME", help="Origin of the policy zone.")
    ] = "rpz.unflux.invalid",
    triggers: Annotated[
        list[Trigger] | None,
        typer.Option(
            "--trigger",
            help="What the policy zone refuses beside names: name-server names (nsdname), their "
            "addresses (nsip), addresses in answers (ip). Repeatable.",
            show_default=False,
        ),
    ] = None,
    reporter: Annotated[
        str | None,
        typer.Option(
            "--reporter",
            metavar="'NAME <MAILBOX>'",
            help="Who reports: for X-ARF and the mail of abuse bundles, and as the maker of STIX "
            "and MISP.",
            show_default=False,
        ),
    ] = None,
    min_score: Annotated[
        float,
        typer.Option(
            "--min-score", min=0.95, max=1, help="Least score of a domain that is blocked."
        ),
    ] = 0.99,
    max_domains: Annotated[
        int,
        typer.Option("--max-domains", metavar="N", min=0, help="Most domains blocked at a time."),
    ] = 10_000,
    max_addresses: Annotated[
        int,
        typer.Option(
            "--max-addresses", metavar="N", min=0, help="Most addresses blocked at a time."
        ),
    ] = 5_000,
    domain_days: Annotated[
        float,
        typer.Option(
            "--domain-days",
            metavar="DAYS",
            min=0,
            max=30,
            help="How long a name stays blocked after it was last seen.",
        ),
    ] = 7.0,
    address_hours: Annotated[
        float,
        typer.Option(
            "--address-hours",
            metavar="HOURS",
            min=0,
            max=24,
            help="How long an address stays blocked after it was last seen.",
        ),
    ] = 24.0,
    background: Annotated[
        int,
        typer.Option(
            "--background",
            metavar="N",
            min=0,
            help="Domains that are not convicted which the records must hold before an address or "
            "name server is blocked.",
        ),
    ] = 100,
    withdraw: Annotated[
        list[str] | None,
        typer.Option(
            "--withdraw",
            metavar="ID|all",
            help="Take this action back now; to keep it away, use --allow. Repeatable.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Compare with what stands in --out, but write nothing."),
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Decide as of this time, for records of the past.  [default: now]",
            show_default=False,
        ),
    ] = None,
    routes: RouteTables = None,
    since: Since = None,
    until: Until = None,
    ports: Ports = None,
    utc_offset: UtcOffset = 0.0,
    engine: EngineName = "duckdb",
    workers: Workers = None,
) -> None:
    """Propose countermeasures, pass each through one gate, and write them for real systems.

    The records come from the sources named, from the --store, or both. Without --out nothing is
    written. Every refusal is shown with its rule. Run it again before the first action expires:
    what is not seen stands until it expires, what is cleared or refused is withdrawn at once.
    """
    # Loaded here, so that --help and a wrong option answer at once.
    from unflux.cli.blocking import Wishes, compose_gate, write_plan  # noqa: PLC0415
    from unflux.cli.options import compose_options  # noqa: PLC0415
    from unflux.cli.progress import say, shown_progress  # noqa: PLC0415
    from unflux.pipeline.acting import plan  # noqa: PLC0415
    from unflux.pipeline.gathering import gather, prepare_reading  # noqa: PLC0415

    options = compose_options(
        routes=routes,
        store=store,
        since=since,
        until=until,
        ports=ports,
        utc_offset=utc_offset,
        engine=engine,
        workers=workers,
        list_all=False,
    )
    wishes = Wishes(
        formats=tuple(form.value for form in forms or ()),
        out=out,
        is_dry=dry_run or out is None,
        allow=tuple(allow or ()),
        own=tuple(own or ()),
        servers=tuple(servers or ()),
        forwarders=tuple(forwarders or ()),
        confirmed=confirmed,
        answer=answer.value,
        garden=garden,
        zone=zone,
        triggers=tuple(trigger.value for trigger in triggers or ()),
        reporter=reporter,
        min_score=min_score,
        max_domains=max_domains,
        max_addresses=max_addresses,
        domain_days=domain_days,
        address_hours=address_hours,
        background=background,
        withdraw=tuple(withdraw or ()),
        at=at,
    )
    prepared = compose_gate(wishes)
    if sources:
        prepare_reading(say)
    with shown_progress() as progress:
        gathered = gather(sources or [], options, progress)
    result, decided = plan(gathered, options, prepared.gate, prepared.standing)
    write_plan(decided, result, prepared, wishes)
    if any(source.error for source in result.sources):
        raise typer.Exit(EXIT_FAILED)
