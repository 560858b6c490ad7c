"""How facts are worded on a terminal: verdicts, scores, spans of time, numbers, reasons."""

import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import ceil, floor
from typing import Final

from unflux.model.verdicts import Evidence, FluxNetwork, Outcome, Verdict
from unflux.present.screen import Cell

PRIOR: Final = "prior"
"""Name of the piece of evidence that says how rare fast flux is before anything was measured."""

SYMBOLS: Final[dict[Outcome, str]] = {"fast-flux": "▲", "undecided": "◆", "benign": "✓"}
STYLES: Final[dict[Outcome, str]] = {
    "fast-flux": "bold red",
    "undecided": "yellow",
    "benign": "green",
}
UNKNOWN: Final = Cell("?", "dim")


def verdict_cell(verdict: Verdict) -> Cell:
    """Return the verdict as symbol and word in its colour."""
    return Cell(f"{SYMBOLS[verdict.verdict]} {verdict.verdict}", STYLES[verdict.verdict])


def score_text(score: float) -> str:
    """Write a score 0..1 with two decimals, never rounding doubt away.

    It is cut towards the middle, so that what is not yet decided does not look as if it were.
    """
    if score >= 0.995:
        return ">.99"
    if 0 < score < 0.005:
        return "<.01"
    hundredths = round(100 * score, 6)  # 56.99999999999999 is 57
    return f"{(floor(hundredths) if score >= 0.5 else ceil(hundredths)) / 100:.2f}"


def figure_text(value: float, digits: int) -> str:
    """Write a number with so many significant digits, or as many as it has before the point."""
    is_longer = abs(float(f"{value:.{digits}g}")) >= 10**digits
    return f"{value:,.0f}" if is_longer else f"{value:.{digits}g}"


def span_text(first: datetime | None, last: datetime | None) -> str:
    """Write a span of time in UTC to the minute; the day only once where both share it."""
    if first is None or last is None:
        return "time unknown"
    start, end = _minute(first), _minute(last)
    if start == end:
        return start
    return f"{start} – {end[11:] if start[:10] == end[:10] else end}"


def range_text(low: int | None, high: int | None) -> str | None:
    """Write a range of integers, one number where both ends agree; null where unknown."""
    if low is None or high is None:
        return None
    return str(low) if low == high else f"{low}–{high}"


def strongest_reason(verdict: Verdict) -> str:
    """Return the sentence that says most about why the verdict is what it is."""
    holding = [a.because for a in verdict.alternatives if a.outcome == "holds"]
    if verdict.verdict == "benign" and holding:
        return holding[0]
    if verdict.verdict == "undecided" and verdict.missing:
        return verdict.missing
    measured = [piece for piece in verdict.evidence if piece.name != PRIOR]
    if not measured:
        return "no evidence"
    weights: dict[Outcome, Callable[[Evidence], float]] = {
        "fast-flux": lambda piece: piece.llr,
        "benign": lambda piece: -piece.llr,
        "undecided": lambda piece: abs(piece.llr),
    }
    return max(measured, key=weights[verdict.verdict]).says


def named_some(texts: Sequence[str], limit: int | None) -> str:
    """Name the first few of many and count the rest; "" for none."""
    named = ", ".join(texts[:limit])
    rest = 0 if limit is None else len(texts) - limit
    return f"{named} … and {rest:,} more" if rest > 0 else named


def top_holders(network: FluxNetwork, limit: int | None) -> str:
    """Name the holders of most agents with their numbers, most first; "" where none is known."""
    numbers = Counter(
        agent.holder or f"AS{agent.asn}"
        for agent in network.agents
        if agent.holder or agent.asn is not None
    )
    ranked = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return named_some([f"{holder} ({number:,})" for holder, number in ranked], limit)


MOST_NAMED: Final = 2
"""Sources that a command to copy names. Chosen: 2026-11-22, by hand; a line stays a line."""


def explain_command(
    domain: str,
    sources: Sequence[str],
    options: Sequence[str] = (),
    *,
    store: str | None = None,
    is_shown: Callable[[str], bool] = str.isprintable,
) -> str:
    """Return the command that explains a domain by the same records, safe to paste into a shell.

    ``options`` are those by which the records were read. It names the store, which holds what the
    sources do, or the sources where they are few and can be read again; else, and where one of
    these words is not ``is_shown`` exactly, it says where the sources go: a quote that the screen
    spells in another way quotes no more.
    """
    if store is not None:
        options, named = ("--store", store, *options), []
    else:
        named = list(sources) if len(sources) <= MOST_NAMED and "-" not in sources else []
    is_whole = store is not None or bool(named)
    if not all(map(is_shown, (*options, *named))):
        options, named, is_whole = (), [], False
    dashes = ["--"] if any(word.startswith("-") for word in (domain, *named)) else []
    words = map(shlex.quote, ("unflux", "explain", *options, *dashes, domain, *named))
    return " ".join([*words, *([] if is_whole else ["SOURCE..."])])


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
