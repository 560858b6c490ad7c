"""An evaluation on a terminal: detectors side by side, times to decision, calibration, groups."""

from typing import Final

from rich.console import Console

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
    short_share,
    time_quantiles,
)
from unflux.present.screen import Cell, Column, Screen

GROUP_LIMIT: Final = 30
"""Groups of one kind that are drawn; JSON holds all. Chosen: 2026-11-24, by hand; one screen."""

HEADINGS: Final[dict[GroupedBy, str]] = {
    "label": "By label", "kind": "By kind", "family": "By family", "source": "By source",
}  # fmt: skip


def print_evaluation(evaluation: Evaluation, console: Console) -> None:
    """Draw a whole evaluation."""
    screen = Screen(console)
    screen.blank()
    untimed = f", {evaluation.untimed:,} without times" if evaluation.untimed else ""
    screen.line(
        Cell(
            f"{evaluation.scored:,} of {evaluation.labelled:,} labelled domains had an answer in "
            f"the records{untimed}. Intervals are at 95 %."
        ),
        indent=0,
    )
    for reason, count in evaluation.drops.items():
        screen.line(Cell(f"skipped {count:,}: {reason}", "dim"))
    _print_detectors(evaluation, screen)
    _print_times(evaluation, screen)
    for by, heading in HEADINGS.items():
        _print_groups(evaluation, by, heading, screen)
    for score in evaluation.detectors:
        if score.calibration is not None:
            _print_calibration(score.detector, score.calibration, screen)


def _print_detectors(evaluation: Evaluation, screen: Screen) -> None:
    rates = [rate_words(p.base_rate) for p in evaluation.detectors[0].precision]
    columns = [
        Column(heading="detector"),
        Column(heading="fast flux found"),
        Column(heading="narrow", is_number=True),
        Column(heading="undecided", is_number=True, yields=3, below="undecided "),
        Column(heading="families", is_number=True, yields=3, below="families found "),
        Column(heading="innocent flagged", yields=2, below="innocent flagged "),
        Column(heading="ever", is_number=True, yields=3, below="ever flagged "),
        *(
            Column(heading=f"precision at {rate}", yields=1, below=f"precision at {rate} ")
            for rate in rates
        ),
    ]
    rows = [
        (
            Cell(score.detector, "bold"),
            Cell(share_words(score.recall.flagged)),
            Cell(short_share(score.recall.narrow)),
            Cell(f"{score.recall.undecided:,}"),
            Cell(short_share(score.recall.families)),
            Cell(share_words(score.innocent.flagged)),
            Cell("" if score.innocent.was_flagged is None else f"{score.innocent.was_flagged:,}"),
            *(Cell(precision_words(precision)) for precision in score.precision),
        )
        for score in evaluation.detectors
    ]
    screen.heading("Detectors")
    screen.listing(columns, rows, wraps_below=True)


def _print_times(evaluation: Evaluation, screen: Screen) -> None:
    """Draw our times of all fast flux and of each kind, and those of the others of all."""
    first, *others = evaluation.detectors
    columns = (
        Column(heading="detector"),
        Column(heading="kind"),
        Column(heading="decided", is_number=True),
        Column(heading="lookups", is_number=True),
        Column(heading="time", is_number=True),
        Column(heading="TTL rotations", is_number=True),
    )
    rows = [
        (
            Cell(score.detector, "bold"),
            Cell(time.kind or "all"),
            Cell(f"{time.decided:,}/{time.domains:,}"),
            Cell(count_quantiles(time.lookups) if time.with_lookups else "-"),
            Cell(time_quantiles(time.seconds)),
            Cell(count_quantiles(time.rotations, 1) if time.with_ttl else "-"),
        )
        for score, times in (
            (first, first.decision_times),
            *((score, score.decision_times[:1]) for score in others),
        )
        for time in times
    ]
    if rows:
        screen.heading("Time to decision: median / 90 % of fast-flux domains")
        screen.listing(columns, rows)


def _print_groups(evaluation: Evaluation, by: GroupedBy, heading: str, screen: Screen) -> None:
    first, *others = evaluation.detectors
    groups = _groups(first, by)
    if not groups:
        return
    columns = [
        Column(heading="label"),
        *([Column(heading=by, comfortable=24, elide="middle")] if by != "label" else []),
        Column(heading="domains", is_number=True),
        Column(heading=first.detector, is_number=True),
        Column(heading="undecided", is_number=True),
        *(
            Column(heading=score.detector, is_number=True, yields=1, below=f"{score.detector} ")
            for score in others
        ),
    ]
    told = [{_key(group): group for group in _groups(score, by)} for score in others]
    rows = [
        (
            Cell(group.label),
            *([Cell(group.name)] if by != "label" else []),
            Cell(f"{group.flagged.of:,}"),
            Cell(f"{group.flagged.count:,}", "bold"),
            Cell(f"{group.undecided:,}"),
            *(Cell(f"{theirs[_key(group)].flagged.count:,}") for theirs in told),
        )
        for group in groups[:GROUP_LIMIT]
    ]
    screen.heading(f"{heading}: domains flagged")
    screen.listing(columns, rows, wraps_below=True)
    screen.rest(len(groups) - GROUP_LIMIT)


def _groups(score: DetectorScore, by: GroupedBy) -> list[Group]:
    return [group for group in score.groups if group.by == by]


def _key(group: Group) -> tuple[str, str]:
    return group.label, group.name


def _print_calibration(detector: str, calibration: Calibration, screen: Screen) -> None:
    screen.heading(f"Calibration of {detector}")
    columns = (
        Column(heading="score", is_number=True),
        Column(heading="mean", is_number=True),
        Column(heading="fast flux among them"),
    )
    rows = [
        (
            Cell(f"{scores.low:.2f} to {scores.high:.2f}"),
            Cell("" if scores.mean_score is None else f"{scores.mean_score:.4f}"),
            Cell(share_words(scores.flux)),
        )
        for scores in calibration.bins
        if scores.flux.of
    ]
    screen.listing(columns, rows)
    screen.line(Cell(f"as found: {_reliability_words(calibration.as_found)}", "dim"))
    if calibration.at_prior is not None:
        screen.line(Cell(f"at the prior: {_reliability_words(calibration.at_prior)}", "dim"))


def _reliability_words(reliability: Reliability) -> str:
    return (
        f"Brier score {reliability.brier:.5f}, expected calibration error "
        f"{reliability.expected_error:.5f}, with {percent(reliability.base_rate)} fast flux"
    )
