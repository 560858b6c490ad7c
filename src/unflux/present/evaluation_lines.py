"""An evaluation as JSON lines: one ``unflux/evaluation/1`` object per detector."""

from collections.abc import Iterator
from typing import Any, Final

from unflux.model.evaluation import (
    Calibration,
    DecisionTime,
    DetectorScore,
    Evaluation,
    Group,
    Precision,
    Quantiles,
    Reliability,
    ScoreBin,
    Share,
)
from unflux.present.json_lines import compose_line, measured, text

EVALUATION_SCHEMA: Final = "unflux/evaluation/1"


def render(evaluation: Evaluation) -> Iterator[str]:
    """Yield one line per detector, ours first; schema in ``docs/schemas``."""
    for score in evaluation.detectors:
        yield compose_line(evaluation_object(evaluation, score))


def evaluation_object(evaluation: Evaluation, score: DetectorScore) -> dict[str, Any]:
    """Return the ``unflux/evaluation/1`` object of one detector; unknown is null."""
    return {
        "schema": EVALUATION_SCHEMA,
        "detector": score.detector,
        "domains": {
            "labelled": evaluation.labelled,
            "scored": evaluation.scored,
            "untimed": evaluation.untimed,
        },
        "label_drops": {str(text(k)): v for k, v in evaluation.drops.items()},
        "recall": _group(score.recall),
        "mean_family_recall": measured(score.mean_family_recall),
        "innocent": _group(score.innocent),
        "groups": [_group(group) for group in score.groups],
        "precision": [_precision(precision) for precision in score.precision],
        "decision_times": [_decision_time(time) for time in score.decision_times],
        "calibration": None if score.calibration is None else _calibration(score.calibration),
    }


def share_object(share: Share) -> dict[str, Any]:
    """Return a share and its interval; the ratio is null where there is no case."""
    return {
        "count": share.count,
        "of": share.of,
        "ratio": measured(share.ratio),
        "low": measured(share.low),
        "high": measured(share.high),
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "label": text(group.label),
        "by": group.by,
        "name": text(group.name),
        "flagged": share_object(group.flagged),
        "narrow": share_object(group.narrow),
        "families": share_object(group.families),
        "whole_families": share_object(group.whole_families),
        "undecided": group.undecided,
        "silent": group.silent,
        "was_flagged": group.was_flagged,
    }


def _precision(precision: Precision) -> dict[str, Any]:
    return {
        "base_rate": precision.base_rate,
        "value": measured(precision.value),
        "low": measured(precision.low),
        "high": measured(precision.high),
    }


def _decision_time(time: DecisionTime) -> dict[str, Any]:
    return {
        "kind": text(time.kind),
        "domains": time.domains,
        "decided": time.decided,
        "lookups": _quantiles(time.lookups),
        "with_lookups": time.with_lookups,
        "seconds": _quantiles(time.seconds),
        "rotations": _quantiles(time.rotations),
        "with_ttl": time.with_ttl,
    }


def _quantiles(quantiles: Quantiles) -> dict[str, Any]:
    return {"median": measured(quantiles.median), "p90": measured(quantiles.p90)}


def _calibration(calibration: Calibration) -> dict[str, Any]:
    weighted = calibration.at_prior
    return {
        "bins": [_bin(scores) for scores in calibration.bins],
        "as_found": _reliability(calibration.as_found),
        "at_prior": None if weighted is None else _reliability(weighted),
    }


def _bin(scores: ScoreBin) -> dict[str, Any]:
    return {
        "low": scores.low,
        "high": scores.high,
        "mean_score": measured(scores.mean_score),
        "flux": share_object(scores.flux),
    }


def _reliability(reliability: Reliability) -> dict[str, Any]:
    return {
        "base_rate": measured(reliability.base_rate),
        "brier": measured(reliability.brier),
        "expected_error": measured(reliability.expected_error),
    }
