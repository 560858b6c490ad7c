"""The page of an evaluation: how it was done, what each detector found, what it cost."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from evaluation_tables import (
    calibration_table,
    groups_table,
    precision_table,
    table,
    times_table,
    totals_table,
)
from labelled_records import RecordSet
from unflux.judge.baselines.baseline import Doc
from unflux.model.evaluation import FLUX, Evaluation, is_innocent
from unflux.pipeline.evaluating import score_judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one scan took."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    source_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetResult:
    """What every detector said of the labelled domains of one record set."""

    records: RecordSet
    evaluation: Evaluation
    judged: pa.Table
    """Rows of ``unflux.model.evaluation.JUDGED``, whose source is the set."""
    cost: Cost


def compose_page(results: Sequence[SetResult], baselines: Sequence[tuple[str, Doc]]) -> str:
    """Write the page as Markdown."""
    parts = ["# Evaluation", _made_by(), _protocol()]
    for title, chosen in (
        ("Real records", [r for r in results if not r.records.is_generated]),
        ("Generated records", [r for r in results if r.records.is_generated]),
    ):
        if counted := [r for r in chosen if r.records.is_counted]:
            parts += _sections(title, pool(counted))
        parts += [_one_set(result) for result in chosen]
    parts += [
        "## The published detectors",
        "\n".join(_baseline(name, doc) for name, doc in baselines),
        "## Time and memory",
        _costs(results),
    ]
    return "\n\n".join(parts) + "\n"


def pool(results: Sequence[SetResult]) -> Evaluation:
    """Score several record sets as one, each of its domains once per set."""
    drops: dict[str, int] = {}
    for result in results:
        for reason, count in result.evaluation.drops.items():
            drops[reason] = drops.get(reason, 0) + count
    return score_judged(
        pa.concat_tables([result.judged for result in results]),
        labelled=sum(result.evaluation.labelled for result in results),
        drops=drops,
    )


def _made_by() -> str:
    return (
        "Made by `python benchmarks/evaluate_records.py`, which judges labelled records by every "
        "detector as `unflux evaluate` does. Do not edit by hand."
    )


def _protocol() -> str:
    return """## Protocol

- **Records.** Real DNS records, described below by file, and records that `unflux lab generate`
  made of a seed; the real ones are not part of this project. The label column is taken off before
  anything reads them. The 2009 files get the address table of 2013, the other real ones that of
  today, generated ones their own.
- **What is scored.** Registrable domains that had an answer. A domain is fast flux where any of its
  queries is labelled so. unflux judges the domain that *owns* an address; a name that leads
  elsewhere by CNAME is judged by what it shows itself. The published detectors judge the domain of
  the query with every address its answers held, as in their papers. *innocent* is every label but
  fastflux, malicious (bad, but does not flux: a near miss) and unknown (flags there are no proven
  errors).
- **unflux-alone** is our judge less what other domains say of the one judged.
- **On real records these are development figures, not a held-out test.** No part of unflux is
  fitted by a program, but the values marked `Chosen:` in its code were set by people who looked at
  these same files, results included. Expect less on records that nobody has looked at. The
  published detectors' thresholds are as printed in their papers and were not touched; where a paper
  leaves a reading open, its entry below says which was taken.
- **Generated records are of other seeds than those looked at** while the judge changed (1 to 5),
  but of the same generator, written for this project: names, places and sizes are new to it, the
  kinds of flux and of innocents are not.
- **Labels.** Those of `fluxor_2009` were made afterwards by joining names over shared answer
  addresses, which favours detectors that look at company, as unflux does. Its families are groups
  of name-server domains; all share one pool of addresses.
- **Splits.** By network family and by source, never a random split of one network's names. Domains
  of one family are not independent, so families are counted beside domains: a family is found where
  at least one of its domains is; a domain without a family is its own.
- **Time to decision.** Each record set is judged again at several ages: of every domain, what had
  been seen when it was so old. The time is that of the last lookup before the first age at which
  the domain was flagged, as median and ninetieth percentile over all fast-flux domains; one that is
  never flagged takes forever. With company, what a network says of its members comes from as short
  a run of all of them, whatever their dates; unflux-alone owes little to that. *Flagged on a
  shorter run* counts innocents flagged at any of these ages or at the end.
- **Precision** where one domain in so many is fast flux: from recall and false positives among the
  innocent by Bayes; its bounds take the exact bounds of both at 97.5 % each.
- **Intervals** of shares are Wilson's at 95 %, of domains as if they were independent."""


def _sections(title: str, evaluation: Evaluation) -> list[str]:
    innocent = sorted({g.label for g in evaluation.detectors[0].groups if is_innocent(g.label)})
    calibrated = [
        calibration_table(score.detector, score.calibration)
        for score in evaluation.detectors
        if score.calibration is not None
    ]
    return [
        f"## {title}: all together",
        f"{evaluation.scored:,} domains were scored, of {evaluation.labelled:,} with a label.",
        totals_table(evaluation),
        f"### {title}: precision at base rates",
        "With no false positive at all the value says nothing; look at the lower bound.",
        precision_table(evaluation),
        f"### {title}: time to decision, median / 90 %",
        times_table(evaluation, by_kind=False),
        f"### {title}: flagged by label",
        groups_table(evaluation, "label"),
        f"### {title}: fast flux by kind",
        groups_table(evaluation, "kind", [FLUX]),
        f"### {title}: innocents by kind",
        groups_table(evaluation, "kind", innocent),
        f"### {title}: fast flux by family",
        groups_table(evaluation, "family", [FLUX]),
        f"### {title}: by source",
        groups_table(evaluation, "source"),
        f"### {title}: calibration",
        "*As found* weighs the labels as they are, *at the prior* as if one domain in 150 were "
        "fast flux, which is where the score starts. Unknown labels are left out.",
        *calibrated,
    ]


def _one_set(result: SetResult) -> str:
    return (
        f"### {result.records.name}\n\n{totals_table(result.evaluation)}\n\n"
        f"{times_table(result.evaluation, by_kind=True)}"
    )


def _baseline(name: str, doc: Doc) -> str:
    lines = [f"- **{name}**: {doc.summary}. {'; '.join(doc.references).rstrip('.')}."]
    lines += [f"  - {limit}" for limit in doc.limitations]
    return "\n".join(lines)


def _costs(results: Sequence[SetResult]) -> str:
    rows = [
        [
            result.records.name,
            f"{result.cost.source_bytes / 1e6:.1f}",
            f"{result.cost.wall_s:.1f}",
            f"{result.cost.cpu_s:.1f}",
            f"{result.cost.peak_bytes / 1e6:.0f}",
        ]
        for result in results
    ]
    costs = table(["set", "MB as read", "wall s", "CPU s", "peak MB resident"], rows)
    return (
        f"One `unflux scan FILE --format json --all --asn TABLE` each, start of Python and its "
        f"libraries included, on {os.cpu_count()} cores ({platform.machine()}, Python "
        f"{platform.python_version()}), other work beside it: trust CPU more than wall time. "
        f"Real tables were read unpacked, all else packed. One source is read by one process, "
        f"whose largest resident size is given.\n\n{costs}"
    )
