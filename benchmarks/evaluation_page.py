"""The page of an evaluation: how it was done, what each detector found, what it cost."""

import math
import os
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from labelled_records import CLASSES, Labels
from unflux.judge.baselines.baseline import Doc

NOT_LISTED: Final = "not listed"
OUTCOMES: Final = ("fast-flux", "undecided", "benign", NOT_LISTED)
INNOCENT: Final = ("benign", "cdn")
Z_95: Final = 1.959964
"""Two-sided 95 % point of the normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one scan took."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    source_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileScore:
    """What every detector said of the domains of one file."""

    name: str
    labels: Labels
    said: dict[str, dict[str, str]]
    """Outcome by domain, by detector; ours comes first."""
    cost: Cost
    networks: Counter[str]
    """Fast-flux domains found, by the network that ours put them in."""
    alone: frozenset[str]
    """Domains that ours convicts on their own records, company left aside."""
    is_counted: bool
    """Whether the file counts in totals; its lookups may be another file's once more."""

    def tally(self, detector: str, domains: Iterable[str]) -> Counter[str]:
        """Count outcomes; a domain that the detector does not list is ``not listed``."""
        said = self.said[detector]
        return Counter(said.get(domain, NOT_LISTED) for domain in domains)


def wilson(found: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (E. B. Wilson, JASA 22, 1927); 0..1 for no case."""
    if count == 0:
        return 0.0, 1.0
    share, square = found / count, Z_95**2
    centre = share + square / (2 * count)
    margin = Z_95 * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    whole = 1 + square / count
    low, high = (centre - margin) / whole, (centre + margin) / whole
    return (0.0 if found == 0 else low), (1.0 if found == count else high)


def compose_page(scores: Sequence[FileScore], baselines: Sequence[tuple[str, Doc]]) -> str:
    """Write the page as Markdown."""
    counted = [score for score in scores if score.is_counted]
    detectors = list(scores[0].said)
    sections = [
        "# Evaluation",
        "Made by `python benchmarks/evaluate_records.py`, which scans labelled records as a user "
        "would and runs the published detectors on the same records. Do not edit by hand.",
        _protocol(),
        "## What was found, all files together",
        _totals(counted, detectors),
        _reading(counted, detectors),
        "## Undecided, all files together",
        "Only unflux may leave a domain undecided; the baselines say flux or nothing.",
        _undecided(counted, detectors[0]),
        "## File by file",
        "Flagged of all domains of that label. Under *fastflux* first all domains, then those with "
        "five addresses or more. *malicious* are bad names that do not flux, *unknown* nobody "
        "knows: flags there are no proven errors.",
        *(f"### {score.name}\n\n{_file_table(score, detectors)}" for score in scores),
        "## The published detectors",
        "\n".join(_baseline(name, doc) for name, doc in baselines),
        "## Time and memory",
        _costs(scores),
    ]
    return "\n\n".join(sections) + "\n"


def _protocol() -> str:
    return """## Protocol

- **Records.** Real DNS records, described below by file; they are not part of this project. The
  label column is taken off before anything reads them. The 2009 files get the address table of
  2013, the others that of today; ASN and holder come from these and not from the bundled table.
- **What is scored.** Registrable domains of the *queries* that had an answer. A domain is fast
  flux where any of its queries is labelled so. unflux judges the domain that *owns* an address;
  a name that leads elsewhere by CNAME is judged by what it shows itself. The published detectors
  judge the domain of the query with every address its answers held, as in their papers.
- **These are development figures, not a held-out test.** No part of unflux is fitted by a
  program, but the values marked `Chosen:` in its code were set by people who looked at these same
  files, results included. Expect less on records that nobody has looked at. The published
  detectors' thresholds are as printed in their papers and were not touched; where a paper leaves
  a reading open, its entry below says which was taken.
- **Labels.** Those of `fluxor_2009` were made afterwards by joining names over shared answer
  addresses, which favours detectors that look at company, as unflux does. Its flux is that of
  very few operators in ten days of March 2009, so its domains are far from independent, and the
  intervals below, which take them as such, are too narrow.
- **Intervals** are Wilson's at 95 %."""


def _totals(scores: Sequence[FileScore], detectors: Sequence[str]) -> str:
    header = [
        "detector", "fastflux found", "of those with 5+ addresses", "benign + cdn flagged",
        "malicious flagged", "unknown flagged",
    ]  # fmt: skip
    groups = (
        [(s, s.labels.members("fastflux")) for s in scores],
        [(s, s.labels.members("fastflux", is_wide=True)) for s in scores],
        [(s, [d for label in INNOCENT for d in s.labels.members(label)]) for s in scores],
        [(s, s.labels.members("malicious")) for s in scores],
        [(s, s.labels.members("unknown")) for s in scores],
    )
    rows = []
    for detector in detectors:
        cells = [detector]
        for group in groups:
            found = sum(s.tally(detector, domains)["fast-flux"] for s, domains in group)
            cells.append(_share(found, sum(len(domains) for _, domains in group)))
        rows.append(cells)
    return _table(header, rows)


def _reading(scores: Sequence[FileScore], detectors: Sequence[str]) -> str:
    def flagged(detector: str, labels: Sequence[str], *, is_wide: bool = False) -> tuple[int, int]:
        groups = [(s, s.labels.members(n, is_wide=is_wide)) for s in scores for n in labels]
        found = sum(s.tally(detector, domains)["fast-flux"] for s, domains in groups)
        return found, sum(len(domains) for _, domains in groups)

    ours = detectors[0]
    hit, wide = flagged(ours, ("fastflux",), is_wide=True)
    wrong, innocent = flagged(ours, INNOCENT)
    others = ", ".join(
        f"{name} {flagged(name, ('fastflux',), is_wide=True)[0]} and {flagged(name, INNOCENT)[0]}"
        for name in detectors[1:]
    )
    networks = sum((s.networks for s in scores), Counter())
    largest = max(networks.values(), default=0)
    alone = sum(
        s.said[ours].get(domain) == "fast-flux" and domain in s.alone
        for s in scores
        for domain in s.labels.members("fastflux")
    )
    return (
        f"unflux finds {hit} of {wide} fast-flux domains that showed five addresses or more, and "
        f"flags {wrong} of {innocent} innocent ones. The same two counts for the others: {others}; "
        "Perdisci's filters are the first sieve of a longer method and were never meant as "
        f"verdicts. {alone} of the fast-flux domains unflux would have convicted without what "
        f"other domains say of them. Networks it makes of those it found: {len(networks)}, the "
        f"largest of {largest} domains. A network is one case, however many domains it has, so "
        "these shares say little of how many networks elsewhere would be found. Nor do they show "
        "how any detector does on flux after 2009, on slow or single-address flux, on IPv6, or at "
        "a base rate of one domain in a million, where even a rate of false positives well inside "
        "the interval above would drown the true ones. And the labels reward looking at shared "
        "addresses, which unflux does, and so does the half of Perdisci's method that is out of "
        "reach here; the other scores cannot."
    )


def _undecided(scores: Sequence[FileScore], detector: str) -> str:
    rows = []
    for label in CLASSES:
        groups = [(s, s.labels.members(label)) for s in scores]
        tally: Counter[str] = Counter()
        for score, domains in groups:
            tally.update(score.tally(detector, domains))
        rows.append([label, str(tally.total()), *(str(tally[o]) for o in OUTCOMES)])
    return _table(["label", "domains", *OUTCOMES], rows)


def _file_table(score: FileScore, detectors: Sequence[str]) -> str:
    groups: list[tuple[str, list[str]]] = []
    for label in CLASSES:
        if domains := score.labels.members(label):
            groups.append((label, domains))
            if label == "fastflux":
                groups.append(("with 5+ addresses", score.labels.members(label, is_wide=True)))
    rows = []
    for detector in detectors:
        tallies = [score.tally(detector, domains) for _, domains in groups]
        rows.append([detector, *(str(t["fast-flux"]) for t in tallies)])
        if detector == detectors[0]:
            rows.append(["(undecided)", *(str(t["undecided"]) for t in tallies)])
    header = ["detector", *(f"{label} (of {len(domains)})" for label, domains in groups)]
    return _table(header, rows)


def _baseline(name: str, doc: Doc) -> str:
    lines = [f"- **{name}**: {doc.summary}. {'; '.join(doc.references).rstrip('.')}."]
    lines += [f"  - {limit}" for limit in doc.limitations]
    return "\n".join(lines)


def _costs(scores: Sequence[FileScore]) -> str:
    rows = [
        [
            score.name,
            f"{score.cost.source_bytes / 1e6:.1f}",
            f"{score.cost.wall_s:.1f}",
            f"{score.cost.cpu_s:.1f}",
            f"{score.cost.peak_bytes / 1e6:.0f}",
        ]
        for score in scores
    ]
    table = _table(["file", "MB as read", "wall s", "CPU s", "peak MB resident"], rows)
    return (
        f"One `unflux scan FILE --format json --all --asn TABLE` each, start of Python and its "
        f"libraries included, on {os.cpu_count()} cores ({platform.machine()}, Python "
        f"{platform.python_version()}), other work beside it: trust CPU more than wall time. "
        f"Tables were read unpacked, the transcripts packed. One source is read by one process, "
        f"whose largest resident size is given.\n\n{table}"
    )


def _share(found: int, count: int) -> str:
    if count == 0:
        return "none"
    low, high = wilson(found, count)
    return f"{found} of {count}: {found / count:.1%} ({low:.1%} to {high:.1%})"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [list(header), ["---", *("---:" for _ in header[1:])], *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
