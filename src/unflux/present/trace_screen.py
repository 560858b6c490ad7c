"""Traced hosts on a terminal: who stands behind which agents, why, and what was read."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console

from unflux.model.plural import plural
from unflux.model.traces import TracedHost, TraceOutcome, TraceResult
from unflux.present.screen import Cell, Column, Screen
from unflux.present.trace_lines import listed
from unflux.present.wording import UNKNOWN, named_some, score_text, span_text

LABEL_CELLS: Final = 14
MOST_HOSTS: Final = 40
MOST_NAMED: Final = 6
"""Hosts, and agents of a host, that are shown. Chosen: 2026-11-28, by hand; a screen."""

VERDICTS: Final[dict[TraceOutcome, Cell]] = {
    "accused": Cell("✗ accused", "bold red"),
    "suspected": Cell("! suspected", "red"),
    "undecided": Cell("? undecided", "yellow"),
    "innocent": Cell("✓ innocent", "green"),
}

_COLUMNS: Final = (
    Column(heading="verdict"),
    Column(heading="host", comfortable=20, elide="middle"),
    Column(heading="role"),
    Column(heading="score", is_number=True),
    Column(heading="port", is_number=True),
    Column(heading="agents", is_number=True),
    Column(heading="requests", is_number=True),
    Column(heading="delay ms", is_number=True),
    Column(heading="AS", yields=2, below="in "),
    Column(heading="strongest reason", comfortable=56, yields=1),
)


def print_trace(result: TraceResult, console: Console, *, list_all: bool) -> None:
    """Draw the traced hosts, with agents, alternatives and what is missing, and the summary."""
    screen = Screen(console)
    hosts = listed(result, list_all=list_all)
    if hosts:
        screen.heading("Behind the agents")
        screen.listing(_COLUMNS, [_row(host) for host in hosts[:MOST_HOSTS]])
        screen.rest(len(hosts) - MOST_HOSTS)
        for host in hosts[:MOST_HOSTS]:
            _print_host(host, screen)
    else:
        screen.blank()
        flows = plural(result.flow_count, "flow")
        explained = " without an innocent explanation (--all lists those with)"
        told = f"No relay to another host{explained if result.hosts else ''} among {flows}."
        screen.line(Cell(told))
    print_trace_summary(result, console)


def print_trace_summary(result: TraceResult, console: Console) -> None:
    """Draw what was read, skipped and found."""
    screen = Screen(console)
    screen.heading("Summary")
    read = [source for source in result.sources if source.error is None]
    names = [source for source in result.name_sources if source.error is None]
    what = f"{plural(result.flow_count, 'flow')} from {plural(len(read), 'source')}"
    if result.first_seen is not None:
        what += f", {span_text(result.first_seen, result.last_seen)} UTC"
    _print_field("read", what, screen)
    for source in read[:MOST_NAMED]:
        _print_field(
            "", f"{source.name} ({source.format}, {plural(source.responses, 'flow')})", screen
        )
    for source in names[:MOST_NAMED]:
        counted = plural(source.responses, "response of DNS", "responses of DNS")
        _print_field("", f"{source.name} ({source.format}, {counted})", screen)
    drops = sorted(result.drops.items(), key=lambda item: (-item[1], item[0]))
    if drops:
        named = named_some([f"{reason} ({count:,})" for reason, count in drops], MOST_NAMED)
        _print_field("skipped", f"{sum(result.drops.values()):,}: {named}", screen)
    for source in (*result.sources, *result.name_sources):
        if source.error is not None:
            _print_field("✗ unreadable", f"{source.name}: {source.error}", screen, "red")
    _print_field("looked at", f"{plural(result.agent_count, 'host')} that serve and ask", screen)
    counts = {v: sum(host.verdict == v for host in result.hosts) for v in VERDICTS}
    found = "   ".join(f"{VERDICTS[v].text[0]} {count:,} {v}" for v, count in counts.items())
    _print_field("hosts", found, screen)


def _row(host: TracedHost) -> Sequence[Cell]:
    best = max(host.evidence, key=lambda piece: piece.llr, default=None)
    return (
        VERDICTS[host.verdict],
        Cell(host.address, "bold" if host.verdict == "accused" else ""),
        Cell(host.role),
        Cell(score_text(host.score)),
        Cell(named_some([str(port) for port in host.ports], 2)),
        Cell(f"{len(host.agents):,}"),
        Cell(f"{sum(agent.requests for agent in host.agents):,}"),
        UNKNOWN if host.delay_ms is None else Cell(f"{host.delay_ms:,.0f}"),
        UNKNOWN if host.asn is None else Cell(f"AS{host.asn} {host.holder or ''}"),
        Cell(best.says if best else "", "dim"),
    )


def _print_host(host: TracedHost, screen: Screen) -> None:
    screen.blank()
    screen.line(Cell(host.address, "bold"), Cell(f"  {host.role}"))
    agents = [f"{agent.address} ({plural(agent.requests, 'request')})" for agent in host.agents]
    _print_field("agents", named_some(agents, MOST_NAMED), screen)
    if host.period_s is not None:
        _print_field("polled", f"every {host.period_s:,.0f} s", screen)
    for piece in sorted(host.evidence, key=lambda piece: -abs(piece.llr)):
        _print_field(f"{piece.llr:+7.1f}", piece.says, screen)
    for alternative in host.alternatives:
        if alternative.outcome != "rejected":
            label = "explained" if alternative.outcome == "holds" else "untested"
            _print_field(label, f"{alternative.hypothesis}: {alternative.because}", screen)
    if host.missing is not None:
        _print_field("missing", host.missing, screen)


def _print_field(label: str, what: str, screen: Screen, style: str = "dim") -> None:
    screen.prose(Cell(label, style), Cell(what), hang=LABEL_CELLS)
