import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.seen_rows import START, Seen, rollup_of

from unflux.engine import store as store_module
from unflux.engine.store import Store, StoredSource
from unflux.model.columns import SIGHTINGS, STORED
from unflux.model.errors import StoreBusyError, StoreError
from unflux.model.rollup import (
    Rollup,
    merge,
    settle,
    tables_of,
    within,
)

ONE = rollup_of([(0, "a.example.com", "192.0.2.1", 60), (10, "a.example.com", "192.0.2.2", None)])
OTHER = rollup_of(
    [
        (100, "a.example.com", "192.0.2.1", 30),
        (400, "b.example.com", "192.0.2.2", 300),
        (None, "b.example.com", "192.0.2.2", None),
    ]
)


def assert_same(one: Rollup, other: Rollup) -> None:
    for shape, left, right in zip(STORED, tables_of(one), tables_of(other), strict=True):
        assert left.schema == shape.schema
        assert left.equals(right), shape.name


def add(store: Store, rollup: Rollup, digest: str) -> bool:
    return store.add(rollup, f"{digest}.pcap", "pcap", digest, 3, {"truncated packet": 2})


def test_a_second_run_adds(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    with Store.open(path) as store:
        assert add(store, ONE, "1")
        assert_same(store.rollup(), ONE)
    with Store.open(path) as store:
        assert add(store, OTHER, "2")
    with Store.open(path, read_only=True) as store:
        assert_same(store.rollup(), merge([ONE, OTHER]))
        assert store.sources() == [
            StoredSource(
                name=f"{digest}.pcap",
                format="pcap",
                digest=digest,
                responses=3,
                drops={"truncated packet": 2},
            )
            for digest in ("1", "2")
        ]


def test_a_new_store_holds_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.duckdb") as store:
        assert_same(store.rollup(), Rollup.empty())
        assert add(store, Rollup.empty(), "0")
        assert_same(store.rollup(), Rollup.empty())


def seen_rows() -> st.SearchStrategy[list[Seen]]:
    return st.lists(
        st.tuples(
            st.none() | st.integers(0, 90_000),  # around a day
            st.sampled_from(["a.example.com", "b.example.com", "x.duckdns.org"]),
            st.sampled_from(["192.0.2.1", "192.0.2.2", "8.8.8.8"]),
            st.none() | st.integers(0, 600),
        ),
        max_size=8,
    )


@pytest.mark.slow
@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(seen_rows(), max_size=4), st.data())
def test_any_order_of_sources_and_settling_gives_the_same(
    tmp_path: Path, parts: list[list[Seen]], data: st.DataObject
) -> None:
    rollups = [rollup_of(part) for part in parts]
    order = data.draw(st.permutations(range(len(rollups))))
    path = tmp_path / "s.duckdb"
    path.unlink(missing_ok=True)
    with Store.open(path) as store:
        for number in order:
            rollup = rollups[number]
            add(store, settle(rollup) if data.draw(st.booleans()) else rollup, str(number))
        assert_same(store.rollup(), settle(merge(rollups)))


def test_the_same_source_twice_adds_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.duckdb") as store:
        assert add(store, ONE, "1")
        assert not store.add(ONE, "copy.pcap", "pcap", "1", 3, {})
        assert_same(store.rollup(), ONE)
        assert [source.name for source in store.sources()] == ["1.pcap"]


def test_hour_buckets_once_the_span_passes_a_day(tmp_path: Path) -> None:
    late = rollup_of([(86_400, "a.example.com", "192.0.2.1", 60)])
    later = rollup_of([(86_401, "a.example.com", "192.0.2.1", 60)])
    with Store.open(tmp_path / "s.duckdb") as store:
        add(store, ONE, "1")
        add(store, late, "2")
        assert_same(store.rollup(), merge([ONE, late]))
        add(store, later, "3")
        add(store, OTHER, "4")
        assert_same(store.rollup(), settle(merge([ONE, OTHER, late, later])))


def test_bounds_keep_what_was_seen_within_them(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.duckdb") as store:
        add(store, merge([ONE, OTHER]), "1")

        def queries(since_s: int | None, until_s: int | None) -> set[tuple[str, str]]:
            since, until = (
                None if s is None else START + timedelta(seconds=s) for s in (since_s, until_s)
            )
            assert_same(store.rollup(since, until), within(store.rollup(), since, until))
            rows = store.rollup(since, until).sightings.to_pylist()
            return {(row["query"][0], row["rdata"][-1]) for row in rows}

        assert queries(None, None) == {("a", "1"), ("a", "2"), ("b", "2")}
        assert queries(11, None) == {("a", "1"), ("b", "2")}
        assert queries(10, 400) == {("a", "1"), ("a", "2")}
        assert queries(None, 10) == {("a", "1")}
        assert queries(401, None) == set()


def test_a_failing_add_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path / "s.duckdb") as store:
        add(store, ONE, "1")

        def fail(_: Store) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Store, "_settle", fail)
        with pytest.raises(KeyboardInterrupt):
            add(store, OTHER, "2")
        monkeypatch.undo()
        assert_same(store.rollup(), ONE)
        assert add(store, OTHER, "2")
        assert_same(store.rollup(), merge([ONE, OTHER]))


