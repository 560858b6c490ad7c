"""Presence: which agent was seen in which occasion, and how much was looked then."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_OCCASIONS: Final = 120
"""Chosen: 2026-11-28; an estimate of a pool of 5,075 addresses takes 1.1 s of a processor
(benchmarks/track_population.py --speed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Distinct (agent, occasion) pairs of detections."""

    agent: Integers
    """0..agent_count-1, sorted; within one agent occasions ascend."""
    occasion: Integers
    effort: Floats
    """By occasion: records of addresses that were answered, over their mean; 0 where none."""
    agent_count: int
    occasion_count: int
    start_s: int
    width_s: int
    """Of an occasion."""

    @property
    def first(self) -> Integers:
        """The first occasion of each agent."""
        starts = np.searchsorted(self.agent, np.arange(self.agent_count))
        occasions: Integers = self.occasion[starts]
        return occasions

    @property
    def last(self) -> Integers:
        """The last occasion of each agent."""
        ends = np.searchsorted(self.agent, np.arange(self.agent_count), side="right") - 1
        occasions: Integers = self.occasion[ends]
        return occasions

    @property
    def gap_from(self) -> Integers:
        """Of each pair of detections of one agent that follow each other, the earlier occasion."""
        occasions: Integers = self.occasion[:-1][self.agent[1:] == self.agent[:-1]]
        return occasions

    @property
    def gap_to(self) -> Integers:
        """Of each such pair, the later occasion."""
        occasions: Integers = self.occasion[1:][self.agent[1:] == self.agent[:-1]]
        return occasions


def find_presence(agent: Integers, moment_s: Integers, count: Integers, bucket_s: int) -> Presence:
    """Cut a span into occasions, as fine as buckets are and no more than ``MOST_OCCASIONS``.

    One row per (agent, bucket): ``moment_s`` is the start of the bucket, ``count`` the answers that
    held the agent in it.
    """
    start_s, end_s = int(moment_s.min()), int(moment_s.max()) + bucket_s
    buckets = -(-(end_s - start_s) // bucket_s)
    width_s = bucket_s * -(-buckets // MOST_OCCASIONS)
    number = (moment_s - start_s) // width_s
    occasion_count = int(number.max()) + 1
    _, agent = np.unique(agent, return_inverse=True)
    pairs = np.unique(np.stack([agent.astype(np.int64), number]), axis=1)
    effort = np.bincount(number, weights=count, minlength=occasion_count)
    return Presence(
        agent=pairs[0],
        occasion=pairs[1],
        effort=effort / effort.mean(),
        agent_count=int(agent.max()) + 1,
        occasion_count=occasion_count,
        start_s=start_s,
        width_s=width_s,
    )
