"""Tracks as one self-contained HTML page, with pictures of agents, blocklists and hours."""

from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from unflux import __version__
from unflux.model.tracks import NetworkTrack
from unflux.present.page import data_block, page_environment, read_resource, security_policy
from unflux.present.track_wording import sentences

MOST_NEIGHBOURS: Final = 100
"""Rows of a page. Chosen: 2026-11-28, by hand; whoever owns domains can make thousands of them."""


def render_track_report(tracks: Sequence[NetworkTrack]) -> str:
    """Return the page; the same tracks give the same bytes (see :mod:`unflux.present.page`)."""
    style = read_resource("templates/report.css")
    scripts = [read_resource("vendor/echarts.min.js"), read_resource("templates/track.js")]
    return (
        page_environment()
        .get_template("track.html.j2")
        .render(
            tracks=tracks,
            views=[
                (track, tuple(sentences(track)), data_block(_picture_data(track)))
                for track in tracks
            ],
            most_neighbours=MOST_NEIGHBOURS,
            policy=security_policy(style, scripts),
            style=Markup(style),  # noqa: S704 - our own file
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own and vendored
            version=__version__,
        )
    )


def _picture_data(track: NetworkTrack) -> dict[str, Any]:
    population, durability, rhythm = track.population, track.durability, track.day_rhythm
    half_life = None if durability is None else durability.half_life_h
    return {
        "start": int(track.start.timestamp()),
        "width": track.occasion_s,
        "seen": list(track.seen),
        "newcomers": list(track.newcomers),
        "alive": None if population is None else [round(value, 1) for value in population.alive],
        "coverage": [] if durability is None else [list(point) for point in durability.coverage],
        "survival": [] if durability is None else [list(point) for point in durability.survival],
        "halfLife": None if half_life is None else round(half_life.value, 1),
        "hours": [] if rhythm is None else list(rhythm.seen_by_hour),
    }
