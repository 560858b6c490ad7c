"""Score the population estimate against simulated pools whose truth is known.

Usage: track_population.py [--seeds FIRST LAST] [--out FILE] [--speed]

Seeds below 1000 were used in development; those scored in docs/track.md are not. Each pool is
scored as a store would hold it: one row per address and hour. ``--speed`` times estimates instead,
of a small pool and of one ten times as large.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from pools.simulation import (
    DAY_S,
    HOUR_S,
    Pool,
    Simulated,
    draw_pool,
    find_lifetime_h,
    simulate,
)
from unflux.model.tracks import Estimate
from unflux.track.durability import measure_durability
from unflux.track.hours import find_hours
from unflux.track.presence import MOST_OCCASIONS, Presence, find_presence
from unflux.track.renumbering import find_renumbering
from unflux.track.spells import Spells, find_spells
from unflux.track.totals import count_agents

KINDS: Final = ("plain", "mixed", "day", "uneven", "renewed", "all")
IN_HOURS: Final = ("lifetime", "half-life")
MEASURES: Final = ("at_once", "now", "total", "hosts", *IN_HOURS)
FIRST_SCORED: Final = 1000


def look(seen: Simulated) -> tuple[Presence, Spells]:
    """Return what a report makes of the rows first."""
    presence = find_presence(seen.agent, seen.bucket_s, seen.count, HOUR_S)
    size = presence.agent_count
    first_s, last_s = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(first_s, seen.agent, seen.first_s)
    np.maximum.at(last_s, seen.agent, seen.last_s)
    return presence, find_spells(presence, first_s, last_s, int(seen.count.sum()))


def score(pool: Pool, seed: int) -> dict[str, Any] | None:
    """Return each truth with its estimate; null where there is none."""
    hours = -(-int(pool.span_s) // HOUR_S)
    seen = simulate(pool, seed, width_s=HOUR_S * -(-hours // MOST_OCCASIONS))
    presence, spells = look(seen)
    renumbering = find_renumbering(presence, spells, seen.provider_of)
    found = count_agents(presence, spells, renumbering)
    if found is None:
        return None
    hours_seen = find_hours(seen.agent, seen.bucket_s, seen.count)
    durability = measure_durability(hours_seen, spells)
    truths: dict[str, tuple[float | None, Estimate | None]] = {
        "at_once": (seen.mean_hosts, found.at_once),
        "now": (float(seen.hosts_now), found.now),
        "total": (float(seen.total_addresses), found.total),
        "hosts": (float(seen.total_hosts), found.hosts),
        "lifetime": (find_lifetime_h(pool), durability and durability.lifetime_h),
        "half-life": (seen.half_life_h, durability and durability.half_life_h),
    }
    return {
        "seen": presence.agent_count,
        "chapman": _chapman(seen),
        **{name: _row(truth, estimate) for name, (truth, estimate) in truths.items()},
    }


def _chapman(seen: Simulated) -> float:
    """Return the closed estimate from the halves of the span (Chapman 1951), for comparison."""
    middle = (seen.bucket_s.min() + seen.bucket_s.max()) / 2
    early = set(seen.agent[seen.bucket_s <= middle].tolist())
    late = set(seen.agent[seen.bucket_s > middle].tolist())
    return (len(early) + 1) * (len(late) + 1) / (len(early & late) + 1) - 1


def _row(truth: float | None, estimate: Estimate | None) -> dict[str, float | bool] | None:
    if truth is None or estimate is None:
        return None
    return {
        "truth": truth,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "is_covered": estimate.low <= truth <= estimate.high,
    }


def scored(first: int, last: int) -> Iterator[dict[str, Any]]:
    """Score a pool of each seed, kinds in turn."""
    for seed in range(first, last):
        kind = KINDS[seed % len(KINDS)]
        pool = draw_pool(seed, kind)
        row = score(pool, seed)
        print(f"\r{seed}", end="", file=sys.stderr, flush=True)
        if row is not None:
            yield {"seed": seed, "kind": kind, "pool_at_once": pool.at_once, **row}


def tabulate(rows: list[dict[str, Any]]) -> str:
    """Return coverage, error and width of the interval by kind, as a table of Markdown."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row)
        by_kind["together"].append(row)
    lines = [
        "| pools | n | measure | covered | median error | high/low | Chapman's median error |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in (*KINDS, "together"):
        for measure in MEASURES:
            told = [row for row in by_kind[kind] if row[measure] is not None]
            found = [row[measure] for row in told]
            if not found:
                continue
            covered = sum(row["is_covered"] for row in found)
            error = np.median([abs(row["value"] / row["truth"] - 1) for row in found])
            ratio = np.median([row["high"] / max(row["low"], 1) for row in found])
            closed = np.median([abs(row["chapman"] / row[measure]["truth"] - 1) for row in told])
            compared = f"{closed:.0%}" if measure not in IN_HOURS else ""
            lines.append(
                f"| {kind} | {len(found)} | {measure} | {covered / len(found):.0%} | {error:.1%} "
                f"| {ratio:.2f} | {compared} |"
            )
    return "\n".join(lines) + "\n"


def time_estimates() -> Iterator[str]:
    """Yield what an estimate takes of a processor, the best of three."""
    pool = Pool(
        at_once=50, lifetime_s=24 * HOUR_S, shape=1.0, online_h=24.0, renewed_ratio=0.0,
        weight_spread=0.0, answers=10, interval_s=300, vantages=2, span_s=10 * DAY_S,
    )  # fmt: skip
    for times in (1, 10):
        seen = simulate(replace(pool, at_once=times * pool.at_once), seed=0)
        presence, spells = look(seen)
        spent_s = []
        for _ in range(3):
            began_s = time.process_time()
            count_agents(presence, spells, find_renumbering(presence, spells, seen.provider_of))
            spent_s.append(time.process_time() - began_s)
        yield f"{presence.agent_count:,} addresses: {min(spent_s):.2f} s"


def main() -> None:
    """Score, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", nargs=2, type=int, default=[FIRST_SCORED, FIRST_SCORED + 120])
    parser.add_argument("--out", type=Path, help="rows as JSON lines")
    parser.add_argument("--speed", action="store_true", help="time estimates instead")
    options = parser.parse_args()
    if options.speed:
        print("\n".join(time_estimates()))
        return
    rows = list(scored(*options.seeds))
    if options.out is not None:
        options.out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(tabulate(rows), end="")


if __name__ == "__main__":
    main()
