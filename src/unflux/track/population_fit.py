"""Population fit: the parameters that a presence makes most likely, and others nearly as likely."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from unflux.track.population_model import PopulationModel

Floats = NDArray[np.float64]

DRAWS: Final = 200
"""Of the parameters, for an interval."""


def fit_population(model: PopulationModel) -> Floats:
    """Return the parameters of the greatest likelihood."""
    from scipy.optimize import minimize  # noqa: PLC0415  slow to load

    found = minimize(
        model.cost, model.mean, method="L-BFGS-B", options={"maxiter": 300, "maxfun": 6000},
        bounds=[(-12, 12)] * len(model.mean),
    )  # fmt: skip
    best: Floats = found.x
    return best


def draw_parameters(model: PopulationModel, best: Floats, seed: int) -> Floats:
    """Return parameters that the records would hardly tell from the best ones."""
    information = _find_information(model, best)
    values, vectors = np.linalg.eigh(information)
    # No direction is known worse than the priors know it.
    values = np.maximum(values, 1 / model.deviation.max() ** 2)
    chance = np.random.default_rng([seed, 1])
    normal = chance.standard_normal((DRAWS, len(best)))
    drawn: Floats = best + (normal / np.sqrt(values)) @ vectors.T
    return drawn


def _find_information(model: PopulationModel, best: Floats) -> Floats:
    """Return the matrix of second derivatives of the cost, by differences."""
    size, step = len(best), 0.02
    units = np.eye(size) * step
    centre = model.cost(best)
    ahead = [model.cost(best + unit) for unit in units]
    behind = [model.cost(best - unit) for unit in units]
    found = np.zeros((size, size))
    for i in range(size):
        found[i, i] = (ahead[i] + behind[i] - 2 * centre) / step**2
        for j in range(i):
            both = model.cost(best + units[i] + units[j])
            neither = model.cost(best - units[i] - units[j])
            found[i, j] = found[j, i] = (
                both + neither - ahead[i] - ahead[j] - behind[i] - behind[j] + 2 * centre
            ) / (2 * step**2)
    return found
