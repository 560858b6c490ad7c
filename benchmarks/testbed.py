"""Scan and trace captures of testbeds, and write ``docs/testbed.md``: what real servers show.

    PYTHONPATH=src .venv/bin/python benchmarks/testbed.py [--seeds N...] [--agents N]
        [--seconds N] [--at-once N] [--out FILE]

Needs what ``unflux lab up`` and ``capture`` need. Labels are looked at only to count.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from unflux.lab.testbed.capturing import capture
from unflux.lab.testbed.clearing import take_down
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.raising import raise_testbed
from unflux.lab.testbed.state import State
from unflux.pipeline.gathering import Options as ScanOptions
from unflux.pipeline.scanning import scan

SCANNED: Final = (
    "resolver/dnstap.fstrm", "resolver/capture.pcap", "resolver/dns.log", "resolver/stretched.csv",
    "edge/capture.pcap",
)  # fmt: skip
TRACED: Final = (
    "honeypot/capture.pcap", "honeypot/flows.json", "edge/capture.pcap", "edge/conn.log",
    "edge/flows.json",
)  # fmt: skip
KINDS: Final = ("double-flux", "single-flux", "slow-flux")
VERDICTS: Final = ("fast-flux", "undecided", "benign")

Counts = defaultdict[str, Counter[str]]


def count_scan(folder: Path, counts: Counts) -> None:
    """Count verdicts by source and kind of the domains that were asked for."""
    with (folder / "labels.csv").open(encoding="ascii") as stream:
        truth = {row["domain"]: row for row in csv.DictReader(stream)}
    options = ScanOptions(routes=(folder / "asn.csv",), list_all=True)
    for source in SCANNED:
        result = scan([str(folder / source)], options, None)
        for verdict in result.verdicts:
            row = truth.get(verdict.domain)
            kind = row["kind"] if row and row["label"] == "fastflux" else "innocent"
            counts[source][f"{kind} {verdict.verdict}"] += 1


def count_trace(folder: Path, counts: Counts) -> None:
    """Count which of those who stand behind agents were accused, and who else was."""
    with (folder / "motherships.csv").open(encoding="ascii") as stream:
        behind = {row["address"]: row["role"] for row in csv.DictReader(stream)}
    with (folder / "agents.csv").open(encoding="ascii") as stream:
        honeypot = next(r["address"] for r in csv.DictReader(stream) if r["vantage"] == "honeypot")
    for source in TRACED:
        known = ["--agent", honeypot] if source.startswith("honeypot") else []
        done = subprocess.run(
            [sys.executable, "-P", "-m", "unflux", "trace", str(folder / source), "--format",
             "json", "--asn", str(folder / "asn.csv"), *known],
            capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        accused: defaultdict[str, set[str]] = defaultdict(set)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        hosts = [said for said in told if said["schema"] == "unflux/trace/1"]
        for said in hosts:
            if said["verdict"] == "accused":
                accused[said["address"]].add(said["role"])
        for address, roles in accused.items():
            truth = behind.get(address, "nobody")
            is_right = (truth == "controller") == (roles == {"controller"})
            counts[source][truth if truth == "nobody" or is_right else f"{truth} as other"] += 1
        counts[source]["runs"] += 1
        counts[source]["first"] += bool(hosts) and behind.get(hosts[0]["address"]) == "mothership"
        counts[source]["runs with a mothership"] += any(
            behind.get(address) == "mothership" for address in accused
        )


def run(seed: int, agents: int, seconds: float) -> tuple[Counts, Counts]:
    """Raise a testbed, capture it, and count verdicts and traces."""
    scanned: Counts = defaultdict(Counter)
    traced: Counts = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as kept:
        state = State(Path(kept) / "state")
        raise_testbed(Options(seed=seed, agents=agents), state)
        try:
            capture(state, Path(kept) / "out", seconds)
        finally:
            take_down(state)
        count_scan(Path(kept) / "out", scanned)
        count_trace(Path(kept) / "out", traced)
    return scanned, traced


def compose_page(options: argparse.Namespace, scanned: Counts, traced: Counts) -> Iterable[str]:
    """Yield the lines of the page."""
    seeds = ", ".join(map(str, options.seeds))
    yield "# What is found on real servers"
    yield ""
    yield (
        f"Captures of `unflux lab`, seeds {seeds}: {options.agents} places for agents in each of "
        f"the two large operations, {options.seconds:g} s each, compressed by 60 "
        f"([lab.md](lab.md)). Written by `benchmarks/testbed.py`; labels are looked at only to "
        "count."
    )
    yield ""
    yield "## Scan"
    yield ""
    yield (
        "Domains that were asked for: fast-flux / undecided / benign. `stretched.csv` is the "
        "capture in the time of the small internet."
    )
    yield ""
    yield "| source | " + " | ".join((*KINDS, "innocent")) + " |"
    yield "|---" * (len(KINDS) + 2) + "|"
    for source in SCANNED:
        cells = [
            " / ".join(str(scanned[source][f"{kind} {verdict}"]) for verdict in VERDICTS)
            for kind in (*KINDS, "innocent")
        ]
        yield f"| `{source}` | " + " | ".join(cells) + " |"
    yield ""
    yield "## Trace"
    yield ""
    yield (
        "Addresses accused over all runs. At the edge nobody is told which addresses are agents; "
        "of the honeypot its own address is known."
    )
    yield ""
    yield (
        "| source | runs | a mothership stands first | a mothership is accused | motherships | "
        "controllers | taken for another role | nobody behind agents |"
    )
    yield "|---" * 8 + "|"
    for source in TRACED:
        told = traced[source]
        other = told["mothership as other"] + told["controller as other"]
        yield (
            f"| `{source}` | {told['runs']} | {told['first']} | "
            f"{told['runs with a mothership']} | "
            f"{told['mothership']} | {told['controller']} | {other} | {told['nobody']} |"
        )


def main() -> None:
    """Run all seeds and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15])
    parser.add_argument("--agents", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--at-once", type=int, default=1, help="testbeds that stand side by side")
    parser.add_argument("--out", type=Path, default=Path("docs/testbed.md"))
    options = parser.parse_args()
    scanned: Counts = defaultdict(Counter)
    traced: Counts = defaultdict(Counter)
    with ProcessPoolExecutor(options.at_once) as pool:
        every = [options.agents] * len(options.seeds), [options.seconds] * len(options.seeds)
        for found in pool.map(run, options.seeds, *every):
            for sums, counts in zip((scanned, traced), found, strict=True):
                for source, counted in counts.items():
                    sums[source] += counted
            print({source: dict(told) for source, told in traced.items()}, file=sys.stderr)
    options.out.write_text(
        "\n".join(compose_page(options, scanned, traced)) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
