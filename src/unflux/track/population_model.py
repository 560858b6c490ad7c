"""Population model: how likely a presence is, given how agents come, stay, sleep and are answered.

The model is that of Jolly and Seber in the form of Schwarz and Arnason ("POPAN", Biometrics 52,
1996): entry, survival, detection. Entries are Poisson, so that the agents never seen are Poisson
too, given the parameters. Two departures that flux networks need: lifetimes are a mixture of short
and long ones; and an agent may be away for a while (Kendall, Nichols and Hines, Ecology 78, 1997),
since infected computers are switched off.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.track.hours import HOUR_S
from unflux.track.presence import Presence

Floats = NDArray[np.float64]

CLASSES: Final = 2
"""Of lifetimes."""
SMALL: Final = 1e-12

# Weak priors of the logarithms of parameters, as deviations. They keep what the records do not say
# from running off, and are wider than what they do say. Chosen: 2026-11-28.
_PRIORS: Final = {"arrivals": 1.5, "initial": 3.0, "hazard": 1.5, "detection": 2.0}
_AWAY_H: Final = (10.0, 0.5)
_PRESENT_H: Final = (30.0, 1.5)
"""How long an agent is away at a time and there at a time, hours; deviation of the logarithm. Who
is away for days cannot be told from who has left. Chosen: 2026-11-28; a night, and a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters by name; per occasion."""

    arrivals: Floats
    initial: Floats
    hazard: Floats
    detection: float
    leaves: float
    returns: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """Chances of first detections; survival multiplies them.

    ``again[s, t]``: one seen in s is seen next in t. ``entered[s, t]``: one that enters in s is
    seen first in t.
    """

    again: Floats
    entered: Floats
    half_ratio: Floats
    """By occasion: chance to be seen in half of it, over that of the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryClass:
    """What is expected of agents of one hazard, by occasion."""

    hazard: float
    enter: Floats
    reached: Floats
    """[entry, occasion]: the chance to live until it and be seen first in it."""
    firsts: Floats
    seen_ratio: Floats
    """Of the chance to be seen in an occasion, what those keep that may leave within it."""
    unseen: Floats
    """By entry: the chance never to be seen."""
    unseen_later: Floats
    """The chance not to be seen after an occasion, of one that lives through it."""
    tails: Floats
    """The same of one that is seen in it."""


