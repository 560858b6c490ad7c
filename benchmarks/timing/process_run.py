"""One run of a program: wall clock, CPU time and memory of the whole tree of its processes."""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FIRST_POLL_S: Final = 0.001
POLL_S: Final = 0.02
"""How soon and how often memory is looked at; in between, after a fiftieth of the time run."""

STARTED_AT: Final = "BENCHMARK_STARTED_AT"
"""Environment variable: when the program was started, seconds of the monotonic clock."""

_PAGE_KIB: Final = 1024


class FailedRunError(Exception):
    """The program ended with another status than 0, or took too long.

    A second argument is what it said on standard error, which may name paths.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run took, and what it said."""

    wall_s: float
    """From before the start of the process to its end."""
    cpu_s: float
    """User and system time, that of ended children included."""
    peak_bytes: int
    """Most resident memory: of one process as the kernel keeps it, of several added up as seen
    every 20 ms or sooner, shared pages counted in each."""
    report: dict[str, Any]
    """The JSON object on the last line of standard output; empty where there is none."""


def run_process(
    command: Sequence[str | Path],
    *,
    cores: int,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    has_report: bool = False,
) -> Run:
    """Run a command on the last ``cores`` of the cores there are; raise FailedRunError.

    Standard output goes to a file and is looked at where it ends in a report, else nowhere.
    """
    allowed = sorted(os.sched_getaffinity(0))
    environment = {**os.environ, **(environment or {}), STARTED_AT: repr(time.monotonic())}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=out if has_report else subprocess.DEVNULL,
            stderr=err if has_report else subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        os.sched_setaffinity(process.pid, allowed[-cores:])
        peak_bytes = _watch(process, started + timeout_s)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if wall_s > timeout_s:
            raise FailedRunError(f"not done after {timeout_s:.0f} s")
        if process.returncode != 0:
            err.seek(0)
            raise FailedRunError(
                f"ended with {process.returncode}", err.read().decode(errors="replace")
            )
        out.seek(0)
        lines = out.read().splitlines() if has_report else []
    return Run(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=peak_bytes,
        report=json.loads(lines[-1]) if lines else {},
    )


def _watch(process: subprocess.Popen[bytes], deadline: float) -> int:
    """Wait for the end of a process, and end it at the deadline; return the peak of memory."""
    peak_bytes, wait_s, started = 0, FIRST_POLL_S, time.perf_counter()
    ended = os.pidfd_open(process.pid)
    try:
        while not select.select([ended], [], [], wait_s)[0]:
            peak_bytes = max(peak_bytes, resident_bytes(process.pid))
            now = time.perf_counter()
            wait_s = min(max(FIRST_POLL_S, (now - started) / 50), POLL_S)
            if now > deadline:
                os.killpg(process.pid, signal.SIGKILL)
    finally:
        os.close(ended)
    return peak_bytes


def resident_bytes(root: int) -> int:
    """Return the memory of a process and its descendants now, or the peak of one of them."""
    resident, peak = 0, 0
    for pid in _descendants(root):
        sizes = _status_kib(pid)
        resident += sizes.get("VmRSS", 0)
        peak = max(peak, sizes.get("VmHWM", 0))
    return max(resident, peak) * _PAGE_KIB


def _descendants(root: int) -> list[int]:
    found = [root]
    for pid in found:  # grows while it is walked
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found.extend(map(int, children.read_text().split()))
            except OSError:  # has just ended
                continue
    return found


def _status_kib(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.split() for line in lines if line.startswith(("VmRSS", "VmHWM")))
    return {field[0].rstrip(":"): int(field[1]) for field in fields}
