import socket
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from unflux.engine.connection import Engine, open_engine
from unflux.engine.step import Step
from unflux.model.columns import MOMENT, SIGHTINGS
from unflux.model.errors import UnfluxError, UsageError

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
ROWS = pa.table(
    {
        "name": ["a", "b", "a", None],
        "at": pa.array([NOON, None, NOON, None], MOMENT),
        "number": [2**62, 1, 5, None],
        "flag": [True, False, None, None],
        "ratio": [0.5, None, 1.5, 2.0],
    }
)


def test_what_goes_in_comes_out(engine: Engine) -> None:
    rows = engine.table("rows_in", ROWS)
    fetched = engine.fetch(rows.order_by(rows.number.asc(nulls_first=True)))
    assert fetched.schema == ROWS.schema
    assert fetched.to_pylist() == ROWS.take([3, 1, 2, 0]).to_pylist()


def test_types_are_the_same_on_every_engine(engine: Engine) -> None:
    rows = engine.table("rows_typed", ROWS)
    grouped = rows.group_by("name").agg(
        rows=rows.count(),
        first_at=rows.at.min(),
        number=rows.number.max(),
        mean=rows.number.mean(),
        epoch_s=rows.at.max().epoch_seconds().cast("int64"),
        any_flag=rows.flag.any(),
    )
    fetched = engine.fetch(grouped.order_by(grouped.name.asc()))
    assert fetched.schema == pa.schema(
        [
            ("name", pa.string()),
            ("rows", pa.int64()),
            ("first_at", MOMENT),
            ("number", pa.int64()),
            ("mean", pa.float64()),
            ("epoch_s", pa.int64()),
            ("any_flag", pa.bool_()),
        ]
    )
    by_name = {row["name"]: row for row in fetched.to_pylist()}
    assert by_name["a"]["rows"] == 2
    assert by_name["a"]["first_at"] == NOON
    assert by_name["a"]["epoch_s"] == int(NOON.timestamp())
    assert by_name["b"]["first_at"] is None


def test_an_empty_table_keeps_its_shape(engine: Engine) -> None:
    fetched = engine.fetch(engine.table("nothing", SIGHTINGS.empty()))
    assert fetched.num_rows == 0
    assert fetched.schema.types == SIGHTINGS.schema.types
    assert fetched.schema.names == SIGHTINGS.schema.names


def test_a_cached_result_outlives_its_sources(engine: Engine) -> None:
    rows = engine.table("rows_cached", ROWS)
    cached = engine.cache(rows.filter(rows.name == "a").select("number"), "cached")
    engine.table("rows_cached", ROWS.slice(0, 0))
    assert sorted(engine.fetch(cached)["number"].to_pylist()) == [5, 2**62]


def test_a_name_given_again_replaces(engine: Engine) -> None:
    engine.table("again", pa.table({"x": [1]}))
    assert engine.fetch(engine.table("again", pa.table({"y": ["z"]}))).to_pylist() == [{"y": "z"}]


def test_a_name_may_change_its_kind(engine: Engine) -> None:
    few, many = pa.table({"x": [1]}), pa.table({"x": range(200_000)})
    for rows in (few, many, few):
        engine.put("kinds", rows)
        assert engine.rows("kinds").num_rows == rows.num_rows
        cached = engine.cache(engine.named("kinds").limit(1), "kinds_of")
        assert engine.fetch(cached).num_rows == 1
        engine.put("kinds_of", rows)
        assert sorted(engine.rows("kinds_of")["x"].to_pylist()) == rows["x"].to_pylist()
        step = Step(name="kinds", reads=("kinds_of",), build=lambda rows: rows)
        if engine.NAME != "duckdb":  # has only the statements that come with unflux
            engine.run(step)
            assert engine.take(step).num_rows == rows.num_rows


@pytest.mark.parametrize("target", ["", "duck", "spark://", "spark://host", "local", "local[x]"])
def test_an_unknown_engine_is_wrong_usage(target: str) -> None:
    with pytest.raises(UsageError, match="none of duckdb"), open_engine(target):
        pass


def test_a_master_that_does_not_answer_is_named() -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        target = f"spark://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(UnfluxError, match=f"{target} cannot be reached"), open_engine(target):
            pass


def test_missing_pyspark_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(UnfluxError, match=r"unflux\[spark\]"), open_engine("local[1]"):
        pass


def test_missing_java_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UnfluxError, match="needs Java"), open_engine("local[1]"):
        pass


def test_a_disk_without_room_for_a_folder_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(UnfluxError, match=r"no folder to spill .*none"), open_engine("duckdb"):
        pass


def test_duckdb_keeps_to_its_limits() -> None:
    with open_engine("duckdb", workers=1, memory_bytes=200_000_000) as engine:
        settings = engine.connection.raw_sql(  # type: ignore[attr-defined]
            "SELECT current_setting('threads'), current_setting('memory_limit')"
        ).fetchone()
    assert settings == (1, "190.7 MiB")


NO_FILE = """
from unflux.engine.connection import open_engine
from unflux.engine.store import Store
bar = "SELECT current_setting('enable_progress_bar')"
with Store.open("store") as store, open_engine("duckdb", workers=1, memory_bytes=None) as engine:
    print(store.execute(bar).fetchone(), engine.database.execute(bar).fetchone())
"""


def test_no_bar_is_drawn_into_the_output(tmp_path: Path) -> None:
    """A program that is no file looks like a session to DuckDB, as under pytest-xdist."""
    ran = subprocess.run(
        [sys.executable, "-c", NO_FILE], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert ran.stdout == "(False,) (False,)\n"


def test_one_spark_session_at_a_time(engine: Engine) -> None:
    if engine.NAME != "spark":
        with open_engine("duckdb") as another:
            assert another.NAME == "duckdb"
        return
    with pytest.raises(UnfluxError, match="already runs a Spark session"), open_engine("local[1]"):
        pass
