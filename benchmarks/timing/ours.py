"""The contenders of this project: the C decoder as the limit, reading, and scanning."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from timing.contender import Contender
from timing.traffic_store import BENCHMARKS

LIMIT: Final = "C decoder"
READ: Final = "unflux read"
READ_TWO: Final = "unflux read on two cores"
SCAN: Final = "unflux scan"
SCAN_TWO: Final = "unflux scan on two cores"
FORM_NAMES: Final = {
    "dnstap": "dnstap", "zeek-tsv": "Zeek TSV", "zeek-json": "Zeek JSON", "eve": "Suricata EVE"
}  # fmt: skip


def environment(cache: Path) -> dict[str, str]:
    """Return what our processes see besides: the sources, and a folder for compiled code."""
    return {
        "PYTHONPATH": str(BENCHMARKS.parent / "src"),
        "XDG_CACHE_HOME": str(cache),
        "ARROW_DEFAULT_MEMORY_POOL": "system",  # as the command line sets it
        "NO_COLOR": "1",
    }


def limit(decoder: Path, capture: Path, responses: int) -> Contender:
    """Return the C decoder on a capture."""
    return Contender(
        name=LIMIT, command=(decoder, capture), responses=responses, has_report=True,
        note="reading and rollup in C, for this page only",
    )  # fmt: skip


def reader(name: str, source: Path, responses: int, cache: Path, cores: int = 1) -> Contender:
    """Return reading and rolling up, without anything that follows."""
    return Contender(
        name=name, responses=responses, cores=cores, has_report=True,
        command=(sys.executable, BENCHMARKS / "read_traffic.py", source, str(cores)),
        environment=environment(cache), note="reading and rollup",
    )  # fmt: skip


def scanner(name: str, source: Path, responses: int, cache: Path, cores: int = 1) -> Contender:
    """Return the command that users run, to verdicts as JSON."""
    return Contender(
        name=name, responses=responses, cores=cores,
        command=(
            sys.executable, "-P", "-m", "unflux", "scan", source, "--format", "json",
            "--workers", str(cores),
        ),
        environment=environment(cache), note="reading, rollup, measuring, verdicts, networks",
    )  # fmt: skip


def capture_contenders(
    decoder: Path | None, capture: Path, responses: int, cache: Path
) -> Iterator[Contender]:
    """Yield all that are given the whole capture."""
    if decoder is not None:
        yield limit(decoder, capture, responses)
    yield reader(READ, capture, responses, cache)
    yield reader(READ_TWO, capture, responses, cache, cores=2)
    yield scanner(SCAN, capture, responses, cache)
    yield scanner(SCAN_TWO, capture, responses, cache, cores=2)


def read_of(form: str) -> str:
    """Return the name of the contender that reads one of the other forms."""
    return f"unflux read of {FORM_NAMES[form]}"
