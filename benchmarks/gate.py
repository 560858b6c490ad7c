"""Pass generated internets through the gate, and write ``docs/gate.md``: what it lets through.

    PYTHONPATH=src .venv/bin/python benchmarks/gate.py [--seeds N...] [--out FILE]

Labels are looked at only to count.
"""

import argparse
import csv
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from unflux.act.gate import Gate, Limits
from unflux.lab.adversary.generation import generate
from unflux.lab.adversary.writing import GeneratedFiles
from unflux.model.actions import Plan
from unflux.model.times import MICROSECONDS_PER_S
from unflux.model.verdicts import ScanResult
from unflux.pipeline.acting import Standing, plan
from unflux.pipeline.gathering import Options, gather
from unflux.read.source import Options as ReadOptions

FLUX: Final = "fastflux"
OTHERS: Final = {"malicious": "other malicious", "unknown": "unknown"}
LAB_RULE: Final = "special-use-address"
DAYS: Final = (7, 14, 21, 28)
HEAD: Final = """# What the gate lets through

Records of `unflux lab generate`, judged and passed through the gate of `unflux block` with its own
limits. At each age the records until then are all that is known, and counted is what was seen in
the week before, since no name stands longer. The generator's addresses lie in space that nobody is
given, which the gate refuses always; that objection is left out below. Written by
`benchmarks/gate.py`; labels are looked at only to count, and the gate was set on other
seeds.
"""


@dataclass(slots=True, kw_only=True)
class Count:
    """What became of the convicted domains of one label."""

    convicted: int = 0
    blocked: int = 0
    refused_by: Counter[str] = field(default_factory=Counter)


def main() -> None:
    """Count seed by seed; print the page or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[301, 302])
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    text = HEAD + "\n".join(line for seed in asked.seeds for line in _describe(seed))
    if asked.out is None:
        print(text)
    else:
        asked.out.write_text(text + "\n", "utf-8")


def _describe(seed: int) -> Iterator[str]:
    yield f"\n## Seed {seed}\n"
    yield "| day | domains | convicted | blocked by name | refused, by the rules that objected |"
    yield "|---|---|---|---|---|"
    passed, refused = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        files = GeneratedFiles(Path(scratch))
        files.write(generate(seed))
        with files.labels.open(encoding="utf-8", newline="") as rows:
            labels = {row["domain"]: row["label"] for row in csv.DictReader(rows)}
        begins = gather([str(files.records)], Options(), None).first_seen
        assert begins is not None
        for day in DAYS:
            now = begins + timedelta(days=day)
            reading = ReadOptions(until_us=int(now.timestamp() * MICROSECONDS_PER_S))
            options = Options(reading=reading, routes=(files.routes,))
            gathered = gather([str(files.records)], options, None)
            result, decided = plan(gathered, options, Gate(now=now), Standing())
            for label, count in _count(result, decided, labels, now).items():
                rules = ", ".join(f"{rule} {n}" for rule, n in count.refused_by.most_common())
                told = (day, label, count.convicted, count.blocked, rules or "–")
                yield f"| {' | '.join(map(str, told))} |"
            passed.update(action.kind for action in decided.actions)
            for refusal in decided.refusals:
                is_only_lab = {o.rule for o in refusal.objections} == {LAB_RULE}
                (passed if is_only_lab else refused)[refusal.proposal.kind] += 1
    yield "\n| kind of action, all days | passed | refused |"
    yield "|---|---|---|"
    for kind in sorted(passed | refused):
        yield f"| {kind} | {passed[kind]:,} | {refused[kind]:,} |"


def _count(
    result: ScanResult, decided: Plan, labels: Mapping[str, str], now: datetime
) -> dict[str, Count]:
    counts: dict[str, Count] = {}

    def of(domain: str) -> Count:
        label = labels.get(domain, "innocent")
        name = "fast flux" if label == FLUX else OTHERS.get(label, "innocent")
        return counts.setdefault(name, Count())

    since = now - Limits().domain_life
    recent = {v.domain for v in result.verdicts if v.last_seen is not None and v.last_seen > since}
    for verdict in result.verdicts:
        if verdict.verdict == "fast-flux" and verdict.domain in recent:
            of(verdict.domain).convicted += 1
    for action in decided.of_kind("block-domain"):
        of(action.target).blocked += 1
    for refusal in decided.refusals:
        if refusal.proposal.kind == "block-domain" and refusal.proposal.target in recent:
            of(refusal.proposal.target).refused_by.update(o.rule for o in refusal.objections)
    return dict(sorted(counts.items()))


if __name__ == "__main__":
    main()
