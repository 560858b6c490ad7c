"""Tracks as JSON, one network a line: ``unflux/track/1``, held by ``docs/schemas/``."""

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any, Final

from unflux.model.times import format_moment
from unflux.model.tracks import (
    Apart,
    DayRhythm,
    Durability,
    Estimate,
    NetworkTrack,
    Renumbering,
    TrackPopulation,
)
from unflux.present.json_lines import compose_line, rounded, text

TRACK_SCHEMA: Final = "unflux/track/1"
DECIMALS: Final = 3


def render_tracks(tracks: Iterable[NetworkTrack]) -> Iterator[str]:
    """Yield one JSON object a line, newline included."""
    for track in tracks:
        yield compose_line(track_object(track))


def track_object(track: NetworkTrack) -> dict[str, Any]:
    """Return the ``unflux/track/1`` object of a network; unknown is null."""
    return {
        "schema": TRACK_SCHEMA,
        "network": text(track.network),
        "domains": [text(domain) for domain in track.domains],
        "first_seen": format_moment(track.first_seen),
        "last_seen": format_moment(track.last_seen),
        "answers": track.answers,
        "addresses": track.addresses,
        "apart": None if track.apart is None else _apart(track.apart),
        "are_spans": track.are_spans,
        "occasions": {
            "start": format_moment(track.start),
            "width_s": track.occasion_s,
            "seen": list(track.seen),
            "newcomers": list(track.newcomers),
        },
        "new_per_hour": _number(track.new_per_hour),
        "rotation_s": _number(track.rotation_s),
        "population": None if track.population is None else _population(track.population),
        "renumbering": None if track.renumbering is None else _renumbering(track.renumbering),
        "durability": None if track.durability is None else _durability(track.durability),
        "day_rhythm": None if track.day_rhythm is None else _day_rhythm(track.day_rhythm),
        "vantages": [
            {
                "vantage": text(view.vantage),
                "looks": view.looks,
                "answered": view.answered,
                "addresses": view.addresses,
                "own": view.own,
                "rotation_s": _number(view.rotation_s),
            }
            for view in track.vantages
        ],
        "is_per_client": track.is_per_client,
        "moves": [
            {
                "domain": text(move.domain),
                "at": format_moment(move.at),
                "since": text(move.since),
                "shared": move.shared,
                "inherited_ratio": _number(move.inherited_ratio),
                "has_ended": move.has_ended,
            }
            for move in track.moves
        ],
        "neighbours": [
            {
                "domain": text(other.domain),
                "network": text(other.network),
                "shared": other.shared,
                "first_seen": format_moment(other.first_seen),
                "last_seen": format_moment(other.last_seen),
            }
            for other in track.neighbours
        ],
        "overlaps": [
            {
                "network": text(other.network),
                "shared": other.shared,
                "of_other": other.of_other,
                "ratio": _number(other.ratio),
                "days": [
                    {
                        "at": format_moment(day.at),
                        "shared": day.shared,
                        "addresses": day.addresses,
                        "of_other": day.of_other,
                    }
                    for day in other.days
                ],
            }
            for other in track.overlaps
        ],
    }


def _apart(apart: Apart) -> dict[str, Any]:
    return {
        "answers": apart.answers,
        "first_seen": format_moment(apart.first_seen),
        "last_seen": format_moment(apart.last_seen),
    }


def _population(population: TrackPopulation) -> dict[str, Any]:
    return {
        "total": _estimate(population.total),
        "at_once": _estimate(population.at_once),
        "now": _estimate(population.now),
        "hosts": _estimate(population.hosts),
        "detection_ratio": _number(population.detection_ratio),
        "away_ratio": _number(population.away_ratio),
        "alive": [_number(value) for value in population.alive],
    }


def _renumbering(renumbering: Renumbering) -> dict[str, Any]:
    return {
        "newcomers": renumbering.newcomers,
        "pairs": renumbering.pairs,
        "by_chance": _number(renumbering.by_chance),
        "renewed": _estimate(renumbering.renewed),
        "between": _estimate(renumbering.between),
    }


def _durability(durability: Durability) -> dict[str, Any]:
    return {
        "lifetime_h": _estimate(durability.lifetime_h),
        "agents": durability.agents,
        "censored": durability.censored,
        "half_life_h": _estimate(durability.half_life_h),
        "survival": [[_number(hours), _number(share)] for hours, share in durability.survival],
        "coverage": [[_number(hours), _number(share)] for hours, share in durability.coverage],
    }


def _day_rhythm(rhythm: DayRhythm) -> dict[str, Any]:
    return {
        "excess": _number(rhythm.excess),
        "p_value": rounded(rhythm.p_value, 6),
        "seen_by_hour": [_number(value) for value in rhythm.seen_by_hour],
    }


def _estimate(estimate: Estimate | None) -> dict[str, float | None] | None:
    if estimate is None:
        return None
    return {
        "value": _number(estimate.value),
        "low": _number(estimate.low),
        "high": _number(estimate.high),
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else rounded(value, DECIMALS)
