"""A scan result on a terminal: verdicts, networks, and what was read.

Whatever colour says is also said by a word or a symbol, so nothing is lost in a pipe, under
``NO_COLOR`` or to a colour-blind eye.
"""

from dataclasses import dataclass
from typing import Final

from rich.console import Console

from unflux.model.plural import plural
from unflux.model.verdicts import FluxNetwork, ScanResult, SourceSummary, Verdict
from unflux.present.json_lines import distinct_known
from unflux.present.screen import Cell, Column, Screen
from unflux.present.wording import (
    STYLES,
    SYMBOLS,
    UNKNOWN,
    explain_command,
    named_some,
    range_text,
    score_text,
    span_text,
    strongest_reason,
    top_holders,
    verdict_cell,
)

LABEL_CELLS: Final = 14
"""Width of the labels in the summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much of a result is drawn; null is without bound."""

    verdict_limit: int | None = 100
    """Verdicts, 0 or more. Chosen: 2026-11-22, by hand; two or three screens of a terminal."""
    network_limit: int | None = 20
    """Networks, 0 or more. Chosen: 2026-11-22, by hand; one screen of a terminal."""
    item_limit: int | None = 6
    """Sources, reasons, holders named one by one, 0 or more. Chosen: 2026-11-22, by hand."""
    store: str | None = None
    """Where the records are kept; null: nowhere."""
    explain_options: tuple[str, ...] = ()
    """Of ``unflux explain``, beside the store, to read the same records."""


DEFAULTS: Final = Options()


def print_result(result: ScanResult, console: Console, options: Options = DEFAULTS) -> None:
    """Draw a whole result: verdicts, networks, closing summary; colour where the console has it."""
    screen = Screen(console)
    if result.verdicts:
        _print_verdicts(result.verdicts, screen, options.verdict_limit)
    else:
        screen.blank()
        screen.line(_calm_cell(result))
    if result.networks:
        screen.heading("Networks")
        print_networks(result.networks, screen, options)
    _print_summary(result, screen, options)


def print_summary(result: ScanResult, console: Console, options: Options = DEFAULTS) -> None:
    """Draw only what was read, skipped and decided: for beside a result that a program reads."""
    _print_summary(result, Screen(console), options)


def print_networks(networks: tuple[FluxNetwork, ...], screen: Screen, options: Options) -> None:
    """Draw networks as rows, with the holders of most of their agents."""
    shown = networks[: options.network_limit]
    rows = [_network_row(network, options.item_limit) for network in shown]
    screen.listing(_NETWORK_COLUMNS, rows)
    _print_rest(len(networks) - len(shown), screen)


_VERDICT_COLUMNS: Final = (
    Column(heading="verdict"),
    Column(heading="domain", comfortable=30, elide="middle"),
    Column(heading="kind", yields=2),
    Column(heading="score", is_number=True),
    Column(heading="addr", is_number=True),
    Column(heading="ASNs", is_number=True),
    Column(heading="lookups", is_number=True),
    Column(heading="TTL s", is_number=True),
    Column(heading="network", comfortable=16, elide="middle", yields=2),
    Column(heading="strongest reason", comfortable=56, yields=1),
)
_NETWORK_COLUMNS: Final = (
    Column(heading="network", comfortable=16, elide="middle"),
    Column(heading="kind"),
    Column(heading="score", is_number=True),
    Column(heading="domains", is_number=True),
    Column(heading="agents", is_number=True),
    Column(heading="ASNs", is_number=True),
    Column(heading="NS", is_number=True),
    Column(heading="seen (UTC)", yields=2),
    Column(heading="motherships", comfortable=30, yields=1, below="mothership "),
    Column(heading="top holders", comfortable=48, yields=1, below="in "),
)


def _verdict_row(verdict: Verdict) -> tuple[Cell, ...]:
    counts = verdict.counts
    ttl = range_text(verdict.ttl_min_s, verdict.ttl_max_s)
    return (
        verdict_cell(verdict),
        Cell(verdict.domain, "bold" if verdict.verdict == "fast-flux" else ""),
        Cell(verdict.kind),
        Cell(score_text(verdict.score)),
        Cell(f"{counts.addresses:,}"),
        UNKNOWN if counts.asns is None else Cell(f"{counts.asns:,}"),
        Cell(f"{counts.lookups:,}"),
        UNKNOWN if ttl is None else Cell(ttl),
        Cell(verdict.network or ""),
        Cell(strongest_reason(verdict), "dim"),
    )


