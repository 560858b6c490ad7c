"""Population: how many agents there were at once, seen or not, with an interval.

Agents come and go while one looks, so the population is open: a closed estimate takes those that
have left for those that were missed (:mod:`unflux.track.population_model`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from unflux.model.tracks import Estimate
from unflux.track.population_fit import draw_parameters, fit_population
from unflux.track.population_model import PopulationModel
from unflux.track.population_state import find_state
from unflux.track.presence import Presence

LEAST_SEEN: Final = 8
LEAST_OCCASIONS: Final = 8
LEAST_AGAIN: Final = 5
"""Agents, occasions, and agents seen in more than one, below which there is no estimate. Chosen:
2026-11-28; of six test pools of five occasions the interval of those at once spanned a factor of 7
to 78, of six of 4 to 10 agents one of 2 to 4."""
ALIVE_ERROR: Final = 0.05
NOW_ERROR: Final = 0.08
AWAY_ERROR: Final = 0.15
UNSEEN_ERROR: Final = 0.5
"""What the model itself is wrong by, deviation of the logarithm: of those there at once, of those
there now, of both for the share that is away, and of those never seen. Chosen: 2026-11-28
on development pools of benchmarks/track_population.py; without it the intervals of pools that are
seen nearly whole miss by a percent or two, and of agents that sleep ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """How many addresses served, by the records and behind them."""

    seen: int
    total: Estimate
    """Addresses that were seen, and those that were not and were there when an occasion ended.
    Where agents sleep, it counts some that never were on."""
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
    model = PopulationModel(presence)
    best = fit_population(model)
    draws = draw_parameters(model, best, seed)
    parameters = model.name_parameters(best)
    away_ratio = parameters.leaves / (parameters.leaves + parameters.returns)
    away = AWAY_ERROR * away_ratio
    errors = (np.hypot(ALIVE_ERROR, away), UNSEEN_ERROR, np.hypot(NOW_ERROR, away))
    chance = np.random.default_rng(seed)
    totals, means, nows = [], [], []
    for theta in draws:
        state = find_state(model, theta)
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
    middle = find_state(model, best)
    alive = middle.seen_alive + middle.unseen_alive
    return Population(
        seen=presence.agent_count,
        total=_estimate(presence.agent_count + middle.unseen, totals, presence.agent_count),
        at_once=_estimate(float(alive.mean()), means, 0),
        now=_estimate(float(alive[-1]), nows, 0),
        alive=tuple(float(value) for value in alive),
        lifetime_occasions=float(
            (parameters.arrivals / parameters.hazard).sum() / parameters.arrivals.sum()
        ),
        detection_ratio=float((1 - np.exp(-parameters.detection * presence.effort)).mean()),
        away_ratio=away_ratio,
    )


def _estimate(value: float, drawn: list[float], least: float) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(
        value=value, low=max(min(float(low), value), least), high=max(float(high), value)
    )
