"""How long it took until fast flux was flagged, in lookups, seconds and rotations."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.evaluation import FLUX, DecisionTime, Quantiles

MEDIAN: Final = 0.5
HIGH: Final = 0.9


def decision_times(judged: pa.Table) -> tuple[DecisionTime, ...]:
    """Return the times over all fast-flux domains that were replayed, then over each kind.

    A domain that was never flagged took forever, so that a detector gains nothing by missing the
    hard ones. Rows of :data:`unflux.model.evaluation.JUDGED`, of one detector.
    """
    flux = judged.filter(
        pc.and_(pc.equal(judged["label"], FLUX), pc.is_valid(judged["was_flagged"]))
    )
    if not flux.num_rows:
        return ()
    kinds = sorted(kind for kind in pc.unique(flux["kind"]).to_pylist() if kind is not None)
    return (
        _over(flux, None),
        *(_over(flux.filter(pc.equal(flux["kind"], kind)), kind) for kind in kinds),
    )


def _over(flux: pa.Table, kind: str | None) -> DecisionTime:
    seconds, ttl_s = _numbers(flux["decided_s"]), _numbers(flux["ttl_s"])
    # A TTL of zero rotates with every answer; a second stands for it.
    has_ttl = ~np.isnan(ttl_s)
    has_lookups = ~np.isnan(_numbers(flux["lookups"]))
    rotations = _endless(seconds)[has_ttl] / np.maximum(ttl_s[has_ttl], 1.0)
    return DecisionTime(
        kind=kind,
        domains=flux.num_rows,
        decided=int((~np.isnan(seconds)).sum()),
        lookups=_quantiles(_endless(_numbers(flux["decided_lookups"]))[has_lookups]),
        with_lookups=int(has_lookups.sum()),
        seconds=_quantiles(_endless(seconds)),
        rotations=_quantiles(rotations),
        with_ttl=int(has_ttl.sum()),
    )


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    return pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _endless(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(np.isnan(values), np.inf, values)


def _quantiles(values: npt.NDArray[np.float64]) -> Quantiles:
    return Quantiles(median=_quantile(values, MEDIAN), p90=_quantile(values, HIGH))


def _quantile(values: npt.NDArray[np.float64], at: float) -> float | None:
    """Return the least value that so many reach; null where that is never, or nothing is there."""
    if not len(values):
        return None
    found = float(np.sort(values)[int(np.ceil(at * len(values))) - 1])
    return None if np.isinf(found) else found
