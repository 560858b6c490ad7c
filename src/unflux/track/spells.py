"""Spells: when each agent was seen first and last, and how long it may go unseen."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from unflux.track.presence import Presence

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spells:
    """One row per agent, in the order of its number in the presence; seconds."""

    first_s: Floats
    last_s: Floats
    start_s: float
    """Of the records."""
    end_s: float
    silence_s: float
    """So long an agent that is there goes unseen, in 19 of 20 gaps of more than an occasion."""
    gap_s: float
    """Mean time between two answers that hold an agent, while it is there."""

    @classmethod
    def of_spans(cls, first_s: Floats, last_s: Floats, silence_s: float) -> Self:
        """Return spells of agents that records say were there from first to last."""
        return cls(
            first_s=first_s,
            last_s=last_s,
            start_s=float(first_s.min()),
            end_s=float(last_s.max()),
            silence_s=silence_s,
            gap_s=1.0,
        )

    @property
    def is_newcomer(self) -> NDArray[np.bool_]:
        """Whether it came after the beginning, and was not only seen late."""
        return self.first_s > self.start_s + self.silence_s

    @property
    def has_left(self) -> NDArray[np.bool_]:
        """Whether it left before the end, and was not only unseen."""
        return self.last_s < self.end_s - self.silence_s


def find_spells(presence: Presence, first_s: Floats, last_s: Floats, answers: int) -> Spells:
    """Measure the gaps between detections; ``answers``: how many held any agent."""
    gaps = (presence.gap_to - presence.gap_from) * presence.width_s
    long = gaps[gaps > presence.width_s]
    silence_s = float(np.quantile(long, 0.95)) if len(long) else float(presence.width_s)
    gap_s = float((last_s - first_s).sum()) / max(answers - len(first_s), 1)
    return Spells(
        first_s=first_s,
        last_s=last_s,
        start_s=float(first_s.min()),
        end_s=float(last_s.max()),
        silence_s=max(silence_s, presence.width_s),
        gap_s=max(gap_s, 1.0),
    )
