"""Population: how many agents there were and how many at once, seen or not, with an interval.

Agents come and go while one looks, so the population is open: a closed estimate takes those that
have left for those that were missed. The model is that of Jolly and Seber in the form of Schwarz
and Arnason ("POPAN", Biometrics 52, 1996): entry, survival, detection. Entries are Poisson, so that
the agents never seen are Poisson too, given the parameters. Two departures that flux networks need:
lifetimes are a mixture of short and long ones; and an agent may be away for a while (Kendall,
Nichols and Hines, Ecology 78, 1997), since infected computers are switched off.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.model.tracks import Estimate
from unflux.track.presence import Presence

Floats = NDArray[np.float64]

CLASSES: Final = 2
"""Of lifetimes."""
LEAST_SEEN: Final = 8
LEAST_OCCASIONS: Final = 8
LEAST_AGAIN: Final = 5
"""Agents, occasions, and agents seen in more than one, below which there is no estimate. Chosen:
2026-11-28; of six test pools of five occasions the interval of those at once spanned a factor of 7
to 78, of six of 4 to 10 agents one of 2 to 4."""
DRAWS: Final = 200
"""Of the parameters, for an interval."""
ALIVE_ERROR: Final = 0.05
NOW_ERROR: Final = 0.08
AWAY_ERROR: Final = 0.15
UNSEEN_ERROR: Final = 0.5
"""What the model itself is wrong by, deviation of the logarithm: of those there at once, of those
there now, of both for the share that is away, and of those never seen. Chosen: 2026-11-28
on development pools of benchmarks/track_population.py; without it the intervals of pools that are
seen nearly whole miss by a percent or two, and of agents that sleep ten."""
HOUR_S: Final = 3600
_SMALL: Final = 1e-12

# Weak priors of the logarithms of parameters, as deviations. They keep what the records do not say
# from running off, and are wider than what they do say. Chosen: 2026-11-28.
_PRIORS: Final = {"arrivals": 1.5, "initial": 3.0, "hazard": 1.5, "detection": 2.0}
_AWAY_H: Final = (10.0, 0.5)
_PRESENT_H: Final = (30.0, 1.5)
"""How long an agent is away at a time and there at a time, hours; deviation of the logarithm. Who
is away for days cannot be told from who has left. Chosen: 2026-11-28; a night, and a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """How many addresses served, by the records and behind them."""

    seen: int
    total: Estimate
    """Addresses that were seen, and those that were not and were there when an occasion ended."""
    at_once: Estimate
    """That belonged to it at one time, on average over the span."""
    now: Estimate
    """That belonged to it when the last occasion began."""
    alive: tuple[float, ...]
    """That belonged to it at the end of each occasion but the last."""
    lifetime_occasions: float
    """Mean that is expected of an agent that enters, occasions."""
    detection_ratio: float
    """Chance that an agent that is there is seen in an occasion, on average."""
    away_ratio: float
    """Share of its time that an agent is away."""


def estimate_population(presence: Presence, seed: int = 0) -> Population | None:
    """Estimate; null where the records are too few. The same input gives the same estimate."""
    again = int((presence.last > presence.first).sum())
    if (
        presence.agent_count < LEAST_SEEN
        or presence.occasion_count < LEAST_OCCASIONS
        or again < LEAST_AGAIN
    ):
        return None
    model = _Model(presence)
    best = model.fit()
    draws = model.draws(best, seed)
    parts = model.parts(best)
    away_ratio = parts.leaves / (parts.leaves + parts.returns)
    away = AWAY_ERROR * away_ratio
    errors = (np.hypot(ALIVE_ERROR, away), UNSEEN_ERROR, np.hypot(NOW_ERROR, away))
    chance = np.random.default_rng(seed)
    totals, means, nows = [], [], []
    for theta in draws:
        state = model.state(theta)
        unseen = chance.poisson(state.unseen)
        alive = state.seen_alive + state.unseen_alive
        # Those that are there without being seen then are a draw, not their mean.
        spread = np.sqrt(np.maximum(state.uncertain, 0))
        # One that is missed in one occasion is missed in the next: noise of one agent lasts.
        noise = chance.standard_normal() * spread
        wrong = np.exp(chance.standard_normal(3) * errors)
        totals.append(presence.agent_count + unseen * wrong[1])
        means.append(float((alive + noise).mean() * wrong[0]))
        nows.append(float((alive[-1] + noise[-1]) * wrong[2]))
    middle = model.state(best)
    alive = middle.seen_alive + middle.unseen_alive
    return Population(
        seen=presence.agent_count,
        total=_estimate(presence.agent_count + middle.unseen, totals, presence.agent_count),
        at_once=_estimate(float(alive.mean()), means, 0),
        now=_estimate(float(alive[-1]), nows, 0),
        alive=tuple(float(value) for value in alive),
        lifetime_occasions=float((parts.arrivals / parts.hazard).sum() / parts.arrivals.sum()),
        detection_ratio=float((1 - np.exp(-parts.detection * presence.effort)).mean()),
        away_ratio=away_ratio,
    )


