"""Results of a probe on a terminal: what is held of each address, and why."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Console

from unflux.model.plural import plural
from unflux.model.probes import Delays, ProbeOutcome, ProbeResult
from unflux.present.screen import Cell, Column, Screen

_STYLES: Final[dict[ProbeOutcome, str]] = {
    "agent": "bold red",
    "server": "green",
    "cache": "green",
    "silent": "dim",
    "undecided": "yellow",
}
_COLUMNS: Final = (
    Column(heading="address"),
    Column(heading="outcome"),
    Column(heading="score", is_number=True),
    Column(heading="open", comfortable=12, yields=3),
    Column(heading="way ms", is_number=True, yields=4),
    Column(heading="document ms", is_number=True, yields=4),
    Column(heading="requests", is_number=True, yields=5),
    Column(heading="because", comfortable=56, yields=1),
)


def print_probe(results: Sequence[ProbeResult], console: Console) -> None:
    """Draw the results, those that relay first."""
    screen = Screen(console)
    if not results:
        screen.blank()
        screen.line(Cell("No address was looked at."))
        return
    screen.heading("Suspects")
    ordered = sorted(results, key=lambda result: -result.score)
    screen.listing(_COLUMNS, [_row(result) for result in ordered])
    counts = Counter(result.outcome for result in results)
    parts = [f"{count:,} {outcome}" for outcome, count in counts.items()]
    requests = sum(result.requests for result in results)
    screen.heading("Summary")
    screen.line(Cell(f"{', '.join(parts)}; {plural(requests, 'request')} sent"))


def _row(result: ProbeResult) -> list[Cell]:
    return [
        Cell(result.address),
        Cell(result.outcome, _STYLES[result.outcome]),
        Cell(f"{result.score:.2f}"),
        Cell(" ".join(result.open_ports) or "–"),
        Cell(_milliseconds(result.delays["connect"])),
        Cell(_milliseconds(result.delays["document"])),
        Cell(f"{result.requests:,}"),
        Cell(_because(result)),
    ]


def _because(result: ProbeResult) -> str:
    """Return the evidence that weighs most, and what an undecided one wants."""
    if result.outcome == "silent":
        return "no port answered"
    said = [piece.says for piece in sorted(result.evidence, key=lambda piece: -abs(piece.llr))][:2]
    if result.missing is not None:
        said.append(f"would decide it: {result.missing}")
    return "; ".join(said) or "nothing was seen"


def _milliseconds(delays: Delays) -> str:
    return "–" if delays.least_s is None else f"{delays.least_s * 1000:.1f}"
