"""Population state: what parameters say of the agents, seen and unseen, at each moment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unflux.track.population_model import (
    CLASSES,
    SMALL,
    Detections,
    EntryClass,
    PopulationModel,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What parameters say of the agents."""

    unseen: float
    seen_alive: Floats
    unseen_alive: Floats
    uncertain: Floats
    """Variance of the number alive. All three at the borders of occasions."""


def find_state(model: PopulationModel, theta: Floats) -> State:
    """Return what parameters say of the agents, seen and unseen, given the records."""
    parameters = model.name_parameters(theta)
    detections = model.find_detections(parameters)
    classes = [model.find_class(parameters, one, detections) for one in range(CLASSES)]
    shares = np.array([model.find_chances(of_class) for of_class in classes])
    weights = shares / shares.sum(axis=0)
    seen, there, uncertain = np.zeros((3, model.size - 1))
    missing = 0.0
    for weight, of_class in zip(weights, classes, strict=True):
        agents = np.zeros((model.size, model.size))
        agents[model.first, model.last] = weight * model.weight
        # There at the end of an occasion: entered by then, and not gone.
        before = np.minimum(_before(of_class), 1)
        after = np.clip(_after(model, of_class, detections), 0, 1)
        chance = (before * (agents @ after)).sum(axis=0)[:-1]
        squared = (before**2 * (agents @ after**2)).sum(axis=0)[:-1]
        seen += chance
        uncertain += chance - squared
        gone = _gone_since_entry(model, of_class, detections)
        at_once = np.diag(gone)
        missing += float(of_class.enter @ np.maximum(of_class.unseen - at_once, 0))
        alive = np.maximum(of_class.unseen[:, None] - gone, 0)
        there += (of_class.enter @ np.where(model.is_begun, alive, 0))[:-1]
    return State(unseen=missing, seen_alive=seen, unseen_alive=there, uncertain=uncertain + there)


def _before(of_class: EntryClass) -> Floats:
    """Return [first detection, occasion]: the chance to have entered by then."""
    from_ = of_class.enter[:, None] * of_class.reached
    reached: Floats = np.cumsum(from_, axis=0) / (from_.sum(axis=0) + SMALL)
    return reached.T


def _after(model: PopulationModel, of_class: EntryClass, detections: Detections) -> Floats:
    """Return [last detection, occasion]: the chance not to have left by the end of it."""
    stay = np.exp(-of_class.hazard)
    gone = _gone(model, of_class.hazard, detections.again, np.ones(model.size))
    there = stay * np.maximum(of_class.unseen_later[:, None] - gone, 0)
    left: Floats = there / of_class.tails[:, None]
    return np.where(model.is_begun, left, 1.0)


def _gone_since_entry(
    model: PopulationModel, of_class: EntryClass, detections: Detections
) -> Floats:
    """Return [entry, occasion]: the chance to have left by its end, never seen."""
    half = np.exp(-of_class.hazard / 2)
    missed = np.sqrt(np.maximum(1 - np.diag(detections.entered), 0))
    stay = np.full(model.size, half)
    stay[0] = np.exp(-of_class.hazard)
    gone = _gone(model, of_class.hazard, detections.entered, stay)
    found: Floats = gone + ((1 - stay) * missed)[:, None]
    return found


def _gone(model: PopulationModel, hazard: float, table: Floats, begin: Floats) -> Floats:
    """Return [start, occasion]: the chance to leave after the start, by the end of an occasion,
    and not be seen between; ``begin`` is the chance to live through the start.
    """
    missed = np.maximum(1 - np.cumsum(table, axis=1), 0)
    leaves = np.zeros_like(table)
    stay = np.exp(-hazard * np.maximum(model.lag - 1, 0)) * (1 - np.exp(-hazard))
    leaves[:, 1:] = stay[:, 1:] * np.sqrt(missed[:, :-1] * missed[:, 1:])
    found: Floats = np.cumsum(np.where(model.is_later, leaves, 0), axis=1)
    return found * begin[:, None]
