"""Score ``unflux scan`` and the published detectors on labelled records; write docs/evaluation.md.

Usage: evaluate_records.py [DATA_FOLDER] [--out FILE]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evaluation_page import Cost, FileScore, compose_page
from labelled_records import Labels, strip_labels, write_route_tables
from unflux.engine.connection import Engine, open_engine
from unflux.judge import company
from unflux.judge.baselines import BASELINES
from unflux.judge.baselines.baseline import Inputs, weigh_all
from unflux.judge.bounds import CONVICTION
from unflux.measure.baseline_inputs import (
    asked_answer_sets,
    asked_answers,
    asked_domains,
    asked_name_servers,
    first_two_lookups,
)
from unflux.measure.records import Records, observe
from unflux.pipeline.gathering import Options, gather
from unflux.pipeline.scanning import map_routes
from unflux.read.source import Options as ReadOptions

ROOT: Final = Path(__file__).resolve().parents[1]
OURS: Final = "unflux"
COMPANY: Final = {piece.name for piece in company.PIECES} | {"alias"}
"""Evidence that comes from other domains than the one judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFile:
    """One file of records: what is scanned, with which address table, and where its labels are."""

    name: str
    routes: str
    labels_of: str
    utc_offset_h: int = 0


FILES: Final = (
    RecordFile(name="fluxor_2009.csv.gz", routes="2013", labels_of="fluxor_2009.csv.gz"),
    RecordFile(
        name="fluxor_2009.dig.txt.gz", routes="2013", labels_of="fluxor_2009.csv.gz",
        utc_offset_h=8,
    ),
    RecordFile(
        name="benign_blogs_2009.csv.gz", routes="2013", labels_of="benign_blogs_2009.csv.gz"
    ),
    RecordFile(name="m57_2009.csv.gz", routes="2013", labels_of="m57_2009.csv.gz"),
    RecordFile(name="zeek_mixed.csv.gz", routes="now", labels_of="zeek_mixed.csv.gz"),
    RecordFile(
        name="cdn_history_2021_2026.csv.gz", routes="now", labels_of="cdn_history_2021_2026.csv.gz"
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a scan said and took."""

    verdicts: dict[str, str]
    network_of: dict[str, str]
    """Network by fast-flux domain."""
    alone: frozenset[str]
    """Domains that their own records convict, the company they keep left aside."""
    cost: Cost


def scan(source: Path, routes: Path, utc_offset_h: int) -> Scan:
    """Run the scan as a user would."""
    command = [
        sys.executable, "-P", "-m", "unflux", "scan", str(source), "--format", "json", "--all",
        "--asn", str(routes), "--utc-offset", str(utc_offset_h),
    ]  # fmt: skip
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=_environment()
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0)
        if process.returncode != 0:
            message = err.read().decode(errors="replace").strip()
            raise SystemExit(f"{source.name}: scan ended with {process.returncode}: {message}")
        out.seek(0)
        objects = [json.loads(line) for line in out if line.strip()]
    cost = Cost(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * 1024,
        source_bytes=source.stat().st_size,
    )
    verdicts = [found for found in objects if "verdict" in found]
    return Scan(
        verdicts={v["domain"]: v["verdict"] for v in verdicts},
        network_of={v["domain"]: v["network"] for v in verdicts if v["network"]},
        alone=frozenset(v["domain"] for v in verdicts if _own_weight(v) >= CONVICTION),
        cost=cost,
    )


def _own_weight(verdict: dict[str, Any]) -> float:
    """Sum the evidence of a verdict without that of company and aliases."""
    return sum(e["llr"] for e in verdict["evidence"] if e["name"] not in COMPANY)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}


def compose_inputs(engine: Engine, records: Records) -> Inputs:
    """Measure what the published detectors read."""
    answers = engine.cache(asked_answers(records), "asked_answers")
    return Inputs(
        domains=engine.cache(asked_domains(records), "asked_domains"),
        answers=answers,
        two_lookups=engine.cache(first_two_lookups(answers), "two_lookups"),
        answer_sets=engine.cache(asked_answer_sets(records, answers), "asked_answer_sets"),
        name_servers=engine.cache(
            asked_name_servers(records, engine.cache(observe(records), "observed")),
            "asked_name_servers",
        ),
    )


def run_baselines(source: Path, routes: Path, utc_offset_h: int) -> dict[str, dict[str, str]]:
    """Run every baseline on the same records; return what each says of each domain."""
    options = Options(reading=ReadOptions(utc_offset_s=utc_offset_h * 3600), routes=(routes,))
    gathered = gather([str(source)], options, None)
    mapped = map_routes(gathered.rollup, options.routes, gathered.drops)
    with open_engine() as engine:
        records = Records(
            sightings=engine.table("sightings", gathered.rollup.sightings),
            lookups=engine.table("lookups", gathered.rollup.lookups),
            answer_sets=engine.table("answer_sets", gathered.rollup.answer_sets),
            routes=engine.table("routes", mapped),
        )
        inputs = compose_inputs(engine, records)
        rows = engine.fetch(weigh_all(BASELINES, inputs)).to_pylist()
    return {
        baseline.NAME: {
            row["domain"]: "fast-flux"
            if row[f"{baseline.NAME.replace('-', '_')}_flagged"]
            else "benign"
            for row in rows
        }
        for baseline in BASELINES
    }


def evaluate(data: Path, files: Sequence[RecordFile] = FILES) -> list[FileScore]:
    """Scan every file, then run the baselines on it.

    All scans come first: a process is charged the memory of the one it was started from.
    """
    with tempfile.TemporaryDirectory(prefix="unflux-evaluation-") as name:
        folder = Path(name)
        routes = write_route_tables(data / "ip_asn.csv.gz", folder)
        scanned: list[tuple[RecordFile, Path, Labels, Scan]] = []
        for file in files:
            bare = folder / file.labels_of.removesuffix(".gz")
            labels = strip_labels(data / file.labels_of, bare)
            source = bare if file.name == file.labels_of else data / file.name
            print(f"scanning {file.name}", file=sys.stderr)
            found = scan(source, routes[file.routes], file.utc_offset_h)
            scanned.append((file, source, labels, found))
        scores = []
        for file, source, labels, found in scanned:
            print(f"running the baselines on {file.name}", file=sys.stderr)
            said = run_baselines(source, routes[file.routes], file.utc_offset_h)
            flux = [d for d in labels.members("fastflux") if d in found.network_of]
            scores.append(
                FileScore(
                    name=file.name,
                    labels=labels,
                    said={OURS: found.verdicts, **said},
                    cost=found.cost,
                    networks=Counter(found.network_of[domain] for domain in flux),
                    alone=found.alone,
                    # The transcripts are the same lookups once more.
                    is_counted=file.name == file.labels_of,
                )
            )
    return scores


def main() -> None:
    """Evaluate and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=ROOT / ".." / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "evaluation.md")
    arguments = parser.parse_args()
    if not (arguments.data / "ip_asn.csv.gz").is_file():
        raise SystemExit(f"{arguments.data}: no labelled records there")
    page = compose_page(evaluate(arguments.data), [(b.NAME, b.DOC) for b in BASELINES])
    arguments.out.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
