"""Score our judge and the published detectors on labelled records; write docs/evaluation.md.

Usage: evaluate_records.py [FOLDER...] [--only NAME...] [--seeds N...] [--out FILE]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from evaluation_page import Cost, SetResult, compose_page
from labelled_records import RecordSet, find_sets
from unflux.judge.baselines import BASELINES
from unflux.pipeline.evaluating import DEFAULT_CHECKPOINTS, evaluate
from unflux.pipeline.gathering import Options
from unflux.read.source import Options as ReadOptions

ROOT: Final = Path(__file__).resolve().parents[1]
SECONDS_PER_HOUR: Final = 3600


def scan(records: RecordSet, workers: int) -> Cost:
    """Run the scan as a user would, and return what it took."""
    command = [
        "scan", str(records.source), "--format", "json", "--all", "--asn", str(records.routes),
        "--utc-offset", str(records.utc_offset_h), "--workers", str(workers),
    ]  # fmt: skip
    with tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            _unflux(*command), stdout=subprocess.DEVNULL, stderr=err, stdin=subprocess.DEVNULL,
            env=_environment(),
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0)
        if process.returncode != 0:
            message = err.read().decode(errors="replace").strip()
            raise SystemExit(f"{records.name}: scan ended with {process.returncode}: {message}")
    return Cost(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * 1024,
        source_bytes=records.source.stat().st_size,
    )


def score(records: RecordSet, cost: Cost, *, checkpoints: int, workers: int) -> SetResult:
    """Judge the records by every detector, as ``unflux evaluate`` does."""
    options = Options(
        reading=ReadOptions(utc_offset_s=records.utc_offset_h * SECONDS_PER_HOUR),
        routes=(records.routes,),
        workers=workers,
    )
    found = evaluate(records.labels, [str(records.source)], options, checkpoints=checkpoints)
    names = pa.array([records.name] * found.judged.num_rows, pa.string())
    place = found.judged.schema.get_field_index("source")
    return SetResult(
        records=records,
        evaluation=found.evaluation,
        judged=found.judged.set_column(place, found.judged.schema.field(place), names),
        cost=cost,
    )


def generate(seeds: Sequence[int], scale: float, scratch: Path) -> Iterator[Path]:
    """Have the lab generate an internet for each seed; yield the folders."""
    for seed in seeds:
        folder = scratch / f"generated-{seed}"
        command = ["lab", "generate", "--seed", str(seed), "--scale", str(scale), "--out"]
        print(f"generating with seed {seed}", file=sys.stderr)
        subprocess.run(_unflux(*command, str(folder)), check=True, env=_environment())
        yield folder


def evaluate_sets(
    sets: Sequence[RecordSet], *, checkpoints: int, workers: int
) -> Iterator[SetResult]:
    """Scan every set, then score it.

    All scans come first: a process is charged the memory of the one it was started from.
    """
    costs = []
    for records in sets:
        print(f"scanning {records.name}", file=sys.stderr)
        costs.append(scan(records, workers))
    for records, cost in zip(sets, costs, strict=True):
        print(f"scoring {records.name}", file=sys.stderr)
        yield score(records, cost, checkpoints=checkpoints, workers=workers)


def _unflux(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "unflux", *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}


def main() -> None:
    """Evaluate and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER",
                        help="real records (../shared/data where none is named) or a folder that "
                        "unflux lab generate wrote")  # fmt: skip
    parser.add_argument("--only", nargs="*", metavar="NAME", help="sets to score")
    parser.add_argument("--seeds", nargs="*", type=int, default=[], metavar="N",
                        help="generate an internet with each of these seeds, too")  # fmt: skip
    parser.add_argument("--scale", type=float, default=1.0, help="size of what is generated")
    parser.add_argument("--checkpoints", type=int, default=DEFAULT_CHECKPOINTS, metavar="N")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "evaluation.md")
    arguments = parser.parse_args()
    folders = arguments.folders or [ROOT / ".." / "shared" / "data"]
    with tempfile.TemporaryDirectory(prefix="unflux-evaluation-") as name:
        scratch = Path(name)
        folders += generate(arguments.seeds, arguments.scale, scratch)
        sets = [records for folder in folders for records in find_sets(folder, scratch)]
        if arguments.only is not None:
            sets = [records for records in sets if records.name in arguments.only]
        found = list(
            evaluate_sets(sets, checkpoints=arguments.checkpoints, workers=arguments.workers)
        )
    page = compose_page(found, [(b.NAME, b.DOC) for b in BASELINES])
    arguments.out.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
