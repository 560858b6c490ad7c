"""What the figures were taken on: the kind of processor and how many there are, no more."""

import os
import platform
from pathlib import Path


def describe_machine() -> str:
    """Return one phrase."""
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {model}, Python {platform.python_version()}"
