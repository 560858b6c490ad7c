"""The decoder in C does the job of unflux's own reader, and survives what comes on the wire."""

import json
import random
import shutil
import struct
import subprocess
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from unflux.model.rollup import Rollup
from unflux.read.reading import SourceRead, read_all
from unflux.read.source import Options

pytestmark = pytest.mark.skipif(
    not (shutil.which("gcc") or shutil.which("cc")), reason="no C compiler"
)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        built = import_module("peers.c_decoder").build_decoder(
            tmp_path_factory.mktemp("decoder"), "-Werror", "-fsanitize=address,undefined",
            "-fno-sanitize-recover",
        )  # fmt: skip
    assert isinstance(built, Path)
    return built


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traffic")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        shape = import_module("traffic.response_stream").TrafficShape(
            responses=3000, names=400, rate_per_s=5
        )
        paths = import_module("traffic.files").write_traffic(folder, shape, ["pcap"])
    return Path(paths["pcap"])


def run(decoder: Path, capture: Path) -> dict[str, float]:
    done = subprocess.run(
        [decoder, capture], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def read(capture: Path) -> SourceRead:
    (result,) = read_all([str(capture)], Options())
    assert result.error is None
    return result


def totals(rollup: Rollup, names: list[str]) -> dict[str, int]:
    """Return rows of tables, and sums of columns modulo 2^64, under the decoder's names."""
    found = {}
    for name in names:
        table_name, _, column = name.partition(".")
        table = getattr(rollup, table_name)
        if not column:
            found[name] = table.num_rows
            continue
        values = table[column.replace("_us", "_at")]
        if pa.types.is_timestamp(values.type):
            values = values.cast(pa.int64())
        found[name] = int(np.asarray(values.fill_null(0)).astype(np.uint64).sum(dtype=np.uint64))
    return found


def assert_same_job(decoder: Path, capture: Path) -> dict[str, float]:
    said, result = run(decoder, capture), read(capture)
    tables = ("sightings", "lookups", "answer_sets")
    said_of_tables = {name: said[name] for name in said if name.partition(".")[0] in tables}
    assert len(said_of_tables) == 3 + 5 + 10 + 7
    assert said_of_tables == totals(result.rollup, list(said_of_tables))
    assert said["responses"] == result.drops.response_count
    assert said["queries"] == result.drops.query_count
    return said


@pytest.mark.slow
def test_rolls_generated_traffic_up_as_unflux_does(decoder: Path, capture: Path) -> None:
    said = assert_same_job(decoder, capture)
    assert said["responses"] == 3000
    assert said["sightings"] > 1000  # in three buckets
    assert said["damaged"] == said["refused"] == said["other_packets"] == 0


def test_reads_damaged_messages_as_unflux_does(
    decoder: Path, capture: Path, tmp_path: Path
) -> None:
    """Octets of the messages changed at random: the same rows, whatever they say now."""
    chance = random.Random(7)
    octets = bytearray(capture.read_bytes())
    at = 24
    while at < len(octets):
        size = struct.unpack_from("<I", octets, at + 8)[0]
        head = 14 + (40 if octets[at + 16 + 12 : at + 16 + 14] == b"\x86\xdd" else 20) + 8
        for _ in range(chance.choice((0, 1, 1, 2, 5))):
            octets[at + 16 + chance.randrange(head, size)] = chance.choice(
                (0, 1, 5, 28, 63, 0xC0, 0xC0, 0xFF, chance.randrange(256))
            )
        at += 16 + size
    damaged = tmp_path / "damaged.pcap"
    damaged.write_bytes(octets)
    said = assert_same_job(decoder, damaged)
    assert said["damaged"] > 100
    assert said["refused"] > 10
    assert said["queries"] > 0


@pytest.mark.parametrize("cut", [24, 25, 39, 40, 100, 1001])
def test_ends_with_a_capture_that_is_cut(
    decoder: Path, capture: Path, tmp_path: Path, cut: int
) -> None:
    short = tmp_path / "short.pcap"
    short.write_bytes(capture.read_bytes()[:cut])
    assert run(decoder, short)["responses"] <= cut / 60


def test_survives_noise(decoder: Path, capture: Path, tmp_path: Path) -> None:
    chance = random.Random(11)
    octets = bytearray(capture.read_bytes()[:50_000])
    for _ in range(2000):
        octets[chance.randrange(24, len(octets))] = chance.randrange(256)
    noise = tmp_path / "noise.pcap"
    noise.write_bytes(octets)
    run(decoder, noise)


def test_refuses_what_is_no_capture(decoder: Path, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no capture, but longer than the header of one\n")
    done = subprocess.run([decoder, text], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
