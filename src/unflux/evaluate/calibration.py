"""Calibration: whether a score of so much is right so often."""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from unflux.evaluate.intervals import share_of
from unflux.model.evaluation import Calibration, Reliability, ScoreBin

EDGES: Final = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
"""Edges of the bins. Chosen: 2026-11-24; narrow at both ends, where nearly all scores lie, with the
bounds of a verdict (0.05, 0.95) among them."""

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def calibrate(scores: Numbers, is_flux: Flags, prior: float) -> Calibration:
    """Grade probabilities against truth.

    ``prior``: the probability that a score starts from, 0..1. Records for development hold far
    more fast flux than that, so the grades are given as found and with the labels weighted to the
    prior. Brier: mean squared distance (G. W. Brier, Monthly Weather Review 78, 1950).
    """
    bins = np.clip(np.searchsorted(EDGES, scores, side="right") - 1, 0, len(EDGES) - 2)
    table = []
    for number, (low, high) in enumerate(pairwise(EDGES)):
        inside = bins == number
        count = int(inside.sum())
        table.append(
            ScoreBin(
                low=low,
                high=high,
                mean_score=float(scores[inside].mean()) if count else None,
                flux=share_of(int(is_flux[inside].sum()), count),
            )
        )
    found = float(is_flux.mean())
    even = np.ones(len(scores))
    weighted = None
    if 0 < found < 1:
        to_prior = np.where(is_flux, prior / found, (1 - prior) / (1 - found))
        weighted = _grade(scores, is_flux, bins, to_prior, prior)
    return Calibration(
        bins=tuple(table),
        as_found=_grade(scores, is_flux, bins, even, found),
        at_prior=weighted,
    )


def _grade(
    scores: Numbers, is_flux: Flags, bins: npt.NDArray[np.intp], weights: Numbers, base_rate: float
) -> Reliability:
    truth = is_flux.astype(np.float64)
    size = len(EDGES) - 1
    claimed = np.bincount(bins, weights=weights * scores, minlength=size)
    held = np.bincount(bins, weights=weights * truth, minlength=size)
    total = float(weights.sum())
    return Reliability(
        base_rate=base_rate,
        brier=float((weights * (scores - truth) ** 2).sum()) / total,
        expected_error=float(np.abs(claimed - held).sum()) / total,
    )
