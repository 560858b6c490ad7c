"""How long unflux takes to start: the first time ever, and every time after that."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from timing.contender import Result
from timing.ours import SCAN, reader, scanner
from timing.rounds import run_contender, run_rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """Seconds since the start of the process; medians where there are several runs."""

    cold_s: float
    """With an empty cache: to the end of a small capture."""
    warm: Result
    """With a full one."""
    warm_scan: Result
    """The same with ``unflux scan``."""

    @property
    def compile_s(self) -> float:
        """Seconds that only the first run takes."""
        return self.cold_s - (self.warm.moment_s("done_s") or 0.0)


def time_starts(capture: Path, responses: int, cache: Path, round_count: int) -> Starts:
    """Read a small capture with an empty cache of compiled code, then with what that left."""
    shutil.rmtree(cache, ignore_errors=True)
    contender = reader("start", capture, responses, cache)
    cold = run_contender(contender)
    run_contender(scanner(SCAN, capture, responses, cache))  # so that scanning is warm, too
    warm, scan = run_rounds(
        [contender, scanner("start of unflux scan", capture, responses, cache)], round_count
    )
    return Starts(cold_s=cold.report["done_s"], warm=warm, warm_scan=scan)