def _network_row(network: FluxNetwork, item_limit: int | None) -> tuple[Cell, ...]:
    asns = distinct_known(agent.asn for agent in network.agents)
    return (
        Cell(network.id, "bold"),
        Cell(network.kind),
        Cell(score_text(network.score)),
        Cell(f"{len(network.domains):,}"),
        Cell(f"{len(network.agents):,}"),
        UNKNOWN if asns is None else Cell(f"{asns:,}"),
        Cell(f"{len(network.name_servers):,}"),
        Cell(span_text(network.first_seen, network.last_seen)),
        Cell(named_some(network.motherships, item_limit), "bold red"),
        Cell(top_holders(network, item_limit), "dim"),
    )


def _print_verdicts(verdicts: tuple[Verdict, ...], screen: Screen, limit: int | None) -> None:
    screen.heading("Verdicts")
    shown = verdicts[:limit]
    screen.listing(_VERDICT_COLUMNS, [_verdict_row(verdict) for verdict in shown])
    _print_rest(len(verdicts) - len(shown), screen)


def _print_rest(count: int, screen: Screen) -> None:
    if count > 0:
        screen.line(Cell(f"… and {count:,} more (use --all or --format json)", "dim"))


def _calm_cell(result: ScanResult) -> Cell:
    domains = sum(result.totals.values())
    if domains == 0:
        return Cell("No domain was seen, so nothing was judged.")
    if result.totals.get("fast-flux", 0) or result.totals.get("undecided", 0):
        return Cell(f"No verdict to list among {plural(domains, 'domain')}.")
    return Cell(f"✓ No fast flux among {plural(domains, 'domain')}.", STYLES["benign"])


def _print_summary(result: ScanResult, screen: Screen, options: Options) -> None:
    item_limit = options.item_limit
    screen.heading("Summary")
    read = [source for source in result.sources if source.error is None]
    what = f"{plural(result.responses, 'response')} from {plural(len(read), 'source')}"
    if result.first_seen is not None:
        what += f", {span_text(result.first_seen, result.last_seen)} UTC"
    _print_field("read", [Cell(what)], screen)
    for source in read[:item_limit]:
        _print_field("", [_source_cell(source)], screen)
    _print_more(len(read), item_limit, "source", screen)
    _print_drops(result, screen, item_limit)
    failed = [source for source in result.sources if source.error is not None]
    for source in failed[:item_limit]:
        parts = [Cell(source.name, "bold"), Cell(f": {source.error}")]
        _print_field("✗ unreadable", parts, screen, "red")
    _print_more(len(failed), item_limit, "unreadable source", screen)
    _print_field("verdicts", _totals_cells(result), screen)
    if result.verdicts:
        screen.command(
            Cell("next".ljust(LABEL_CELLS), "dim"),
            explain_command(
                result.verdicts[0].domain,
                [source.name for source in read],
                options.explain_options,
                store=options.store,
                is_shown=screen.shows,
            ),
        )


def _print_drops(result: ScanResult, screen: Screen, item_limit: int | None) -> None:
    drops = sorted(result.drops.items(), key=lambda item: (-item[1], item[0]))
    if not drops:
        return
    total = sum(result.drops.values())
    named = named_some([f"{reason} ({count:,})" for reason, count in drops], item_limit)
    _print_field("skipped", [Cell(f"{total:,}: {named}")], screen)


def _totals_cells(result: ScanResult) -> list[Cell]:
    cells: list[Cell] = []
    for outcome, symbol in SYMBOLS.items():
        count = result.totals.get(outcome, 0)
        style = STYLES[outcome] if count else "dim"
        cells.append(Cell(f"{symbol} {count:,} {outcome}", style))
        cells.append(Cell("   "))
    return cells[:-1]


def _source_cell(source: SourceSummary) -> Cell:
    known = ", in the store already" if source.is_known else ""
    form = source.format or "format unknown"
    return Cell(f"{source.name} ({form}, {plural(source.responses, 'response')}{known})", "dim")


def _print_field(label: str, parts: list[Cell], screen: Screen, style: str = "dim") -> None:
    screen.prose(Cell(label, style), *parts, hang=LABEL_CELLS)


def _print_more(count: int, limit: int | None, noun: str, screen: Screen) -> None:
    if limit is not None and count > limit:
        _print_field("", [Cell(f"… and {plural(count - limit, 'more ' + noun)}", "dim")], screen)
