"""``unflux block``: countermeasures from verdicts, through the gate, into what systems load."""

from contextlib import nullcontext
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
from unflux.cli.gate_bounds import BOUNDS
from unflux.model.errors import UsageError

NAME: Final = "block"
EPILOG: Final = """\b
Examples:
  unflux block --store dns.unflux
  unflux block --store dns.unflux --allow ours.txt --format rpz
  unflux block --store dns.unflux --own prefixes.txt --format rpz --format abuse --out /srv/unflux
  unflux block --store dns.unflux --out /srv/unflux --withdraw all
  unflux block --store dns.unflux --config unflux.toml --deliver
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
    EXABGP = "exabgp"
    BIRD = "bird"
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
    context: typer.Context,
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
            "it and --config nothing is written: a dry run.",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="A TOML file that names where each output goes and what reloads it; compared with "
            "what is deployed, and written with --deliver. What stands is kept in the --store.",
            show_default=False,
        ),
    ] = None,
    deliver: Annotated[
        bool,
        typer.Option("--deliver", help="Write the outputs of --config, and run their reloads."),
    ] = False,
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
    subscribers: Annotated[
        list[Path] | None,
        typer.Option(
            "--subscribers",
            metavar="FILE",
            help="Of your own prefixes, those in which nobody runs servers without asking: what "
            "others send to the web and name ports of an agent there is dropped (exabgp, bird), "
            "and nftables-isp is for these instead of all of --own. Repeatable.",
            show_default=False,
        ),
    ] = None,
    servers: Annotated[
        list[Path] | None,
        typer.Option(
            "--servers",
            metavar="FILE",
            help="Subscribers who asked to run servers; nothing to them is dropped. Repeatable.",
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
            help="Addresses that somebody saw relaying, or being relayed to, by other means than "
            "DNS: one more proof.",
            show_default=False,
        ),
    ] = None,
    traces: Annotated[
        Path | None,
        typer.Option(
            "--traces",
            metavar="FILE",
            help="What unflux trace wrote (JSON lines): proof that agents relay, and to which "
            "motherships. These need --confirmed too: agents may relay to a site they imitate.",
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
    markers: Annotated[
        Path | None,
        typer.Option(
            "--markers",
            metavar="FILE",
            help="Markers that a probe sent through suspected agents (unflux/marker/1, one a "
            "line): suricata and snort alert when one leaves its agent.",
            show_default=False,
        ),
    ] = None,
    next_hops: Annotated[
        list[str] | None,
        typer.Option(
            "--next-hop",
            metavar="ADDRESS",
            help="Next hop of blackhole routes, one of each family.  [default: 192.0.2.1, 100::1]",
            show_default=False,
        ),
    ] = None,
    min_score: Annotated[
        float,
        typer.Option(
            "--min-score",
            min=BOUNDS["min_score"].least,
            max=BOUNDS["min_score"].most,
            help="Least score of a domain that is blocked.",
        ),
    ] = 0.99,
    max_domains: Annotated[
        int,
        typer.Option(
            "--max-domains",
            metavar="N",
            min=BOUNDS["max_domains"].least,
            help="Most domains blocked at a time.",
        ),
    ] = 10_000,
    max_addresses: Annotated[
        int,
        typer.Option(
            "--max-addresses",
            metavar="N",
            min=BOUNDS["max_addresses"].least,
            help="Most addresses blocked at a time; of motherships never more than 100, of "
            "subscribers that are filtered never more than 1000.",
        ),
    ] = 5_000,
    domain_days: Annotated[
        float,
        typer.Option(
            "--domain-days",
            metavar="DAYS",
            min=BOUNDS["domain_days"].least,
            max=BOUNDS["domain_days"].most,
            help="How long a name stays blocked after it was last seen.",
        ),
    ] = 7.0,
    address_hours: Annotated[
        float,
        typer.Option(
            "--address-hours",
            metavar="HOURS",
            min=BOUNDS["address_hours"].least,
            max=BOUNDS["address_hours"].most,
            help="How long an address stays blocked after it was last seen.",
        ),
    ] = 24.0,
    background: Annotated[
        int,
        typer.Option(
            "--background",
            metavar="N",
            min=BOUNDS["background"].least,
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
        typer.Option(
            "--dry-run", help="Show what would change in --out or --config, but write nothing."
        ),
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

    The records come from the sources named, from the --store, or both. Without --out or --deliver
    nothing is written. Every refusal is shown with its rule. Run it again before the first action
    expires: what is not seen stands until it expires, what is cleared or refused is withdrawn at
    once. Where something is deployed it needs no records: what is over ends, what is taken back
    goes, and what an earlier run could not finish is finished.
    """
    # Loaded here, so that --help and a wrong option answer at once.
    from unflux.cli.blocking import (  # noqa: PLC0415
        SHOWN,
        Wishes,
        compose_gate,
        decide_plan,
        write_plan,
    )
    from unflux.cli.configuration import read_configuration  # noqa: PLC0415
    from unflux.cli.deployment import choose_place  # noqa: PLC0415
    from unflux.cli.options import compose_options  # noqa: PLC0415
    from unflux.cli.output import compose_drawing  # noqa: PLC0415
    from unflux.cli.progress import say, shown_progress  # noqa: PLC0415
    from unflux.pipeline.deployment import read_deployment  # noqa: PLC0415
    from unflux.pipeline.gathering import prepare_reading  # noqa: PLC0415

    told = None if config is None else read_configuration(config)
    place = choose_place(out, told, store)
    if deliver and (place is None or dry_run):
        message = "--deliver needs a --config, or an --out, and no --dry-run"
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
        list_all=False,
    )
    wishes = Wishes(
        formats=tuple(form.value for form in forms or ()),
        is_dry=dry_run or not (deliver or out),
        allow=tuple(allow or ()),
        own=tuple(own or ()),
        subscribers=tuple(subscribers or ()),
        servers=tuple(servers or ()),
        forwarders=tuple(forwarders or ()),
        confirmed=confirmed,
        traces=traces,
        answer=answer.value,
        garden=garden,
        zone=zone,
        triggers=tuple(trigger.value for trigger in triggers or ()),
        reporter=reporter,
        markers=markers,
        next_hops=tuple(next_hops or ()),
        min_score=min_score,
        max_domains=max_domains,
        max_addresses=max_addresses,
        domain_days=domain_days,
        address_hours=address_hours,
        background=background,
        withdraw=tuple(withdraw or ()),
        at=at,
    )
    if told is not None:
        given = {
            name for name in context.params
            if (source := context.get_parameter_source(name)) and source.name != "DEFAULT"
        }  # fmt: skip
        wishes = wishes.with_configured(told.gate, given)
    with nullcontext() if place is None else place.hold(is_dry=wishes.is_dry):
        asked = [form for form in wishes.formats if form not in SHOWN]
        deployment = None if place is None else read_deployment(place, asked)
        prepared = compose_gate(wishes, deployment)
        if sources:
            prepare_reading(say)
        with shown_progress() as progress:
            result, decided, is_read = decide_plan(sources or [], options, progress, prepared)
        drawing = compose_drawing(options, is_whole=False)
        is_delivered = write_plan(decided, result, prepared, wishes, drawing)
    if not (is_read and is_delivered) or any(source.error for source in result.sources):
        raise typer.Exit(EXIT_FAILED)
