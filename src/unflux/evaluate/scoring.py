"""Count what every detector said of labelled domains into the figures of an evaluation."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.evaluate.calibration import calibrate
from unflux.evaluate.decision_times import decision_times
from unflux.evaluate.intervals import BASE_RATES, precision_at, share_of
from unflux.model.evaluation import (
    FLUX,
    NARROW,
    UNKNOWN,
    Calibration,
    DetectorScore,
    Evaluation,
    Group,
    GroupedBy,
    is_innocent,
)

INNOCENT: Final = "innocent"
"""What all innocent labels together are called."""

DIMENSIONS: Final[tuple[GroupedBy, ...]] = ("label", "kind", "family", "source")
_COUNTS: Final = (
    "domains", "flagged", "narrow", "narrow_flagged", "undecided", "silent", "was_flagged", "tried",
)  # fmt: skip


def compose_evaluation(
    judged: pa.Table, *, labelled: int, drops: Mapping[str, int], prior: float
) -> Evaluation:
    """Count rows of :data:`unflux.model.evaluation.JUDGED` into an evaluation.

    Tables of several record sets may be concatenated: their ``source`` keeps them apart.
    ``labelled`` is how many domains had a label, ``drops`` what became of bad ones, ``prior`` the
    probability of fast flux that scores start from, 0..1.
    """
    detectors = pc.unique(judged["detector"]).to_pylist()
    scores = tuple(
        score_detector(name, judged.filter(pc.equal(judged["detector"], name)), prior)
        for name in detectors
    )
    first = judged.filter(pc.equal(judged["detector"], detectors[0])) if detectors else judged
    untimed = first["was_flagged"].null_count
    return Evaluation(
        labelled=labelled,
        scored=first.num_rows,
        untimed=None if untimed == first.num_rows else untimed,
        drops=dict(sorted(drops.items())),
        detectors=scores,
    )


def score_detector(name: str, judged: pa.Table, prior: float) -> DetectorScore:
    """Return the figures of one detector from its rows."""
    rows = _count_columns(judged)
    labels = rows["label"].to_pylist()
    relabelled = pa.array([INNOCENT if is_innocent(label) else label for label in labels])
    merged = rows.set_column(rows.schema.get_field_index("label"), "label", relabelled)
    together = {group.label: group for group in _grouped(merged, "label")}
    recall = together.get(FLUX) or _nothing(FLUX)
    innocent = together.get(INNOCENT) or _nothing(INNOCENT)
    return DetectorScore(
        detector=name,
        recall=recall,
        mean_family_recall=_mean_family_recall(rows),
        innocent=innocent,
        groups=tuple(group for by in DIMENSIONS for group in _grouped(rows, by)),
        precision=tuple(
            precision_at(rate, recall.flagged, innocent.flagged) for rate in BASE_RATES
        ),
        decision_times=decision_times(judged),
        calibration=_calibration(judged, prior),
    )


def _count_columns(judged: pa.Table) -> pa.Table:
    """Turn each row into whole numbers that add up."""
    flagged = pc.fill_null(pc.equal(judged["outcome"], "fast-flux"), False)
    narrow = pc.less(judged["addresses"], NARROW)
    columns = {
        "domains": pa.array(np.ones(judged.num_rows, dtype=bool)),
        "flagged": flagged,
        "narrow": narrow,
        "narrow_flagged": pc.and_(flagged, narrow),
        "undecided": pc.fill_null(pc.equal(judged["outcome"], "undecided"), False),
        "silent": pc.is_null(judged["outcome"]),
        "was_flagged": pc.or_(flagged, pc.fill_null(judged["was_flagged"], False)),
        "tried": pc.is_valid(judged["was_flagged"]),
    }
    counted = {name: pc.cast(column, pa.int64()) for name, column in columns.items()}
    kept = {name: judged[name] for name in ("label", "kind", "family", "source")}
    unit = pc.coalesce(judged["family"], judged["domain"])
    return pa.table({**kept, "unit": unit, **counted})


def _grouped(rows: pa.Table, by: GroupedBy) -> list[Group]:
    """Count the rows of each label and name; first by family, so that each counts once."""
    named = rows.filter(pc.is_valid(rows[by]))
    keyed = pa.table(
        {"label": named["label"], "name": named[by], "unit": named["unit"]}
        | {name: named[name] for name in _COUNTS}
    )
    sums = [(name, "sum") for name in _COUNTS]
    families = keyed.group_by(["label", "name", "unit"], use_threads=False).aggregate(sums)
    families = pa.table(
        {"label": families["label"], "name": families["name"]}
        | {name: families[f"{name}_sum"] for name in _COUNTS}
        | {
            "families": pa.array(np.ones(families.num_rows, dtype=np.int64)),
            "any": pc.cast(pc.greater(families["flagged_sum"], 0), pa.int64()),
            "whole": pc.cast(
                pc.equal(families["flagged_sum"], families["domains_sum"]), pa.int64()
            ),
        }
    )
    sums = [(name, "sum") for name in (*_COUNTS, "families", "any", "whole")]
    groups = families.group_by(["label", "name"], use_threads=False).aggregate(sums)
    groups = groups.sort_by([("label", "ascending"), ("name", "ascending")])
    return [_group(row, by) for row in groups.to_pylist()]


def _group(row: Mapping[str, int | str], by: GroupedBy) -> Group:
    def count(name: str) -> int:
        return int(row[f"{name}_sum"])

    return Group(
        label=str(row["label"]),
        by=by,
        name=str(row["name"]),
        flagged=share_of(count("flagged"), count("domains")),
        narrow=share_of(count("narrow_flagged"), count("narrow")),
        families=share_of(count("any"), count("families")),
        whole_families=share_of(count("whole"), count("families")),
        undecided=count("undecided"),
        silent=count("silent"),
        was_flagged=count("was_flagged") if count("tried") else None,
    )


def _nothing(label: str) -> Group:
    none = share_of(0, 0)
    return Group(
        label=label, by="label", name=label, flagged=none, narrow=none, families=none,
        whole_families=none, undecided=0, silent=0, was_flagged=None,
    )  # fmt: skip


def _mean_family_recall(rows: pa.Table) -> float | None:
    flux = rows.filter(pc.equal(rows["label"], FLUX))
    families = flux.group_by("unit").aggregate([("flagged", "mean")])
    mean: float | None = pc.mean(families["flagged_mean"]).as_py()
    return mean


def _calibration(judged: pa.Table, prior: float) -> Calibration | None:
    told = judged.filter(
        pc.and_(pc.is_valid(judged["score"]), pc.not_equal(judged["label"], UNKNOWN))
    )
    if not told.num_rows:
        return None
    is_flux = np.asarray(pc.equal(told["label"], FLUX)).astype(bool)
    return calibrate(told["score"].to_numpy(), is_flux, prior)
