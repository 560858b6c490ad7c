"""Parquet is read back by other readers, typed and documented."""

import io
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from tests.present.generated_results import make_result, make_verdict, results

from unflux.model.verdicts import Evidence, ScanResult
from unflux.present.verdict_parquet import SCHEMA, render, write


def _read(result: ScanResult) -> pa.Table:
    return pq.read_table(io.BytesIO(render(result)))


def test_rows_come_back() -> None:
    result = make_result()
    table = _read(result)
    first, _, undecided, _ = table.to_pylist()
    assert table["domain"].to_pylist() == [verdict.domain for verdict in result.verdicts]
    assert first["score"] == 0.998376
    assert first["first_seen"] == result.verdicts[0].first_seen
    assert first["evidence"][1] == {
        "name": "answer-asns",
        "value": "41",
        "value_number": 41.0,
        "llr": 4.61,
        "says": "148 addresses lie in 41 networks, more than any hosting plan buys.",
        "source": "Holz et al., NDSS 2008",
    }
    assert first["alternatives"][2]["outcome"] == "untested"
    assert undecided["asns"] is None
    assert undecided["ttl_min_s"] is None
    assert undecided["ns_hosts"] == 0


def test_columns_are_typed_and_documented() -> None:
    file = pq.ParquetFile(io.BytesIO(render(make_result())))
    schema = file.schema_arrow
    assert schema.equals(SCHEMA)
    assert schema.metadata[b"schema"] == b"unflux/verdict/1"
    for field in schema:
        assert field.metadata[b"meaning"], field.name
        assert field.metadata[b"unit"], field.name
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_no_verdict_is_an_empty_table_of_the_same_shape() -> None:
    table = _read(make_result(verdicts=()))
    assert table.num_rows == 0
    assert table.schema.equals(SCHEMA)


def test_value_is_text_and_number_where_it_is_one() -> None:
    values: list[float | int | str | None] = [None, 3, 0.5, "ns1.example", float("nan")]
    evidence = tuple(
        Evidence(name="x", value=value, llr=0.0, says="", source="") for value in values
    )
    (row,) = _read(make_result(verdicts=(make_verdict(evidence=evidence),))).to_pylist()
    assert [piece["value"] for piece in row["evidence"]] == [None, "3", "0.5", "ns1.example", None]
    assert [piece["value_number"] for piece in row["evidence"]] == [None, 3.0, 0.5, None, None]


@settings(max_examples=40, deadline=None)
@given(results)
def test_any_result_is_written(result: ScanResult) -> None:
    table = _read(result)
    assert table["domain"].to_pylist() == [verdict.domain for verdict in result.verdicts]
    assert render(result) == render(result)


def test_lone_surrogate_is_spelt_out() -> None:
    (row,) = _read(make_result(verdicts=(make_verdict(missing="a\udc80"),))).to_pylist()
    assert row["missing"] == r"a\udc80"


def test_duckdb_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.parquet"
    with path.open("wb") as sink:
        write(make_result(), sink)
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select domain, piece.llr from (select domain, unnest(evidence) as piece from"
            " read_parquet(?)) where piece.name = 'ttl' and domain = 'pool.example'",
            [str(path)],
        ).fetchall()
    assert rows == [("pool.example", 0.4)]
