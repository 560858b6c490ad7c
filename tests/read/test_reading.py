"""Reading from end to end."""

import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from unflux.model.rollup import merge, settle
from unflux.read import reading
from unflux.read.opening import DAMAGED, Location
from unflux.read.reading import SourceRead, read_all, read_source
from unflux.read.source import Batch, Doc, Drops, Options, Rollup

DATA = Path(__file__).parents[2] / "../shared/data"
GOLDEN = Path(__file__).parents[1] / "golden" / "read"


def table(first: int, rows: int) -> bytes:
    lines = [
        f"{1714521600 + n},h{n % 5}.example,A,198.51.100.{n % 7},60"
        for n in range(first, first + rows)
    ]
    return "\n".join(["ts,qname,rrtype,rdata,ttl", *lines, ""]).encode()


def read(path: Path, options: Options | None = None) -> SourceRead:
    return read_source(Location(name=str(path)), options or Options())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(5):
        (tmp_path / f"{number}.csv").write_bytes(table(number * 100, 100 + number))
    (tmp_path / "5.txt").write_text("nothing that is known")
    (tmp_path / "6.gz").write_bytes(gzip.compress(table(0, 5000))[:3000])
    return tmp_path


def test_one_source(folder: Path) -> None:
    found = read(folder / "0.csv")
    assert (found.name, found.format, found.error) == (str(folder / "0.csv"), "table", None)
    assert found.drops.response_count == 100
    assert sum(found.rollup.lookups["responses"].to_pylist()) == 100
    assert found.digest is not None
    assert len(found.digest) == 64


def test_compression_changes_nothing(tmp_path: Path) -> None:
    plain = table(0, 3000)
    (tmp_path / "plain").write_bytes(plain)
    expected = read(tmp_path / "plain").rollup
    compressors: list[Callable[[bytes], bytes]] = [gzip.compress, lzma.compress, zstandard.compress]
    for compress in compressors:
        (tmp_path / "packed").write_bytes(compress(plain))
        found = read(tmp_path / "packed")
        assert (found.rollup, found.error) == (expected, None)


def test_damaged_source_keeps_its_first_part(folder: Path) -> None:
    found = read(folder / "6.gz")
    assert found.error is None
    assert 0 < found.drops.response_count < 5000
    assert found.drops.reasons[DAMAGED] == 1


def test_unreadable_sources_are_named_and_the_rest_is_read(folder: Path) -> None:
    found = list(read_all([str(folder), "/nowhere/at-all"], Options()))
    errors = {Path(one.name).name: one.error for one in found if one.error}
    assert set(errors) == {"5.txt", "at-all"}
    assert str(errors["5.txt"]).startswith(
        f"{folder}/5.txt: not a format that unflux reads (capture"
    )
    assert errors["at-all"] == "/nowhere/at-all: no such file"
    assert sum(one.drops.response_count > 0 for one in found) == 6


class Failing:
    NAME = "failing"
    DOC = Doc(summary="", references=(), limitations=())

    def recognises(self, head: bytes) -> bool:
        return True

    def read(self, stream: io.BytesIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        from unflux.read.table import Delimited

        yield from Delimited().read(stream, options, drops)
        raise KeyError("evil\x1b[31m")


def test_a_failing_reader_is_named_and_what_it_read_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "recognise", lambda head: Failing())
    found = read(folder / "0.csv")
    assert found.error == f"{folder}/0.csv: the failing reader failed (KeyError)"
    assert sum(found.rollup.lookups["responses"].to_pylist()) == 100


def test_the_time_asked_for(folder: Path) -> None:
    options = Options(since_us=1714521610_000000, until_us=1714521620_000000)
    found = read(folder / "0.csv", options)
    assert found.drops.response_count == 10
    assert sum(found.rollup.sightings["count"].to_pylist()) == 10
    assert found.drops.reasons == {"outside the time asked for": 90}


def test_records_without_time_lie_outside_any_span(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("qname,rrtype,rdata\na.example,A,198.51.100.1\n")
    assert read(tmp_path / "a.csv").drops.response_count == 1
    found = read(tmp_path / "a.csv", Options(since_us=0))
    assert found.drops.response_count == 0
    assert found.drops.reasons == {"response without time, while a span was asked for": 1}


def test_merging_on_the_way_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "0.csv"
    path.write_bytes(table(0, 5000))
    whole = read(path).rollup
    monkeypatch.setattr(reading, "MAX_PENDING_ROWS", 10)
    monkeypatch.setattr("unflux.read.table.BLOCK_BYTES", 1000)
    assert read(path).rollup == whole


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same(folder: Path) -> None:
    arguments = ["-", str(folder), str(GOLDEN)]

    def run(workers: int) -> tuple[list[SourceRead], list[tuple[int, int | None]]]:
        told: list[tuple[int, int | None]] = []
        found = read_all(
            arguments,
            Options(),
            workers=workers,
            progress=lambda done, total: told.append((done, total)),
            standard_input=io.BytesIO(table(0, 10)),
        )
        return list(found), told

    alone, told_alone = run(1)
    together, told_together = run(2)
    assert alone == together
    assert [one.name for one in alone][:2] == ["-", str(folder / "0.csv")]
    size = sum(Path(one.name).stat().st_size for one in alone[1:])
    assert told_alone[-1] == told_together[-1] == (size + len(table(0, 10)), None)


def test_progress_knows_the_whole_where_all_are_files(folder: Path) -> None:
    told: list[tuple[int, int | None]] = []
    list(read_all([str(folder)], Options(), progress=lambda *now: told.append(now)))
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


RECORDS = {
    "benign_blogs_2009.csv.gz": 972,
    "m57_2009.csv.gz": 3362,
    "zeek_mixed.csv.gz": 233,
    "fluxor_2009.csv.gz": 17_307,
    "fluxor_2009.dig.txt.gz": 17_307,
    "cdn_history_2021_2026.csv.gz": 588_780,
}
OTHERS = ("ip_asn.csv.gz", "names_sandiflux_2024.csv", "fluxor_2009.labels.csv", "README.md")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*RECORDS, *OTHERS])
def test_shared_records(name: str) -> None:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the shared records are absent: {path}")
    found = read(path, Options(utc_offset_s=8 * 3600))
    if name in OTHERS:
        assert found.error is not None
        return
    assert found.error is None
    assert found.drops.response_count == RECORDS[name]
    assert sum(found.rollup.lookups["responses"].to_pylist()) == RECORDS[name]
    assert set(found.drops.reasons) <= {"no response"}


@pytest.mark.slow
def test_transcripts_and_their_table_roll_up_alike() -> None:
    if not DATA.exists():
        pytest.skip(f"the shared records are absent: {DATA}")
    options = Options(utc_offset_s=8 * 3600)
    found = [read(DATA / f"fluxor_2009.{end}", options) for end in ("csv.gz", "dig.txt.gz")]
    table_sightings, dig_sightings = (one.rollup.sightings for one in found)
    is_kept = [rrtype != "SOA" for rrtype in dig_sightings["rrtype"].to_pylist()]
    assert dig_sightings.filter(is_kept) == table_sightings
    assert settle(merge(one.rollup for one in found)).sightings.num_rows > 0