KILLED_WHILE_ADDING = """
import os, sys
import pyarrow as pa
from unflux.engine.store import Store
from unflux.model.rollup import Rollup

def table(name):
    return pa.ipc.open_file(f"{sys.argv[1]}/{name}.arrow").read_all()

Store._settle = lambda self: os._exit(9)  # all rows written, nothing committed
store = Store.open(sys.argv[1] + "/s.duckdb")
store.add(
    Rollup(**{name: table(name) for name in ("sightings", "lookups", "answer_sets")}),
    "x.pcap", "pcap", "x", 1, {},
)
"""


def test_a_killed_process_leaves_the_store_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    with Store.open(path) as store:
        add(store, ONE, "1")
    for shape, table in zip(STORED, tables_of(OTHER), strict=True):
        with pa.ipc.new_file(tmp_path / f"{shape.name}.arrow", table.schema) as writer:
            writer.write_table(table)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_ADDING, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert killed.returncode == 9
    with Store.open(path) as store:
        assert_same(store.rollup(), ONE)
        assert add(store, OTHER, "x")
        assert_same(store.rollup(), merge([ONE, OTHER]))


HOLD_OPEN = """
import sys
from unflux.engine.store import Store
with Store.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_in_use_is_named(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "s.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(StoreError, match=r"s\.duckdb is in use by another process"):
            Store.open(path, read_only=read_only)
        holder.stdin.close()
    Store.open(path, read_only=read_only).close()


def test_two_writers_in_one_process_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    with Store.open(path) as one, Store.open(path) as other:
        add(one, ONE, "1")
        add(other, OTHER, "2")
        assert_same(one.rollup(), merge([ONE, OTHER]))


@pytest.mark.parametrize("name", ["s.csv", "s.parquet", "s.json", "s.db", "md:s", "s"])
def test_a_store_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.open(name) as store:
        add(store, ONE, "1")
    assert (tmp_path / name).stat().st_size > 0
    with Store.open(name) as store:
        assert_same(store.rollup(), ONE)


@pytest.mark.parametrize("content", [b"not a store\n" * 1000, b"ts,qname\n", b"\xff" * 5000])
def test_another_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "records.csv"
    path.write_bytes(content)
    for read_only in (True, False):
        with pytest.raises(StoreError, match=r"records\.csv"):
            Store.open(path, read_only=read_only)
    assert path.read_bytes() == content


def test_another_duckdb_file_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "mine.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS x")
    for read_only in (True, False):
        with pytest.raises(StoreError, match="not a store of unflux"):
            Store.open(path, read_only=read_only)
    with duckdb.connect(path) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [
            ("mine",)
        ]


def test_a_store_of_a_newer_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.duckdb"
    monkeypatch.setattr(store_module, "SCHEMA_VERSION", "2")
    Store.open(path).close()
    monkeypatch.undo()
    with pytest.raises(StoreError, match="has schema 2, this unflux reads 1"):
        Store.open(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store at"):
        Store.open(tmp_path / "none.duckdb", read_only=True)
    assert not (tmp_path / "none.duckdb").exists()
    for path in (tmp_path, tmp_path / "no-folder" / "s.duckdb"):
        with pytest.raises(StoreError, match="store /"):
            Store.open(path)


def test_another_suffix_list_gives_other_domains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.duckdb"
    wrong = ONE.sightings.set_column(
        2, SIGHTINGS.schema.field("domain"), pa.array(["com"] * 2, pa.string())
    )
    monkeypatch.setattr(store_module, "SUFFIX_LIST_VERSION", "old")
    with Store.open(path) as store:
        add(store, Rollup(sightings=wrong, lookups=ONE.lookups, answer_sets=ONE.answer_sets), "1")
        assert store.rollup().sightings["domain"].to_pylist() == ["com", "com"]
    monkeypatch.undo()
    with Store.open(path, read_only=True) as store:
        assert_same(store.rollup(), ONE)
    Store.open(path).close()
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("SELECT DISTINCT domain FROM sightings").fetchall() == [
            ("example.com",)
        ]


def test_a_source_that_grows_is_one_source(tmp_path: Path) -> None:
    first, second = (
        rollup_of([(0, "a.example", "20.0.0.1", 60)]),
        rollup_of([(9, "b.example", "20.0.0.2", 1)]),
    )
    with Store.open(tmp_path / "s") as store:
        store.extend(first, "watch", "dnstap", 1, {"odd": 2})
        store.extend(second, "watch", "dnstap", 1, {"odd": 1, "long": 1})
        assert store.rollup() == settle(merge([first, second]))
        (source,) = store.sources()
    assert (source.responses, source.drops) == (2, {"odd": 3, "long": 1})


def test_who_waits_gets_the_store_once_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    holding = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; from unflux.engine.store import Store\n"
         "with Store.open(sys.argv[1]):\n"
         "    print(flush=True); sys.stdin.read(1); time.sleep(1)", str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with holding:
        assert holding.stdin is not None and holding.stdout is not None
        holding.stdout.readline()
        with pytest.raises(StoreBusyError):
            Store.open(path)
        holding.stdin.write(b"\n")
        holding.stdin.flush()
        Store.open(path, wait_s=30).close()
