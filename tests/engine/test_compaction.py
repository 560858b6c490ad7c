"""Old buckets become hourly, recent ones stay fine, in whatever order rows come, and killed."""

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.seen_rows import START, Seen, rollup_of
from tests.engine.test_store import assert_same

from unflux.engine.retention import Bounds, hold
from unflux.engine.store import Store
from unflux.model.columns import STORED
from unflux.model.rollup import (
    BUCKET_COARSE_S,
    BUCKET_FINE_S,
    Rollup,
    coarsen,
    merge,
    tables_of,
)

HOUR_S, DAY_S = 3600, 86_400


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def add(store: Store, rollup: Rollup) -> None:
    store.extend(rollup, "watch", "dnstap", 1, {})


def stored(store: Store) -> Rollup:
    """Return the rows as they lie in the tables."""
    tables = [store.execute(f"FROM {shape.name}").to_arrow_table() for shape in STORED]
    sightings, lookups, answer_sets = (
        table.select(shape.schema.names).cast(shape.schema)
        for shape, table in zip(STORED, tables, strict=True)
    )
    return Rollup(sightings=sightings, lookups=lookups, answer_sets=answer_sets)


def buckets_us(rollup: Rollup) -> set[int]:
    starts = [table["bucket_at"].drop_null().cast(pa.int64()) for table in tables_of(rollup)]
    return {value for column in starts for value in column.to_pylist()}


seconds = st.integers(-3 * DAY_S, 3 * DAY_S)
seen = st.tuples(
    st.one_of(st.none(), seconds),
    st.sampled_from(["a.example.com", "b.example.com"]),
    st.sampled_from(["192.0.2.1", "192.0.2.2"]),
    st.sampled_from([None, 60, 300]),
)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.one_of(st.lists(seen, max_size=8), seconds), max_size=6),
    st.tuples(seconds, seconds),
)
def test_batches_and_compactions_in_any_order_merge_to_the_same_hours(
    steps: list[list[Seen] | int], bounds: tuple[int, int]
) -> None:
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "s") as store:
        rollups = []
        for step in steps:
            if isinstance(step, int):
                store.compact(at(step))
            else:
                rollups.append(rollup_of(step))
                add(store, rollups[-1])
        rows, fine_since_us = stored(store), store.fine_since_us
        # Before a moment buckets are hourly, from then on five minutes wide.
        assert fine_since_us % (HOUR_S * 1_000_000) == 0 or fine_since_us < 0
        for start_us in buckets_us(rows):
            width_s = BUCKET_COARSE_S if start_us < fine_since_us else BUCKET_FINE_S
            assert start_us % (width_s * 1_000_000) == 0
        whole = coarsen(merge(rollups), BUCKET_COARSE_S)
        assert_same(coarsen(merge([rows]), BUCKET_COARSE_S), whole)
        # What is read is as wide everywhere, and is what the records give by that width.
        since, until = sorted(map(at, bounds))
        for read in (store.rollup(), store.rollup(since, until)):
            hourly = coarsen(read, BUCKET_COARSE_S)
            if buckets_us(read) - buckets_us(hourly):
                assert min(buckets_us(read)) >= fine_since_us
        if any(start_us < fine_since_us for start_us in buckets_us(rows)):
            assert_same(store.rollup(), whole)
        store.compact(at(4 * DAY_S))
        assert_same(stored_in_order(store), whole)
        store.compact(at(4 * DAY_S))
        assert_same(stored_in_order(store), whole)


def stored_in_order(store: Store) -> Rollup:
    return merge([stored(store)])