def _estimate(value: float, drawn: list[float], least: float) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(
        value=value, low=max(min(float(low), value), least), high=max(float(high), value)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parameters by name; per occasion."""

    arrivals: Floats
    initial: Floats
    hazard: Floats
    detection: float
    leaves: float
    returns: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What parameters say of the agents."""

    unseen: float
    seen_alive: Floats
    unseen_alive: Floats
    uncertain: Floats
    """Variance of the number alive. All three at the borders of occasions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """Chances of first detections; survival multiplies them.

    ``again[s, t]``: one seen in s is seen next in t. ``entered[s, t]``: one that enters in s is
    seen first in t.
    """

    again: Floats
    entered: Floats
    half_ratio: Floats
    """By occasion: chance to be seen in half of it, over that of the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
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


class _Model:
    """The likelihood of a presence."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        size = presence.occasion_count
        self._size = size
        lag = np.arange(size)[None, :] - np.arange(size)[:, None]
        self._lag = np.maximum(lag, 0).astype(np.float64)
        self._is_later = lag > 0
        self._is_begun = lag >= 0
        self._entry_lag = np.maximum(self._lag - 0.5, 0)
        self._entry_lag[0] = self._lag[0]
        pairs = np.stack([presence.first, presence.last])
        (self._first, self._last), self._weight = np.unique(pairs, axis=1, return_counts=True)
        gaps = np.stack([presence.gap_from, presence.gap_to])
        (self._from, self._to), self._gaps = np.unique(gaps, axis=1, return_counts=True)
        self._kept: tuple[bytes, _Tables] | None = None
        centres = [np.log(0.5), np.log(2.0 / size)]
        at_once = float(np.bincount(presence.occasion, minlength=size).mean())
        arrivals = np.log(max(presence.agent_count, 1) / size / CLASSES)
        self._mean = np.array(
            [arrivals] * CLASSES
            + [np.log(max(at_once, 1.0))] * CLASSES + centres
            + [0.0]
            + [np.log(presence.width_s / HOUR_S / hours) for hours, _ in (_PRESENT_H, _AWAY_H)]
        )  # fmt: skip
        self._deviation = np.array(
            [_PRIORS[key] for key in ("arrivals", "initial", "hazard") for _ in range(CLASSES)]
            + [_PRIORS["detection"], _PRESENT_H[1], _AWAY_H[1]]
        )  # fmt: skip

    @staticmethod
    def parts(theta: Floats) -> _Parts:
        values = np.exp(np.clip(theta, -20, 20))
        return _Parts(
            arrivals=values[:CLASSES],
            initial=values[CLASSES : 2 * CLASSES],
            hazard=values[2 * CLASSES : 3 * CLASSES],
            detection=float(values[-3]),
            leaves=float(values[-2]),
            returns=float(values[-1]),
        )

    def fit(self) -> Floats:
        """Return the parameters of the greatest likelihood."""
        from scipy.optimize import minimize  # noqa: PLC0415  slow to load

        found = minimize(
            self.cost, self._mean, method="L-BFGS-B", options={"maxiter": 300, "maxfun": 6000},
            bounds=[(-12, 12)] * len(self._mean),
        )  # fmt: skip
        best: Floats = found.x
        return best

    def draws(self, best: Floats, seed: int) -> Floats:
        """Return parameters that the records would hardly tell from the best ones."""
        information = self._information(best)
        values, vectors = np.linalg.eigh(information)
        # No direction is known worse than the priors know it.
        values = np.maximum(values, 1 / self._deviation.max() ** 2)
        chance = np.random.default_rng([seed, 1])
        normal = chance.standard_normal((DRAWS, len(best)))
        drawn: Floats = best + (normal / np.sqrt(values)) @ vectors.T
        return drawn

    def _information(self, best: Floats) -> Floats:
        """Return the matrix of second derivatives of the cost, by differences."""
        size, step = len(best), 0.02
        units = np.eye(size) * step
        centre = self.cost(best)
        ahead = [self.cost(best + unit) for unit in units]
        behind = [self.cost(best - unit) for unit in units]
        found = np.zeros((size, size))
        for i in range(size):
            found[i, i] = (ahead[i] + behind[i] - 2 * centre) / step**2
            for j in range(i):
                both = self.cost(best + units[i] + units[j])
                neither = self.cost(best - units[i] - units[j])
                found[i, j] = found[j, i] = (
                    both + neither - ahead[i] - ahead[j] - behind[i] - behind[j] + 2 * centre
                ) / (2 * step**2)
        return found

    def cost(self, theta: Floats) -> float:
        """Return the negative logarithm of likelihood and priors, but for a constant."""
        parts = self.parts(theta)
        tables = self._tables(parts)
        likelihood = np.zeros(len(self._first))
        expected = 0.0
        for one in range(CLASSES):
            of_class = self._class(parts, one, tables)
            expected += float((of_class.firsts * of_class.seen_ratio).sum())
            likelihood += self._chances(of_class)
        found = (self._weight * np.log(likelihood + _SMALL)).sum()
        found += (self._gaps * np.log(tables.again[self._from, self._to] + _SMALL)).sum()
        prior = (((theta - self._mean) / self._deviation) ** 2).sum() / 2
        return float(expected - found + prior)

    def _chances(self, of_class: "_Class") -> Floats:
        """Return how often a class gives each pair of first and last detection, gaps aside."""
        stay = np.exp(-of_class.hazard * (self._last - self._first))
        chances: Floats = of_class.firsts[self._first] * stay * of_class.tails[self._last] + _SMALL
        return chances

    def _class(self, parts: _Parts, one: int, tables: "_Tables") -> "_Class":
        hazard = float(parts.hazard[one])
        stay = np.exp(-hazard)
        enter = np.full(self._size, parts.arrivals[one])
        enter[0] = parts.initial[one]
        # Who leaves within an occasion is there for half of it, and may be seen in it yet.
        seen_ratio = stay + (1 - stay) * tables.half_ratio
        reached = tables.entered * np.exp(-hazard * self._entry_lag)
        seen = reached * seen_ratio
        onward = np.exp(-hazard * np.maximum(self._lag - 1, 0))
        unseen_later = np.maximum(1 - (tables.again * onward * seen_ratio).sum(axis=1), _SMALL)
        return _Class(
            hazard=hazard,
            enter=enter,
            reached=reached,
            firsts=enter @ reached,
            seen_ratio=seen_ratio,
            unseen=np.maximum(1 - seen.sum(axis=1), 0),
            unseen_later=unseen_later,
            tails=stay * unseen_later + (1 - stay) * tables.half_ratio,
        )

    def _tables(self, parts: _Parts) -> "_Tables":
        key = np.array([parts.detection, parts.leaves, parts.returns]).tobytes()
        if self._kept is None or self._kept[0] != key:
            self._kept = key, self._make_tables(parts)
        return self._kept[1]

    def _make_tables(self, parts: _Parts) -> "_Tables":
        size = self._size
        rate = parts.leaves + parts.returns
        fade = np.exp(-rate)
        present = parts.returns / rate
        come = present * (1 - fade)  # away to present
        stay = present + (1 - present) * fade
        missed = np.exp(-parts.detection * self._presence.effort)
        here = np.zeros((2, size))  # by table and start: present, and not seen since
        away = np.zeros((2, size))
        tables = np.zeros((2, size, size))
        for at in range(size):
            here[:, :at], away[:, :at] = (
                here[:, :at] * stay + away[:, :at] * come,
                here[:, :at] * (1 - stay) + away[:, :at] * (1 - come),
            )
            tables[:, :at, at] = here[:, :at] * (1 - missed[at])
            here[:, :at] *= missed[at]
            here[0, at] = 1.0
            # Who enters within an occasion is there for half of it; the first who are there, are.
            half, is_in = (missed[at], present) if at == 0 else (np.sqrt(missed[at]), 1.0)
            tables[1, at, at] = is_in * (1 - half)
            here[1, at] = is_in * half
            away[1, at] = 1 - is_in
        seen = np.maximum(1 - missed, _SMALL)
        return _Tables(again=tables[0], entered=tables[1], half_ratio=(1 - np.sqrt(missed)) / seen)

    def state(self, theta: Floats) -> _State:
        """Return what parameters say of the agents, seen and unseen, given the records."""
        parts = self.parts(theta)
        tables = self._tables(parts)
        classes = [self._class(parts, one, tables) for one in range(CLASSES)]
        shares = np.array([self._chances(of_class) for of_class in classes])
        weights = shares / shares.sum(axis=0)
        seen, there, uncertain = np.zeros((3, self._size - 1))
        missing = 0.0
        for weight, of_class in zip(weights, classes, strict=True):
            before = self._before(of_class)[self._first]
            after = self._after(of_class, tables)[self._last]
            # There at the end of an occasion: entered by then, and not gone.
            chance = np.clip(before * after, 0, 1)[:, :-1]
            agents = (weight * self._weight)[:, None]
            seen += (agents * chance).sum(axis=0)
            uncertain += (agents * chance * (1 - chance)).sum(axis=0)
            gone = self._gone_since_entry(of_class, tables)
            at_once = np.diag(gone)
            missing += float(of_class.enter @ np.maximum(of_class.unseen - at_once, 0))
            alive = np.maximum(of_class.unseen[:, None] - gone, 0)
            there += (of_class.enter @ np.where(self._is_begun, alive, 0))[:-1]
        return _State(
            unseen=missing, seen_alive=seen, unseen_alive=there, uncertain=uncertain + there
        )

    def _before(self, of_class: "_Class") -> Floats:
        """Return [first detection, occasion]: the chance to have entered by then."""
        from_ = of_class.enter[:, None] * of_class.reached
        reached: Floats = np.cumsum(from_, axis=0) / (from_.sum(axis=0) + _SMALL)
        return reached.T

    def _after(self, of_class: "_Class", tables: "_Tables") -> Floats:
        """Return [last detection, occasion]: the chance not to have left by the end of it."""
        stay = np.exp(-of_class.hazard)
        gone = self._gone(of_class.hazard, tables.again, np.ones(self._size))
        there = stay * np.maximum(of_class.unseen_later[:, None] - gone, 0)
        left: Floats = there / of_class.tails[:, None]
        return np.where(self._is_begun, left, 1.0)

    def _gone_since_entry(self, of_class: "_Class", tables: "_Tables") -> Floats:
        """Return [entry, occasion]: the chance to have left by its end, never seen."""
        half = np.exp(-of_class.hazard / 2)
        missed = np.sqrt(np.maximum(1 - np.diag(tables.entered), 0))
        stay = np.full(self._size, half)
        stay[0] = np.exp(-of_class.hazard)
        gone = self._gone(of_class.hazard, tables.entered, stay)
        found: Floats = gone + ((1 - stay) * missed)[:, None]
        return found

    def _gone(self, hazard: float, table: Floats, begin: Floats) -> Floats:
        """Return [start, occasion]: the chance to leave after the start, by the end of an occasion,
        and not be seen between; ``begin`` is the chance to live through the start.
        """
        missed = np.maximum(1 - np.cumsum(table, axis=1), 0)
        leaves = np.zeros_like(table)
        stay = np.exp(-hazard * np.maximum(self._lag - 1, 0)) * (1 - np.exp(-hazard))
        leaves[:, 1:] = stay[:, 1:] * np.sqrt(missed[:, :-1] * missed[:, 1:])
        found: Floats = np.cumsum(np.where(self._is_later, leaves, 0), axis=1)
        return found * begin[:, None]
