"""Pools of agents whose truth is known, for tests: agents come, stay and go at random."""

from dataclasses import dataclass

import numpy as np

from unflux.track.hours import Hours, find_hours
from unflux.track.presence import Presence, find_presence
from unflux.track.spells import Spells, find_spells

HOUR_S = 3600


@dataclass(frozen=True, kw_only=True)
class Seen:
    presence: Presence
    spells: Spells
    hours: Hours
    at_once: float
    total: int
    """Seen, or there at a full hour."""


def look_at_pool(
    seed: int, *, at_once: float = 80, lifetime_h: float = 30, hours: int = 100, answers: int = 40,
    online_h: float = 24,
) -> Seen:  # fmt: skip
    """Draw so many answers an hour from those that are there and on."""
    chance = np.random.default_rng(seed)
    arrivals = chance.poisson(at_once / lifetime_h * (hours + 8 * lifetime_h))
    begin = chance.uniform(-8 * lifetime_h, hours, arrivals)
    end = begin + chance.exponential(lifetime_h, arrivals)
    kept = end > 0
    begin, end = begin[kept], end[kept]
    wakes = (begin - chance.uniform(0, online_h, len(begin))) % 24
    agents, moments = [], []
    for moment in np.sort(chance.uniform(0, hours, hours * answers)):
        there = (begin <= moment) & (moment < end) & ((moment - wakes) % 24 < online_h)
        on = np.flatnonzero(there)
        if len(on):
            agents.append(int(chance.choice(on)))
            moments.append(moment)
    moment_h = np.array(moments)
    _, agent = np.unique(np.array(agents), return_inverse=True)
    bucket_s = (moment_h // 1).astype(np.int64) * HOUR_S
    pairs, counts = np.unique(np.stack([agent, bucket_s]), axis=1, return_counts=True)
    presence = find_presence(pairs[0].astype(np.int64), pairs[1], counts, HOUR_S)
    first_s, last_s = np.full(presence.agent_count, np.inf), np.full(presence.agent_count, 0.0)
    np.minimum.at(first_s, agent, moment_h * HOUR_S)
    np.maximum.at(last_s, agent, moment_h * HOUR_S)
    grid = np.linspace(0, hours, 200)
    is_long = np.floor(np.maximum(begin, 0)) < np.floor(np.minimum(end, hours))
    return Seen(
        presence=presence,
        spells=find_spells(presence, first_s, last_s, len(agents)),
        hours=find_hours(pairs[0].astype(np.int64), pairs[1], counts),
        at_once=float(np.mean([((begin <= at) & (at < end)).sum() for at in grid])),
        total=len(set(np.flatnonzero(is_long).tolist()) | set(agents)),
    )
