"""Check what ``unflux track --report-only`` says of captured testbeds against the lab's truth.

    PYTHONPATH=src .venv/bin/python benchmarks/track_testbed.py [--seeds N...] [--agents N]
        [--seconds N] [--renumbered RATIO] [--captures FOLDER] [--rows FILE]

Needs what ``unflux lab up`` and ``capture`` need. What clients of one resolver were answered is
read into a store, stretched to the time of the small internet; nothing else is known. Prints a
table of Markdown. Seeds 1 to 10 are for looking.
"""

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

import numpy as np

from pools.testbed_truth import Clock, find_clock, lifetime_h, read_seen, read_truth
from testbed import take_capture
from unflux.lab.testbed.blueprint import Blueprint, Operation
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.model.tracks import Estimate, NetworkTrack
from unflux.pipeline.gathering import Options as ScanOptions
from unflux.pipeline.gathering import gather
from unflux.pipeline.track_reporting import report_tracks

COMPRESS: Final = 600.0
HOUR_S: Final = 3600.0
SPARE_MINUTES: Final = 4
"""That a testbed lives for beyond its capture, so that nobody falls silent before its end."""
BESIDE_PLACES: Final = {"double": 1}
"""Agents beside those in places that are always there: the honeypot."""
SLOW: Final = "slow"
"""The network whose agents are rented, and there all the time."""
NETWORKS: Final = ("single", "double", SLOW)
MEASURES: Final = {
    "at_once": "at once",
    "now": "now",
    "total": "addresses in all",
    "hosts": "hosts in all",
    "lifetime_h": "lifetime",
    "half_life_h": "half-life of a blocklist",
}

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A captured testbed: where, what it was drawn from, how many places it had, its time."""

    folder: Path
    blueprint: Blueprint
    places: int
    clock: Clock


def run(options: Options, seconds: float, kept: Path | None, law_h: float) -> Iterator[Row]:
    """Capture a testbed where it is not kept, and yield the rows of its networks."""
    with tempfile.TemporaryDirectory() as passing:
        folder = (kept or Path(passing)) / str(options.seed)
        if not folder.exists():
            take_capture(options, seconds, folder)
        blueprint = draw_blueprint(options)
        resolver = blueprint.names.resolvers["north"]
        clock = find_clock(folder / "resolver" / "capture.pcap", resolver, options.compress)
        captured = Captured(folder=folder, blueprint=blueprint, places=options.agents, clock=clock)
        for operation in blueprint.operations:
            yield from score(captured, operation, law_h)


def score(captured: Captured, operation: Operation, law_h: float) -> Iterator[Row]:
    """Yield each truth of a network with its estimate, which is null where there is none."""
    track = report(captured.folder, operation.domains[0])
    if track is None:
        return
    truth = read_truth(captured.folder, operation.title, operation.domains, captured.clock)
    seen = read_seen(captured.folder, operation.domains)
    start_s, end_s = track.start.timestamp(), track.last_seen.timestamp()
    borders = np.arange(start_s + track.occasion_s, end_s, track.occasion_s)
    on_line = [truth.on_line(float(border_s)) for border_s in borders]
    told = {
        "seed": captured.blueprint.seed,
        "network": operation.title,
        "domains": len(track.domains),
        "domains_of_others": len(set(track.domains) - set(operation.domains)),
        "answers": track.answers,
        "seen": track.addresses,
        "on_line": float(np.mean([len(agents) for agents in on_line])),
    }
    is_slow = operation.title == SLOW
    # The law is of hosts, and what is estimated is of addresses.
    is_renumbered = set(truth.host_of) != set(truth.host_of.values())
    # Each place always holds an agent, on line or not.
    places = captured.places + BESIDE_PLACES.get(operation.title, 0)
    at_once = len(operation.agents) if is_slow else places
    addresses = seen.union(*on_line)
    total = len(addresses)
    hosts = len({truth.host_of.get(address, address) for address in addresses})
    population, durability = track.population, track.durability
    half_life_h = truth.half_life_h(start_s, ceil((end_s - start_s) / HOUR_S))
    pairs: dict[str, tuple[float | None, Estimate | None]] = {
        "at_once": (at_once, population and population.at_once),
        "now": (at_once, population and population.now),
        "total": (total, population and population.total),
        "hosts": (hosts, population and population.hosts),
        "lifetime_h": (
            None if is_slow or is_renumbered else law_h,
            durability and durability.lifetime_h,
        ),
        "half_life_h": (half_life_h, durability and durability.half_life_h),
    }
    for measure, (true, estimate) in pairs.items():
        yield {**told, "measure": measure, "truth": true, **_row(true, estimate)}


def report(folder: Path, domain: str) -> NetworkTrack | None:
    """Return what ``unflux track DOMAIN --report-only`` says of a store of the capture.

    Null where nobody asked for the domain.
    """
    with tempfile.TemporaryDirectory() as passing:
        options = ScanOptions(store=Path(passing) / "store", routes=(folder / "asn.csv",))
        gather([str(folder / "resolver" / "stretched.csv")], options, None)
        return next(iter(report_tracks([domain], options)), None)


def _row(truth: float | None, estimate: Estimate | None) -> Row:
    if truth is None or estimate is None:
        return {"value": estimate and estimate.value}
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "is_covered": estimate.low <= truth <= estimate.high,
    }


def tabulate(rows: Iterable[Row]) -> Iterator[str]:
    """Yield a table: by network and measure, covered, error, and width of the interval."""
    found: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        for network in (row["network"], "together"):
            found[network, row["measure"]].append(row)
    yield "| network | measure | n | truth | covered | median error | too high | high/low |"
    yield "|---|---|---|---|---|---|---|---|"
    for network in (*NETWORKS, "together"):
        for measure, title in MEASURES.items():
            told = [row for row in found[network, measure] if "is_covered" in row]
            if not told:
                continue
            errors = [row["value"] / row["truth"] - 1 for row in told]
            truths = [row["truth"] for row in told]
            ratio = np.median([row["high"] / max(row["low"], 1e-9) for row in told])
            yield (
                f"| {network} | {title} | {len(told)} | {min(truths):.3g} to {max(truths):.3g} | "
                f"{sum(row['is_covered'] for row in told)} | {np.median(np.abs(errors)):.1%} | "
                f"{sum(error > 0 for error in errors)} | {ratio:.2f} |"
            )


def main(arguments: Sequence[str] | None = None) -> None:
    """Score all seeds and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[501, 502, 503, 504])
    parser.add_argument("--agents", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=360)
    parser.add_argument(
        "--renumbered", type=float, default=0.0, help="share of homes with daily addresses"
    )
    parser.add_argument(
        "--captures", type=Path, help="keep captures here by their seeds; those kept are not redone"
    )
    parser.add_argument("--rows", type=Path, help="rows as JSON lines")
    options = parser.parse_args(arguments)
    if options.captures is not None:
        options.captures.mkdir(parents=True, exist_ok=True)
    law_h = lifetime_h()
    rows: list[Row] = []
    for seed in options.seeds:
        bed = Options(
            seed=seed,
            agents=options.agents,
            compress=COMPRESS,
            minutes=ceil(options.seconds / 60) + SPARE_MINUTES,
            renumbered=options.renumbered,
        )
        for row in run(bed, options.seconds, options.captures, law_h):
            print(json.dumps(row), file=sys.stderr, flush=True)
            rows.append(row)
    if options.rows is not None:
        options.rows.write_text("".join(json.dumps(row) + "\n" for row in rows))
    print("\n".join(tabulate(rows)))


if __name__ == "__main__":
    main()
