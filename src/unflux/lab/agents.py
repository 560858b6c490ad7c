"""A pool of flux agents over time: who is alive, who is on line, who is in the answers."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from unflux.lab.zones import Timeline

HOUR_US: Final = 3_600_000_000
MINUTE_US: Final = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolShape:
    """How a pool lives; all times are means of exponentials unless they say otherwise."""

    alive_count: int
    """Agents that exist at a time, on line or not."""
    lifetime_h: float
    """Until an agent is lost for good and another takes its place."""
    online_h: float
    offline_h: float
    set_size: int
    """Addresses per answer."""
    rotation_min: float
    """Median time a set stays."""
    rotation_spread: float
    """Sigma of the log-normal of that time."""
    carried_ratio: float
    """Chance that one address of a set stays in the next one."""


@dataclass(slots=True)
class _Agent:
    address: str
    dies_us: float
    is_online: bool
    toggles_us: float


class AgentPool:
    """Simulates a pool from ``start_us`` to ``end_us`` and keeps what was served when."""

    def __init__(
        self,
        shape: PoolShape,
        rng: Random,
        recruit: Callable[[], str],
        *,
        start_us: int,
        end_us: int,
    ) -> None:
        """``recruit`` gives the address of a new agent."""
        self._shape, self._rng, self._recruit = shape, rng, recruit
        self._agents = [self._new_agent(start_us) for _ in range(shape.alive_count)]
        self._end_us = end_us
        starts: list[int] = []
        sets: list[tuple[str, ...]] = []
        online_at: list[tuple[str, ...]] = []
        # An operator's clock does not start with ours: the first set began before.
        moment = start_us - rng.random() * shape.rotation_min * MINUTE_US
        current: tuple[str, ...] = ()
        while moment < end_us:
            self._live_until(moment)
            online = tuple(agent.address for agent in self._agents if agent.is_online)
            current = self._next_set(current, online)
            starts.append(int(moment))
            sets.append(current)
            online_at.append(online)
            stay_min = shape.rotation_min * rng.lognormvariate(0, shape.rotation_spread)
            moment += stay_min * MINUTE_US
        self.answers: Final = Timeline(tuple(starts), tuple(sets))
        """What the zone answers, set by set."""
        self._online: Final = Timeline(tuple(starts), tuple(online_at))

    def name_server_timeline(self, rng: Random, *, stay_h: tuple[float, float]) -> Timeline:
        """Return the addresses of one name server, an agent that changes every few hours.

        ``stay_h``: shortest and longest stay in hours.
        """
        start_us = self.answers.starts_us[0]
        moment = start_us - rng.random() * stay_h[0] * HOUR_US
        starts, values = [], []
        while moment < self._end_us:
            starts.append(int(moment))
            values.append((rng.choice(self._online.at(int(moment))),))
            moment += rng.uniform(*stay_h) * HOUR_US
        return Timeline(tuple(starts), tuple(values))

    def _new_agent(self, moment_us: float) -> _Agent:
        shape, rng = self._shape, self._rng
        is_online = rng.random() < shape.online_h / (shape.online_h + shape.offline_h)
        phase_h = shape.online_h if is_online else shape.offline_h
        return _Agent(
            address=self._recruit(),
            dies_us=moment_us + rng.expovariate(1 / shape.lifetime_h) * HOUR_US,
            is_online=is_online,
            toggles_us=moment_us + rng.expovariate(1 / phase_h) * HOUR_US,
        )

    def _live_until(self, moment_us: float) -> None:
        for number, agent in enumerate(self._agents):
            if agent.dies_us <= moment_us:
                self._agents[number] = self._new_agent(moment_us)
                continue
            while agent.toggles_us <= moment_us:
                agent.is_online = not agent.is_online
                phase_h = self._shape.online_h if agent.is_online else self._shape.offline_h
                agent.toggles_us += self._rng.expovariate(1 / phase_h) * HOUR_US

    def _next_set(self, current: tuple[str, ...], online: tuple[str, ...]) -> tuple[str, ...]:
        kept: list[str] = []
        if current and self._rng.random() < self._shape.carried_ratio:
            kept.append(self._rng.choice(current))
        fresh = [address for address in online if address not in current]
        return (*self._rng.sample(fresh, self._shape.set_size - len(kept)), *kept)


def single_address_timeline(
    rng: Random,
    recruit: Callable[[], str],
    *,
    start_us: int,
    end_us: int,
    stay_h: tuple[float, float],
    working_hours: tuple[int, int],
) -> Timeline:
    """Return one address at a time, replaced every ``stay_h`` hours within working hours (UTC).

    Outside ``working_hours`` (first and last hour of the day, 0..24) the last address stays.
    """
    moment = start_us - int(rng.uniform(*stay_h) * HOUR_US)
    starts, values = [moment], [(recruit(),)]
    while True:
        moment += int(rng.uniform(*stay_h) * HOUR_US)
        hour = moment % (24 * HOUR_US) / HOUR_US
        if not working_hours[0] <= hour < working_hours[1]:
            wait_h = (working_hours[0] - hour) % 24 + rng.random()
            moment += int(wait_h * HOUR_US)
        if moment >= end_us:
            return Timeline(tuple(starts), tuple(values))
        starts.append(moment)
        values.append((recruit(),))
