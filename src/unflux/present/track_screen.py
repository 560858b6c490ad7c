"""Tracks on a terminal: what was measured of each network, and where it moved."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console

from unflux.model.plural import plural
from unflux.model.tracks import NetworkOverlap, NetworkTrack
from unflux.present.screen import Cell, Column, Screen
from unflux.present.track_wording import sentences
from unflux.present.wording import named_some, span_text

LABEL_CELLS: Final = 14
MOST_ROWS: Final = 12
MOST_DOMAINS: Final = 6

_VANTAGES: Final = (
    Column(heading="vantage", comfortable=30, elide="middle"),
    Column(heading="looks", is_number=True),
    Column(heading="answered", is_number=True),
    Column(heading="addresses", is_number=True),
    Column(heading="own", is_number=True),
)
_MOVES: Final = (
    Column(heading="domain", comfortable=30, elide="middle"),
    Column(heading="began (UTC)"),
    Column(heading="with agents of", comfortable=30, elide="middle"),
    Column(heading="share", is_number=True),
    Column(heading="which"),
)
_NEIGHBOURS: Final = (
    Column(heading="shares agents", comfortable=30, elide="middle"),
    Column(heading="network", comfortable=16, elide="middle"),
    Column(heading="addresses", is_number=True),
    Column(heading="seen (UTC)", yields=1),
)

_OVERLAPS: Final = (
    Column(heading="network with the same agents", comfortable=16, elide="middle"),
    Column(heading="addresses", is_number=True),
    Column(heading="of the smaller", is_number=True),
    Column(heading="days", is_number=True),
    Column(heading="last day (UTC)", yields=1),
)


def print_tracks(tracks: Sequence[NetworkTrack], console: Console) -> None:
    """Draw what was measured of each network."""
    screen = Screen(console)
    for track in tracks:
        screen.heading(f"Network {track.network}")
        label = plural(len(track.domains), "domain")
        screen.prose(
            Cell(label, "dim"), Cell(named_some(track.domains, MOST_DOMAINS)), hang=LABEL_CELLS
        )
        screen.line(Cell(span_text(track.first_seen, track.last_seen), "dim"))
        for label, found in sentences(track):
            screen.prose(Cell(label, "dim"), Cell(found), hang=LABEL_CELLS)
        _print_rows(track, screen)


def _print_rows(track: NetworkTrack, screen: Screen) -> None:
    if track.vantages:
        screen.blank()
        screen.listing(_VANTAGES, [
            (Cell(view.vantage), Cell(f"{view.looks:,}"), Cell(f"{view.answered:,}"),
             Cell(f"{view.addresses:,}"), Cell(f"{view.own:,}"))
            for view in track.vantages[:MOST_ROWS]
        ])  # fmt: skip
        screen.rest(len(track.vantages) - MOST_ROWS)
    if track.moves:
        screen.blank()
        screen.listing(_MOVES, [
            (Cell(move.domain), Cell(span_text(move.at, move.at)), Cell(move.since),
             Cell(f"{move.inherited_ratio:.0%}"), Cell("ended" if move.has_ended else "goes on"))
            for move in track.moves[:MOST_ROWS]
        ])  # fmt: skip
        screen.rest(len(track.moves) - MOST_ROWS)
    if track.neighbours:
        screen.blank()
        screen.listing(_NEIGHBOURS, [
            (Cell(other.domain), Cell(other.network or ""), Cell(f"{other.shared:,}"),
             Cell(span_text(other.first_seen, other.last_seen)))
            for other in track.neighbours[:MOST_ROWS]
        ])  # fmt: skip
        screen.rest(len(track.neighbours) - MOST_ROWS)
    if track.overlaps:
        screen.blank()
        screen.listing(_OVERLAPS, [
            (Cell(other.network), Cell(f"{other.shared:,}"), Cell(f"{other.ratio:.0%}"),
             Cell(f"{len(other.days):,}"), Cell(_last_day(other)))
            for other in track.overlaps[:MOST_ROWS]
        ])  # fmt: skip
        screen.rest(len(track.overlaps) - MOST_ROWS)


def _last_day(overlap: NetworkOverlap) -> str:
    return overlap.days[-1].at.date().isoformat() if overlap.days else "none in common"