class PopulationModel:
    """The likelihood of a presence."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        size = presence.occasion_count
        self.size = size
        lag = np.arange(size)[None, :] - np.arange(size)[:, None]
        self.lag = np.maximum(lag, 0).astype(np.float64)
        self.is_later = lag > 0
        self.is_begun = lag >= 0
        self._entry_lag = np.maximum(self.lag - 0.5, 0)
        self._entry_lag[0] = self.lag[0]
        pairs = np.stack([presence.first, presence.last])
        (self.first, self.last), self.weight = np.unique(pairs, axis=1, return_counts=True)
        gaps = np.stack([presence.gap_from, presence.gap_to])
        (self._from, self._to), self._gaps = np.unique(gaps, axis=1, return_counts=True)
        self._kept: tuple[bytes, Detections] | None = None
        centres = [np.log(0.5), np.log(2.0 / size)]
        at_once = float(np.bincount(presence.occasion, minlength=size).mean())
        arrivals = np.log(max(presence.agent_count, 1) / size / CLASSES)
        self.mean = np.array(
            [arrivals] * CLASSES
            + [np.log(max(at_once, 1.0))] * CLASSES + centres
            + [0.0]
            + [np.log(presence.width_s / HOUR_S / hours) for hours, _ in (_PRESENT_H, _AWAY_H)]
        )  # fmt: skip
        self.deviation = np.array(
            [_PRIORS[key] for key in ("arrivals", "initial", "hazard") for _ in range(CLASSES)]
            + [_PRIORS["detection"], _PRESENT_H[1], _AWAY_H[1]]
        )  # fmt: skip

    @staticmethod
    def name_parameters(theta: Floats) -> Parameters:
        """Return the parameters of a vector of their logarithms."""
        values = np.exp(np.clip(theta, -20, 20))
        return Parameters(
            arrivals=values[:CLASSES],
            initial=values[CLASSES : 2 * CLASSES],
            hazard=values[2 * CLASSES : 3 * CLASSES],
            detection=float(values[-3]),
            leaves=float(values[-2]),
            returns=float(values[-1]),
        )

    def cost(self, theta: Floats) -> float:
        """Return the negative logarithm of likelihood and priors, but for a constant."""
        parameters = self.name_parameters(theta)
        detections = self.find_detections(parameters)
        likelihood = np.zeros(len(self.first))
        expected = 0.0
        for one in range(CLASSES):
            of_class = self.find_class(parameters, one, detections)
            expected += float((of_class.firsts * of_class.seen_ratio).sum())
            likelihood += self.find_chances(of_class)
        found = (self.weight * np.log(likelihood + SMALL)).sum()
        found += (self._gaps * np.log(detections.again[self._from, self._to] + SMALL)).sum()
        prior = (((theta - self.mean) / self.deviation) ** 2).sum() / 2
        return float(expected - found + prior)

    def find_chances(self, of_class: EntryClass) -> Floats:
        """Return how often a class gives each pair of first and last detection, gaps aside."""
        stay = np.exp(-of_class.hazard * (self.last - self.first))
        chances: Floats = of_class.firsts[self.first] * stay * of_class.tails[self.last] + SMALL
        return chances

    def find_class(self, parameters: Parameters, one: int, detections: Detections) -> EntryClass:
        """Return what is expected of one of the classes."""
        hazard = float(parameters.hazard[one])
        stay = np.exp(-hazard)
        enter = np.full(self.size, parameters.arrivals[one])
        enter[0] = parameters.initial[one]
        # Who leaves within an occasion is there for half of it, and may be seen in it yet.
        seen_ratio = stay + (1 - stay) * detections.half_ratio
        reached = detections.entered * np.exp(-hazard * self._entry_lag)
        seen = reached * seen_ratio
        onward = np.exp(-hazard * np.maximum(self.lag - 1, 0))
        unseen_later = np.maximum(1 - (detections.again * onward * seen_ratio).sum(axis=1), SMALL)
        return EntryClass(
            hazard=hazard,
            enter=enter,
            reached=reached,
            firsts=enter @ reached,
            seen_ratio=seen_ratio,
            unseen=np.maximum(1 - seen.sum(axis=1), 0),
            unseen_later=unseen_later,
            tails=stay * unseen_later + (1 - stay) * detections.half_ratio,
        )

    def find_detections(self, parameters: Parameters) -> Detections:
        """Return them; the last are kept, as most steps of a fit leave them as they are."""
        key = np.array([parameters.detection, parameters.leaves, parameters.returns]).tobytes()
        if self._kept is None or self._kept[0] != key:
            self._kept = key, self._find_detections(parameters)
        return self._kept[1]

    def _find_detections(self, parameters: Parameters) -> Detections:
        size = self.size
        rate = parameters.leaves + parameters.returns
        fade = np.exp(-rate)
        present = parameters.returns / rate
        come = present * (1 - fade)  # away to present
        stay = present + (1 - present) * fade
        missed = np.exp(-parameters.detection * self._presence.effort)
        steps = np.array([[stay, come], [1 - stay, 1 - come]])
        # Present and not seen since, and away; of those seen at a start, then of those that enter.
        unseen = np.zeros((2, 2 * size))
        tables = np.zeros((size, 2 * size))
        for at in range(size):
            unseen = steps @ unseen
            tables[at] = unseen[0] * (1 - missed[at])
            unseen[0] *= missed[at]
            unseen[0, at] = 1.0
            # Who enters within an occasion is there for half of it; the first who are there, are.
            half, is_in = (missed[at], present) if at == 0 else (np.sqrt(missed[at]), 1.0)
            tables[at, size + at] = is_in * (1 - half)
            unseen[:, size + at] = is_in * half, 1 - is_in
        seen = np.maximum(1 - missed, SMALL)
        again, entered = tables.T.reshape(2, size, size)
        return Detections(
            again=again.copy(), entered=entered.copy(), half_ratio=(1 - np.sqrt(missed)) / seen
        )
