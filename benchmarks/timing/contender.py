"""A contender: a program, what it is given, and the medians of what it took."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from timing.process_run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One command that is run in every round."""

    name: str
    command: tuple[str | Path, ...]
    responses: int
    """In what it reads."""
    cores: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    has_report: bool = False
    """Whether it ends in a JSON object that tells what it read and how long that took."""
    note: str = ""
    """What a reader of its figures must know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The medians of a contender's runs; null where it has failed, with the reason."""

    contender: Contender
    runs: tuple[Run, ...]
    failure: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether there are figures."""
        return self.failure is None and bool(self.runs)

    @property
    def wall_s(self) -> float:
        """Median seconds from start to end."""
        return _median(run.wall_s for run in self.runs)

    @property
    def cpu_s(self) -> float:
        """Median seconds of CPU time."""
        return _median(run.cpu_s for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """Median peak of memory."""
        return int(_median(run.peak_bytes for run in self.runs))

    @property
    def reading_s(self) -> float | None:
        """Median seconds of reading alone, without the start; null where it does not tell.

        The C decoder tells them. unflux tells when the first octet was read, which several
        processes each do in their own time: with more than one the imports are left out only.
        """
        if not self.is_good or not self.contender.has_report:
            return None
        return _median(map(self._reading_s, self.runs))

    @property
    def per_s(self) -> float:
        """Responses per second of the whole run."""
        return self.contender.responses / self.wall_s

    @property
    def reading_per_s(self) -> float | None:
        """Responses per second of reading alone."""
        seconds = self.reading_s
        return None if seconds is None else self.contender.responses / seconds

    @property
    def per_cpu_s(self) -> float:
        """Responses per second of CPU time, that of the start included."""
        return self.contender.responses / max(self.cpu_s, 1e-9)

    @property
    def report(self) -> dict[str, Any]:
        """What the last run reported."""
        return self.runs[-1].report if self.runs else {}

    def moment_s(self, name: str) -> float | None:
        """Return the median of a moment that the runs report, seconds since their start."""
        moments = [run.report.get(name) for run in self.runs]
        known = [moment for moment in moments if moment is not None]
        return _median(known) if known else None

    def _reading_s(self, run: Run) -> float:
        if "decode_s" in run.report:
            return float(run.report["decode_s"])
        from_s = run.report["first_octet_s"] if self.contender.cores == 1 else None
        return float(run.report["done_s"] - (from_s or run.report["imported_s"]))


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)
