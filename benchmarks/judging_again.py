"""Time a watch's judgements that measure what changed, beside those of the whole window, in turn.

Usage: judging_again.py [--window N] [--changed N] [--names N] [--rate N] [--rounds N]

A store gets ``--window`` generated responses, and before each round ``--changed`` more: what comes
between two judgements. Each round judges both ways, as a watch does and as a scan of its store, by
one thread. Times are processor seconds from the store to the verdicts; both must convict the same
domains.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

from traffic.files import write_traffic
from traffic.response_stream import START_US, TrafficShape
from unflux.engine.store import Store
from unflux.engine.store_part import Span
from unflux.model.rollup import tables_of
from unflux.model.times import MICROSECONDS_PER_S, moment_at
from unflux.pipeline.gathering import Gathered, Options, gather
from unflux.pipeline.running_analysis import RunningAnalysis
from unflux.pipeline.scanning import analysed
from unflux.read.source import Options as ReadOptions


def main(arguments: list[str]) -> None:
    """Judge, and print a line for each round and the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--window", type=int, default=2_000_000)
    parser.add_argument("--changed", type=int, default=30_000)
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=3000.0, help="responses a second")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    edges = [0, *(options.window + options.changed * n for n in range(options.rounds + 1))]
    shape = TrafficShape(responses=edges[-1], names=options.names, rate_per_s=options.rate)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        traffic = write_traffic(folder, shape, ["dnstap"])["dnstap"]
        open_store = partial(Store.open, folder / "store", workers=1)
        running = RunningAnalysis(Options())
        rounds = []
        for begin, end in pairwise(edges):
            since_us, now_us = (
                START_US + int(count / options.rate * MICROSECONDS_PER_S) for count in (begin, end)
            )
            reading = ReadOptions(since_us=since_us, until_us=now_us)
            rollup = gather([str(traffic)], Options(reading=reading), None).rollup
            with open_store() as store:
                store.extend(rollup, "traffic", "dnstap", end - begin, {})
            running.note(rollup)
            now = moment_at(now_us)
            span = Span(since=now - timedelta(days=1), until=now + timedelta(minutes=10))
            began_s = time.process_time()
            again = judge_again(running, open_store, span)
            between_s = time.process_time()
            whole = judge_whole(open_store, span)
            rounds.append((between_s - began_s, time.process_time() - between_s))
            if again != whole:
                sys.exit(f"{len(again ^ whole)} domains are convicted one way alone")
            print("what changed {:.2f} s, whole {:.2f} s".format(*rounds[-1]))
        print("median: {:.2f} s, {:.2f} s".format(*map(median, zip(*rounds[1:], strict=True))))


def judge_again(running: RunningAnalysis, open_store: Callable[[], Store], span: Span) -> set[str]:
    """Return the convicted, of what changed and what is kept."""
    with open_store() as store:
        part = running.load(store, span)
    counts = [table.num_rows for table in tables_of(part.rollup)]
    print(
        f"{'all' if part.domains is None else len(part.domains)} domains, {sum(counts)} rows;",
        end=" ",
    )
    running.measure(part)
    with running.concluded(open_store) as (_, analysis):
        return set(analysis.members["domain"].to_pylist())


def judge_whole(open_store: Callable[[], Store], span: Span) -> set[str]:
    """Return the convicted, of the whole window."""
    with open_store() as store:
        window = store.rollup(since=span.since, until=span.until, is_sorted=False)
    with analysed(Gathered(rollup=window), Options()) as (_, analysis):
        return set(analysis.members["domain"].to_pylist())


if __name__ == "__main__":
    main(sys.argv[1:])
