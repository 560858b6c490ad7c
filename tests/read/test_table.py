"""Plain tables as text and as Parquet."""

import csv
import gzip
import io
import itertools
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.model.errors import UnreadableSourceError
from unflux.model.rollup import Rollup, merge
from unflux.read import table as table_module
from unflux.read.rollup import roll_up
from unflux.read.source import Batch, Drops, Options
from unflux.read.table import DAMAGED, Delimited, Parquet

DATA = Path(__file__).parents[2] / "../shared/data"


def read(octets: bytes, source: Delimited | Parquet | None = None) -> tuple[Rollup, Drops]:
    drops = Drops()
    parts = (source or Delimited()).read(io.BytesIO(octets), Options(), drops)
    return merge(roll_up(part) for part in parts if isinstance(part, Batch)), drops


def as_parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def twin_of(octets: bytes) -> bytes:
    """Return a Parquet file with the rows of a CSV file that has no bad ones, typed by Arrow."""
    return as_parquet(pacsv.read_csv(io.BytesIO(octets)))


def small_table(rows: int) -> bytes:
    lines = [
        f"{1714521600 + n // 3},h{n % 5}.example,A,198.51.100.{n % 7},{60 + n % 2}"
        for n in range(rows)
    ]
    return "\n".join(["ts,qname,rrtype,rdata,ttl", *lines, ""]).encode()


def test_csv_and_parquet_agree() -> None:
    octets = small_table(500)
    assert read(octets) == read(twin_of(octets), Parquet())


@pytest.mark.parametrize("name", ["zeek_mixed", "m57_2009", "benign_blogs_2009"])
def test_csv_and_parquet_agree_on_real_records(name: str) -> None:
    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"the shared records are absent: {path}")
    octets = gzip.decompress(path.read_bytes())
    rollup, drops = read(octets)
    assert not drops.reasons
    assert (rollup, drops) == read(twin_of(octets), Parquet())
    records = sum(row["rdata"] != "" for row in csv.DictReader(io.StringIO(octets.decode())))
    assert sum(rollup.sightings["count"].to_pylist()) == records


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, end: str) -> None:
    octets = small_table(50)
    other = octets.decode().replace(",", delimiter).replace("\n", end).encode()
    assert Delimited().recognises(other)
    assert read(other) == read(octets)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = small_table(300)
    whole = read(octets)
    for size in (64, 1000, 4096):
        monkeypatch.setattr(table_module, "BLOCK_BYTES", size)
        assert read(octets) == whole


def test_no_rows() -> None:
    for octets in (b"qname,rrtype,rdata", b"qname,rrtype,rdata\n\n"):
        rollup, drops = read(octets)
        assert (rollup.sightings.num_rows, dict(drops.reasons)) == (0, {})


@pytest.mark.parametrize("source", [Delimited(), Parquet()])
def test_missing_columns_are_named(source: Delimited | Parquet) -> None:
    octets = b"qname,label\nwww.example.com,x\n"
    octets = octets if isinstance(source, Delimited) else twin_of(octets)
    assert source.recognises(octets)
    with pytest.raises(UnreadableSourceError, match="without the columns rrtype, rdata"):
        read(octets, source)


def test_damaged_parquet() -> None:
    octets = twin_of(small_table(500))
    with pytest.raises(UnreadableSourceError, match="damaged or incomplete"):
        read(octets[:-20], Parquet())
    nested = pa.table({"qname": [["a.example"]], "rrtype": ["A"], "rdata": ["198.51.100.1"]})
    with pytest.raises(UnreadableSourceError, match="nested"):
        read(as_parquet(nested), Parquet())


def test_a_damaged_page_costs_its_row_group_only() -> None:
    buffer = io.BytesIO()
    table = pacsv.read_csv(io.BytesIO(small_table(20_000)))
    pq.write_table(table, buffer, row_group_size=5_000, compression="zstd")
    octets = bytearray(buffer.getvalue())
    column = pq.ParquetFile(buffer).metadata.row_group(2).column(3)
    start, size = column.data_page_offset, column.total_compressed_size
    octets[start : start + size] = bytes(size)
    rollup, drops = read(bytes(octets), Parquet())
    assert drops.reasons == {"damaged row group": 1}
    assert sum(rollup.sightings["count"].to_pylist()) == 15_000


def test_an_overlong_row_ends_the_table_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "BLOCK_BYTES", 1000)
    rollup, drops = read(small_table(100) + b'1714599999,"' + b"x\n" * 5000)
    assert rollup.sightings.num_rows > 0
    assert drops.reasons == {DAMAGED: 1}


def test_the_label_is_never_read() -> None:
    plain = small_table(20).decode().splitlines()
    labelled = [
        f"{line},{label}"
        for line, label in zip(plain, itertools.cycle(["label", "\xff"]), strict=False)
    ]
    labelled[0] = plain[0] + ",label"
    assert read("\n".join(labelled).encode("latin-1")) == read(small_table(20))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_octets_after_a_header(octets: bytes) -> None:
    rollup, _ = read(b"ts,qname,rrtype,rdata,ttl,section\n" + octets)
    assert rollup.sightings.num_rows >= 0


@settings(deadline=None)
@given(st.lists(st.text(alphabet='a1.,"\n \u00e9', max_size=12), max_size=40))
def test_any_fields_after_a_header(fields: list[str]) -> None:
    octets = ",".join(fields).encode()
    read(b"qname,rrtype,rdata\nwww.example.com,A," + octets)
