"""The tables of an evaluation, as Markdown."""

from collections.abc import Sequence

from unflux.model.evaluation import (
    Calibration,
    DetectorScore,
    Evaluation,
    Group,
    GroupedBy,
    Reliability,
)
from unflux.present.evaluation_words import (
    count_quantiles,
    percent,
    precision_words,
    rate_words,
    share_words,
    time_quantiles,
)
from unflux.present.visible import make_visible


def totals_table(evaluation: Evaluation) -> str:
    """Return what every detector found and accused."""
    header = [
        "detector", "fastflux found", "of those with fewer than 5 addresses",
        "families found, at least one domain", "innocent flagged", "flagged on a shorter run",
        "malicious flagged", "unknown flagged",
    ]  # fmt: skip
    rows = []
    for score in evaluation.detectors:
        ever = score.innocent.was_flagged
        rows.append(
            [
                score.detector,
                share_words(score.recall.flagged),
                share_words(score.recall.narrow),
                share_words(score.recall.families),
                share_words(score.innocent.flagged),
                "not tried" if ever is None else f"{ever:,}",
                *(_flagged(score, label) for label in ("malicious", "unknown")),
            ]
        )
    return table(header, rows)


def precision_table(evaluation: Evaluation) -> str:
    """Return the precision of every detector at the base rates."""
    rates = [rate_words(p.base_rate) for p in evaluation.detectors[0].precision]
    rows = [
        [score.detector, *(precision_words(precision) for precision in score.precision)]
        for score in evaluation.detectors
    ]
    return table(["detector", *(f"at {rate}" for rate in rates)], rows)


def times_table(evaluation: Evaluation, *, by_kind: bool) -> str:
    """Return the times to decision: of all fast flux, or of each kind for detectors that decide."""
    rows = [
        [
            score.detector,
            *([time.kind or "all"] if by_kind else []),
            f"{time.decided:,} of {time.domains:,}",
            count_quantiles(time.lookups) if time.with_lookups else "not told",
            time_quantiles(time.seconds),
            count_quantiles(time.rotations, 1) if time.with_ttl else "TTL unknown",
        ]
        for score in evaluation.detectors
        for time in score.decision_times
        if by_kind or time.kind is None
    ]
    if not rows:
        return "No fast-flux domain here has records with times."
    kind = ["kind"] if by_kind else []
    return table(["detector", *kind, "decided", "lookups", "time", "TTL rotations"], rows)


def groups_table(evaluation: Evaluation, by: GroupedBy, labels: Sequence[str] | None = None) -> str:
    """Return how many domains each detector flagged of each group, narrow ones beside wide."""
    first, *others = evaluation.detectors
    groups = [
        group for group in first.groups
        if group.by == by and (labels is None or group.label in labels)
    ]  # fmt: skip
    told = [{_key(group): group for group in score.groups} for score in others]
    named = by != "label"
    header = ["label", *([by] if named else []), "domains", "families", first.detector, "undecided",
              *(score.detector for score in others)]  # fmt: skip
    rows = [
        [
            make_visible(group.label, ascii_only=False),
            *([make_visible(group.name, ascii_only=False).replace("|", "\\|")] if named else []),
            f"{group.flagged.of:,}",
            f"{group.families.of:,}",
            f"{group.flagged.count:,}",
            f"{group.undecided:,}",
            *(f"{theirs[_key(group)].flagged.count:,}" for theirs in told),
        ]
        for group in groups
    ]
    return table(header, rows) if rows else f"No {by} is named."


def calibration_table(name: str, calibration: Calibration) -> str:
    """Return the reliability table of one detector and its two grades."""
    rows = [
        [
            f"{scores.low:.2f} to {scores.high:.2f}",
            "" if scores.mean_score is None else f"{scores.mean_score:.4f}",
            share_words(scores.flux),
        ]
        for scores in calibration.bins
        if scores.flux.of
    ]
    grades = [("as found", calibration.as_found)]
    if calibration.at_prior is not None:
        grades.append(("at the prior", calibration.at_prior))
    lines = [f"- {said}: {_grade_words(grade)}" for said, grade in grades]
    return f"{table([f'score of {name}', 'mean', 'fast flux among them'], rows)}\n\n" + "\n".join(
        lines
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table, its first column to the left."""
    lines = [list(header), ["---", *("---:" for _ in header[1:])], *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def label_group(score: DetectorScore, label: str) -> Group | None:
    """Return a detector's figures on the domains of one label; null where there are none."""
    return next((g for g in score.groups if (g.by, g.label) == ("label", label)), None)


def _flagged(score: DetectorScore, label: str) -> str:
    group = label_group(score, label)
    return "none" if group is None else share_words(group.flagged)


def _key(group: Group) -> tuple[str, str, str]:
    return group.by, group.label, group.name


def _grade_words(grade: Reliability) -> str:
    return (
        f"Brier score {grade.brier:.5f}, expected calibration error {grade.expected_error:.5f}, "
        f"at {percent(grade.base_rate)} fast flux"
    )
