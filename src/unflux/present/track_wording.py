"""How a track is worded: one sentence for each thing that was measured."""

from collections.abc import Iterator
from math import isinf
from typing import Final

from unflux.model.plural import plural
from unflux.model.tracks import LEAST_COVERED, Apart, Durability, Estimate, NetworkTrack
from unflux.present.wording import figure_text

RARE: Final = 0.01
"""A chance below which a day rhythm is said to be there."""


def sentences(track: NetworkTrack) -> Iterator[tuple[str, str]]:
    """Yield a label and what was found, for each part that the records allow."""
    yield "seen", _seen(track)
    if track.apart is not None:
        yield "left out", _apart(track.apart)
    population = track.population
    if track.are_spans:
        yield (
            "records",
            (
                "are spans of time, from the first sight of an address to the last: they do not "
                "tell how many were there at once, how fast a list goes stale, or a day rhythm"
            ),
        )
    elif population is None:
        yield "population", "too little was seen more than once for an estimate"
    else:
        yield "at once", f"{range_of(population.at_once)} agents; now {range_of(population.now)}"
        yield (
            "in all",
            (f"{range_of(population.total)} addresses, of {range_of(population.hosts)} hosts"),
        )
    yield from _staying(track)
    rhythm = track.day_rhythm
    if rhythm is not None:
        is_there = rhythm.excess > 0 and rhythm.p_value < RARE
        yield (
            "day rhythm",
            (
                f"agents come back at the same hours (p {rhythm.p_value:.2g})"
                if is_there
                else f"none that shows (p {rhythm.p_value:.2g})"
            ),
        )
    intervals = [view.rotation_s for view in track.vantages if view.rotation_s is not None]
    if intervals:
        yield "rotation", f"another answer every {min(intervals):,.0f} s, as far as was looked"
    elif track.rotation_s is not None:
        yield "rotation", f"another answer every {track.rotation_s:,.0f} s, by these records"
    if track.is_per_client is not None:
        yield (
            "vantages",
            ("are shown different agents" if track.is_per_client else "are shown the same agents"),
        )


def _apart(apart: Apart) -> str:
    first, last = apart.first_seen.date().isoformat(), apart.last_seen.date().isoformat()
    when = f"of {first}" if first == last else f"from {first} to {last}"
    return (
        f"{plural(apart.answers, 'answer', 'answers')} {when}, far from the others: --since and "
        "--until say what to report on"
    )


def _seen(track: NetworkTrack) -> str:
    addresses = plural(track.addresses, "address", "addresses")
    rate = track.new_per_hour
    return addresses if rate is None else f"{addresses}, {figure_text(rate, 2)} new ones an hour"


def _staying(track: NetworkTrack) -> Iterator[tuple[str, str]]:
    renumbering = track.renumbering
    if renumbering is not None:
        yield (
            "renumbered",
            (
                f"{range_of(renumbering.renewed)} of {renumbering.newcomers:,} that came later are "
                "another address of a host"
            ),
        )
    durability = track.durability
    if durability is None:
        return
    yield "lifetime", _lifetime(durability)
    if durability.coverage:
        yield "blocklist", _blocklist(durability)


def _lifetime(durability: Durability) -> str:
    if durability.lifetime_h is not None:
        return f"half of the agents have gone after {range_of(durability.lifetime_h)} h"
    if durability.survival and durability.survival[-1][1] > 0.5:
        return "fewer than half of the agents were seen to leave"
    return "not told: too few came while one looked, or they are seen too seldom"


def _blocklist(durability: Durability) -> str:
    """Say what a list covers; ``coverage`` is not empty."""
    (_, first), (hours, last) = durability.coverage[0], durability.coverage[-1]
    if durability.half_life_h is not None:
        return (
            f"a list of a day's addresses covers {first:.0%} of the answers when new, and half as "
            f"much after {range_of(durability.half_life_h)} h: block the name"
        )
    if first < LEAST_COVERED:
        return (
            f"a list of a day's addresses never covers half of the answers, {first:.0%} when new, "
            "as far as was looked"
        )
    return (
        f"a list of a day's addresses covers {first:.0%} of the answers when new, and "
        f"{last:.0%} after {hours:.0f} h"
    )


def range_of(estimate: Estimate) -> str:
    """Write an estimate with its interval."""
    value, low, high = (figure_text(x, 2) for x in (estimate.value, estimate.low, estimate.high))
    if isinf(estimate.high):
        return f"{value} ({low} or more)"
    return value if low == high else f"{value} ({low} to {high})"
