"""A herd of flux agents over time: machines that come, go on and off line, and change address."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np

from unflux.lab.agents import HOUR_US, MINUTE_US
from unflux.lab.zones import Timeline

Readdress = Callable[[np.random.Generator, np.ndarray], list[str]]
"""Gives an address of each holder (by number)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HerdShape:
    """How a herd lives; times are means of exponentials."""

    alive_count: int
    """Agents that exist at a time, on line or not."""
    lifetime_h: float
    """Until an agent is cleaned or lost."""
    online_h: float
    offline_h: float
    readdress_ratio: float
    """Chance that an agent comes back with another address of its holder: dynamic addresses
    commonly change every 24 h (RIPE Atlas, 929 ISPs)."""


@dataclass(frozen=True, slots=True)
class Herd:
    """Sessions on line: from when, until when, with which address."""

    starts_us: np.ndarray
    ends_us: np.ndarray
    addresses: tuple[str, ...]

    def online(self, moment_us: float) -> list[str]:
        """Return the distinct addresses that are on line at a moment."""
        rows = np.flatnonzero((self.starts_us <= moment_us) & (moment_us < self.ends_us))
        return list(dict.fromkeys(self.addresses[row] for row in rows.tolist()))


def simulate_herd(
    draws: np.random.Generator,
    shape: HerdShape,
    holders: Callable[[int], np.ndarray],
    readdress: Readdress,
    *,
    start_us: int,
    end_us: int,
) -> Herd:
    """Let a herd live from ``start_us`` to ``end_us``.

    ``holders(n)`` gives the holders of n new agents. Agents arrive evenly, so that at each moment
    some ``alive_count`` are alive, and each alternates between on line and off line.
    """
    span_us = end_us - start_us
    lifetime_us = shape.lifetime_h * HOUR_US
    # A first generation that is alive at the start, and those who come to replace it.
    later = draws.poisson(shape.alive_count * span_us / lifetime_us)
    births = np.concatenate(
        (np.full(shape.alive_count, float(start_us)), start_us + draws.random(later) * span_us)
    )
    deaths = births + draws.exponential(lifetime_us, len(births))
    owner = holders(len(births))
    agents = np.arange(len(births))
    current = np.array(readdress(draws, owner), dtype=object)
    is_online_ratio = shape.online_h / (shape.online_h + shape.offline_h)
    # A recruit comes on line at once; the first generation is anywhere in its rhythm.
    is_first = agents < shape.alive_count
    is_late = is_first & (draws.random(len(births)) >= is_online_ratio)
    begins = births + np.where(
        is_late, draws.exponential(shape.offline_h * HOUR_US, len(births)), 0.0
    )
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    while len(agents):
        ends = np.minimum(
            begins + draws.exponential(shape.online_h * HOUR_US, len(agents)), deaths[agents]
        )
        kept.append((begins, ends, current[agents]))
        begins = ends + draws.exponential(shape.offline_h * HOUR_US, len(agents))
        lives_on = begins < np.minimum(deaths[agents], end_us)
        agents, begins = agents[lives_on], begins[lives_on]
        moved = agents[draws.random(len(agents)) < shape.readdress_ratio]
        current[moved] = readdress(draws, owner[moved])
    starts, ends, texts = (np.concatenate(column) for column in zip(*kept, strict=True))
    return Herd(starts, ends, tuple(texts.tolist()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How answers are put together from a herd."""

    set_size: int
    stay_min: float
    """Median time that a set stays."""
    stay_spread: float
    """Sigma of the log-normal of that time."""
    carried_ratio: float
    """Chance of each address to stay in the next set."""
    is_sorted_run: bool = False
    """Answers are neighbours in the sorted herd, as if they were a provider's block."""


def rotate(herd: Herd, rng: Random, rhythm: Rhythm, *, start_us: int, end_us: int) -> Timeline:
    """Return the sets that a zone answers, one after the other."""
    # An operator's clock does not start with ours: the first set began before.
    moment = start_us - rng.random() * rhythm.stay_min * MINUTE_US
    starts: list[int] = []
    sets: list[tuple[str, ...]] = []
    current: tuple[str, ...] = ()
    while moment < end_us:
        online = herd.online(max(moment, start_us)) or list(herd.addresses[:1])
        current = _next_set(rng, rhythm, current, online)
        starts.append(int(moment))
        sets.append(current)
        moment += rhythm.stay_min * rng.lognormvariate(0, rhythm.stay_spread) * MINUTE_US
    return Timeline(tuple(starts), tuple(sets))


def _next_set(
    rng: Random, rhythm: Rhythm, current: tuple[str, ...], online: list[str]
) -> tuple[str, ...]:
    size = min(rhythm.set_size, len(online))
    if rhythm.is_sorted_run:
        line = sorted(online, key=lambda text: [int(part) for part in text.split(".")])
        first = rng.randrange(len(line) - size + 1)
        return tuple(line[first : first + size])
    kept = [address for address in current if rng.random() < rhythm.carried_ratio][:size]
    fresh = [address for address in online if address not in kept]
    return (*kept, *rng.sample(fresh, min(size - len(kept), len(fresh))))


def host_on_agents(
    herd: Herd, rng: Random, stay_h: tuple[float, float], *, start_us: int, end_us: int
) -> Timeline:
    """Return the addresses of a name server: one agent, replaced every ``stay_h`` hours."""
    # Caches remember hosts of the day before.
    moment = start_us - 24 * HOUR_US - rng.random() * stay_h[0] * HOUR_US
    starts, values = [], []
    while moment < end_us:
        online = herd.online(max(moment, start_us)) or herd.addresses[:1]
        starts.append(int(moment))
        values.append((rng.choice(online),))
        moment += rng.uniform(*stay_h) * HOUR_US
    return Timeline(tuple(starts), tuple(values))
