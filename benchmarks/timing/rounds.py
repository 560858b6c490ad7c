"""Rounds: every contender once in each, so that what else the machine does falls on all alike."""

import sys
from collections.abc import Iterable, Sequence

from timing.contender import Contender, Result
from timing.process_run import FailedRunError, Run, run_process

TIMEOUT_S = 900.0
"""For one run. Chosen: 2026-11-22; none should take a tenth of it."""


def run_rounds(
    contenders: Sequence[Contender], round_count: int, timeout_s: float = TIMEOUT_S
) -> list[Result]:
    """Run all contenders ``round_count`` times in turn; one that fails is out."""
    runs: list[list[Run]] = [[] for _ in contenders]
    failures: list[str | None] = [None for _ in contenders]
    for number in range(1, round_count + 1):
        for place, contender in enumerate(contenders):
            if failures[place] is not None:
                continue
            try:
                run = run_contender(contender, timeout_s)
            except FailedRunError as failure:
                failures[place] = str(failure.args[0])
                print(
                    f"round {number}: {contender.name}: {' '.join(failure.args)}", file=sys.stderr
                )
                continue
            runs[place].append(run)
            print(
                f"round {number}: {contender.name}: {run.wall_s:.2f} s", file=sys.stderr, flush=True
            )
    return [
        Result(contender=contender, runs=tuple(done), failure=failure)
        for contender, done, failure in zip(contenders, runs, failures, strict=True)
    ]


def run_contender(contender: Contender, timeout_s: float = TIMEOUT_S) -> Run:
    """Run one contender once."""
    return run_process(
        contender.command,
        cores=contender.cores,
        timeout_s=timeout_s,
        environment=contender.environment,
        has_report=contender.has_report,
    )


def by_name(results: Iterable[Result]) -> dict[str, Result]:
    """Return the results that have figures, by the name of the contender."""
    return {result.contender.name: result for result in results if result.is_good}
