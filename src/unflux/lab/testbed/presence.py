"""When agents are on line: days and nights of homes, outages, and machines lost for good."""

from collections import defaultdict
from collections.abc import Callable
from math import floor
from random import Random
from typing import Final

DAY_H: Final = 24.0
START_H: Final = 15.0
"""Hour of the day (UTC) at which a testbed starts: Europe and America are up.
Chosen: 2026-11-28; a short testbed has most of its agents then."""
ALWAYS_ON_RATIO: Final = 0.35
"""Homes whose machine is never switched off. Chosen: 2026-11-28; of 100 places 51 to 94 are on line
by the hour, 72 on average, in two weeks of each of three seeds."""
LIFETIME_H: Final = 45.0
"""Mean, until an agent is cleaned and another takes its place: as in the single-flux pool of the
small internet."""
OUTAGE_EVERY_H: Final = 12.0
OUTAGE_H: Final = 0.5

Interval = tuple[float, float]


def live(rng: Random, *, length_h: float) -> tuple[tuple[Interval, ...], ...]:
    """Return when each agent is on line of those that follow each other in one place of a pool.

    In hours from the start, until ``length_h``.
    """
    lives = []
    # The first was there before: what is left of a memoryless life is as long as a whole one.
    moment_h = 0.0
    while moment_h < length_h:
        end_h = moment_h + rng.expovariate(1 / LIFETIME_H)
        lives.append(_online(rng, moment_h, min(end_h, length_h)))
        moment_h = end_h
    return tuple(lives)


def expected_addresses(places: int, *, length_h: float, renumbered: float) -> float:
    """Return how many addresses agents have on average that follow each other in places of a pool.

    Days on which a home has no moment on line are counted too. ``renumbered``: the share of homes
    that get another address every day, 0..1.
    """
    return places * (1 + length_h / LIFETIME_H + renumbered * length_h / DAY_H)


def part_daily(
    online_h: tuple[Interval, ...], *, renewed_h: float
) -> tuple[tuple[Interval, ...], ...]:
    """Return when an agent is on line at each of its addresses, if another comes every day.

    ``renewed_h``: the first time that it does, in hours from the start, before ``DAY_H``. A day
    without a moment on line needs no address.
    """
    days: defaultdict[int, list[Interval]] = defaultdict(list)
    for start_h, end_h in online_h:
        first, last = (floor((moment_h - renewed_h) / DAY_H) for moment_h in (start_h, end_h))
        for day in range(first, last + 1):
            begins_h, ends_h = (renewed_h + number * DAY_H for number in (day, day + 1))
            part = max(start_h, begins_h), min(end_h, ends_h)
            if part[0] < part[1]:
                days[day].append(part)
    return tuple(tuple(days[day]) for day in sorted(days))


def in_seconds(intervals: tuple[Interval, ...], compress: float) -> tuple[Interval, ...]:
    """Turn hours of the small internet into seconds of ours."""
    return tuple((start * 3600 / compress, end * 3600 / compress) for start, end in intervals)


def _online(rng: Random, start_h: float, end_h: float) -> tuple[Interval, ...]:
    if rng.random() < ALWAYS_ON_RATIO:
        days: list[Interval] = [(start_h, end_h)]
    else:
        days = _waking(rng, start_h, end_h)
    return tuple(
        piece for start, end in days for piece in _interrupted(rng.expovariate, start, end)
    )


def _waking(rng: Random, start_h: float, end_h: float) -> list[Interval]:
    """Return the hours between getting up and going to bed, at the home's own longitude."""
    zone_h = rng.choice((-8, -6, -5, 0, 1, 2, 3, 8))
    wakes_h, sleeps_h = rng.uniform(6, 10), rng.uniform(21, 25)
    midnight_h = -START_H - zone_h - DAY_H
    waking = []
    while midnight_h < end_h:
        wake = midnight_h + wakes_h + rng.gauss(0, 0.5)
        sleep = midnight_h + sleeps_h + rng.gauss(0, 0.5)
        if max(wake, start_h) < min(sleep, end_h):
            waking.append((max(wake, start_h), min(sleep, end_h)))
        midnight_h += DAY_H
    return waking


def _interrupted(draw: Callable[[float], float], start_h: float, end_h: float) -> list[Interval]:
    pieces = []
    moment_h = start_h
    while moment_h < end_h:
        until_h = min(end_h, moment_h + draw(1 / OUTAGE_EVERY_H))
        pieces.append((moment_h, until_h))
        moment_h = until_h + draw(1 / OUTAGE_H)
    return pieces
