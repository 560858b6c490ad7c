"""Read one file as ``unflux scan`` does, up to the rollup, and tell when each step was done.

Usage: read_traffic.py FILE [WORKERS]

Prints a JSON object; moments are seconds since the process was started, which the variable
BENCHMARK_STARTED_AT tells on the monotonic clock.
"""

import json
import os
import sys
import time

import pyarrow.compute as pc

from unflux.read.reading import read_all
from unflux.read.source import Options


def main(path: str, workers: int = 1) -> None:
    """Read the file and report."""
    started_at = float(os.environ.get("BENCHMARK_STARTED_AT", time.monotonic()))
    imported_at = time.monotonic()
    first_octet_at: float | None = None

    def note_first(_read: int, _whole: int | None) -> None:
        nonlocal first_octet_at
        if first_octet_at is None:
            first_octet_at = time.monotonic()

    (result,) = read_all([path], Options(), workers=workers, progress=note_first, with_digest=False)
    done_at = time.monotonic()
    if result.error:
        raise SystemExit(result.error)
    report = {
        "imported_s": imported_at - started_at,
        "first_octet_s": None if first_octet_at is None else first_octet_at - started_at,
        "done_s": done_at - started_at,
        "responses": result.drops.response_count,
        "sightings": result.rollup.sightings.num_rows,
        "lookups": result.rollup.lookups.num_rows,
        "answer_sets": result.rollup.answer_sets.num_rows,
        "names": pc.count_distinct(result.rollup.lookups["query"]).as_py(),
        "dropped": result.drops.reasons.total(),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
