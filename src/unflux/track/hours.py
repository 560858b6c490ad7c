"""Hours: in how many answers of each hour an agent was, however long the records are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Distinct (agent, hour) pairs, by hour."""

    agent: Integers
    """0..agent_count-1."""
    hour: Integers
    """0..hour_count-1, ascending."""
    count: Integers
    """Answers that held the agent in it."""
    agent_count: int
    hour_count: int
    start_s: int
    """Of the first hour."""

    @property
    def asked(self) -> Integers:
        """Answers by hour; none where nobody looked."""
        answers: Integers = np.bincount(
            self.hour, weights=self.count, minlength=self.hour_count
        ).astype(np.int64)
        return answers

    @property
    def ends(self) -> tuple[Integers, Integers]:
        """The first and the last hour of each agent."""
        first = np.full(self.agent_count, self.hour_count, np.int64)
        last = np.zeros(self.agent_count, np.int64)
        np.minimum.at(first, self.agent, self.hour)
        np.maximum.at(last, self.agent, self.hour)
        return first, last


def find_hours(agent: Integers, moment_s: Integers, count: Integers) -> Hours:
    """Sum answers by agent and hour; ``moment_s`` is the start of a bucket within an hour."""
    _, agent = np.unique(agent, return_inverse=True)
    hour = moment_s // HOUR_S
    first = int(hour.min())
    agent_count, hour_count = int(agent.max()) + 1, int(hour.max()) - first + 1
    pairs, place = np.unique((hour - first) * agent_count + agent, return_inverse=True)
    return Hours(
        agent=pairs % agent_count,
        hour=pairs // agent_count,
        count=np.bincount(place, weights=count).astype(np.int64),
        agent_count=agent_count,
        hour_count=hour_count,
        start_s=first * HOUR_S,
    )