def test_the_last_day_stays_fine_and_reads_of_a_day_are(tmp_path: Path) -> None:
    every = [(300 * n, "a.example.com", f"192.0.2.{n % 200}", 60) for n in range(12 * 36)]
    with Store.open(tmp_path / "s") as store:
        for n in range(0, len(every), 36):
            add(store, rollup_of(every[n : n + 36]))
        last = every[-1][0]
        assert store.fine_since_us == at((last - DAY_S) // HOUR_S * HOUR_S).timestamp() * 1e6
        assert len(buckets_us(stored(store))) == 11 + 25 * 12
        # A window of a day is as fine as it was written.
        day = store.rollup(since=at(last - DAY_S + 300), until=at(last + 600))
        assert len(buckets_us(day)) == 24 * 12
        # What has older records in it is hourly, all of it.
        for read in (store.rollup(), store.rollup(since=at(last - 26 * HOUR_S))):
            assert all(start % (HOUR_S * 1_000_000) == 0 for start in buckets_us(read))
        assert_same(store.rollup(), coarsen(rollup_of(every), BUCKET_COARSE_S))


def test_a_record_that_comes_late_is_counted_in_its_hour(tmp_path: Path) -> None:
    early: list[Seen] = [(600, "a.example.com", "192.0.2.1", 60)]
    late: list[Seen] = [
        (1200, "a.example.com", "192.0.2.1", 90),
        (7200, "b.example.com", "20.0.0.1", 1),
    ]
    with Store.open(tmp_path / "s") as store:
        add(store, rollup_of(early))
        store.compact(at(3700))
        add(store, rollup_of(late))
        whole = merge([coarsen(rollup_of([*early, late[0]]), BUCKET_COARSE_S), rollup_of(late[1:])])
        assert_same(stored_in_order(store), whole)


def test_a_store_whose_buckets_all_were_hourly_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s"
    before = rollup_of([(n * HOUR_S + 700, "a.example.com", "192.0.2.1", 60) for n in range(40)])
    after = rollup_of([(40 * HOUR_S + 700, "a.example.com", "192.0.2.1", 60)])
    with Store.open(path) as store:
        add(store, coarsen(before, BUCKET_COARSE_S))
        # As versions before wrote it.
        store.execute("DELETE FROM unflux_meta WHERE key = 'fine_since_us'")
        store.execute("UPDATE unflux_meta SET value = '3600' WHERE key = 'bucket_s'")
    with Store.open(path, read_only=True) as store:
        assert_same(store.rollup(), coarsen(before, BUCKET_COARSE_S))
    with Store.open(path) as store:
        add(store, after)
        assert store.fine_since_us == at(40 * HOUR_S).timestamp() * 1e6
        assert_same(store.rollup(), coarsen(merge([before, after]), BUCKET_COARSE_S))


def test_at_the_ceiling_hours_are_summed_before_a_name_is_let_go(tmp_path: Path) -> None:
    seen = [(300 * n, f"n{m}.example.com", "192.0.2.1", 60) for n in range(60) for m in range(10)]
    bounds = Bounds(window=timedelta(days=1), max_rows=1000)
    with Store.open(tmp_path / "s") as store:
        add(store, rollup_of(seen))
        assert [*hold(store, bounds, at(5 * HOUR_S + 60), [])] == [{}]
        assert sum(table.num_rows for table in tables_of(stored(store))) == 3 * 5 * 10
        assert_same(store.rollup(), coarsen(rollup_of(seen), BUCKET_COARSE_S))


KILLED_WHILE_COMPACTING = """
import os, signal, sys
from datetime import UTC, datetime
from unflux.engine import compaction
from unflux.engine.store import Store

compact_hour, hours = compaction.compact_hour, []

def killed(execute, hour_us):
    compact_hour(execute, hour_us)  # done, and not committed
    hours.append(hour_us)
    if len(hours) > int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

compaction.compact_hour = killed
with Store.open(sys.argv[1]) as store:
    store.compact(datetime(2027, 1, 1, tzinfo=UTC))
"""


@pytest.mark.slow
def test_a_kill_while_it_compacts_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s"
    rollup = rollup_of(
        [(30 * n, f"n{n % 7}.example.com", f"20.{n % 97}.0.1", 60) for n in range(2880)]
    )
    whole = coarsen(rollup, BUCKET_COARSE_S)
    with Store.open(path) as store:
        add(store, rollup)
    done = 0
    for hours in (0, 5, 8):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED_WHILE_COMPACTING, str(path), str(hours)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
        done += hours
        with Store.open(path) as store:
            rows = stored(store)
            assert store.fine_since_us == at(done * HOUR_S).timestamp() * 1e6 or not done
            assert len(buckets_us(rows)) == done + 12 * (24 - done)
            assert_same(coarsen(merge([rows]), BUCKET_COARSE_S), whole)
    with Store.open(path) as store:
        store.compact(at(10 * DAY_S))
        assert_same(stored_in_order(store), whole)
