"""Compiled and interpreted reading give the same rows and the same drops, whatever comes."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.crafted_packets import (
    MOMENT_US,
    ethernet,
    framed,
    ipv4,
    make_query,
    make_response,
    pcap,
    tcp,
    udp,
)
from tests.read.test_capture import INDEX, decompress
from tests.read.two_ways import compiled, interpreted

from unflux.read import window
from unflux.read.kernel import tables
from unflux.read.source import Options

GOLDEN = Path(__file__).parents[2] / "golden/read"
CORPUS = Path(__file__).parents[3] / "../shared/corpus"
BENCHMARKS = Path(__file__).parents[3] / "benchmarks"

SMALL_BYTES = 20_000
SAMPLES = [
    *((GOLDEN / name).read_bytes() for name in (
        "capture/input.pcap", "capture/input.pcapng", "dnstap/input.fstrm",
    )),
    *(data for entry in INDEX if len(data := decompress(entry)) < SMALL_BYTES),
    *(path.read_bytes() for path in sorted(CORPUS.glob("dnstap/*"))
      if path.suffix != ".text" and path.stat().st_size < SMALL_BYTES),
]  # fmt: skip


def is_recognised(octets: bytes) -> bool:
    return any(
        module.recognises(octets[: 1 << 16])
        for module in (import_module("unflux.read.capture").Capture(),
                       import_module("unflux.read.dnstap").Dnstap())
    )  # fmt: skip


def test_many_blocks_many_threads_and_full_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut anywhere, decoded by several threads, rolled up on the way: nothing changes."""
    monkeypatch.setattr(window, "BUFFER_BYTES", 1 << 12)
    monkeypatch.setattr("unflux.read.blocks.BLOCK_ROWS", 5)
    monkeypatch.setattr(tables, "MAX_ROWS", 50)
    monkeypatch.setattr(tables, "FIRST_ROWS", 4)
    for octets in SAMPLES:
        if not is_recognised(octets):
            continue
        expected = interpreted(octets)
        for workers in (1, 3):
            assert compiled(octets, Options(workers=workers)) == expected


@pytest.mark.parametrize("step_bytes", [1, 7, 4096])
def test_a_stream_that_gives_little(step_bytes: int) -> None:
    for name in ("capture/input.pcap", "capture/input.pcapng", "dnstap/input.fstrm"):
        octets = (GOLDEN / name).read_bytes()
        assert compiled(octets, step_bytes=step_bytes) == interpreted(octets)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "flip", "cut", "insert", "copy"]),
        st.integers(0, 1 << 20),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=12,
)


def edit(octets: bytes, edits: list[tuple[str, int, int]]) -> bytes:
    changed = bytearray(octets)
    for kind, place, value in edits:
        at = place % max(len(changed), 1)
        match kind:
            case "set":
                changed[at : at + 1] = bytes([value])
            case "flip":
                changed[at : at + 1] = bytes([changed[at] ^ (1 << value % 8)]) if changed else b""
            case "cut":
                del changed[at : at + 1 + value % 9]
            case "insert":
                changed[at:at] = bytes(range(value % 8))
            case _:
                changed[at : at + 8] = changed[value : value + 8]
    return bytes(changed)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(which=st.integers(0, len(SAMPLES) - 1), edits=EDITS, in_span=st.booleans())
def test_damaged_files(which: int, edits: list[tuple[str, int, int]], *, in_span: bool) -> None:
    damaged = edit(SAMPLES[which], edits)
    options = Options(since_us=10**15, until_us=15 * 10**14) if in_span else Options()
    if is_recognised(damaged):
        assert compiled(damaged, options) == interpreted(damaged, options)


MESSAGES = [make_response(), make_query()]
MESSAGES += [
    path.read_bytes()
    for path in sorted(CORPUS.glob("wire/**/*"))
    if path.is_file() and path.stat().st_size < SMALL_BYTES
]


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(MESSAGES) - 1),
            EDITS | st.just([]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_damaged_messages(drafts: list[tuple[int, list[tuple[str, int, int]]]]) -> None:
    """Real messages, changed, in whole packets; some fill more than one batch."""
    frames = [ethernet(ipv4(udp(edit(MESSAGES[which], edits)))) for which, edits in drafts]
    octets = pcap(*frames, step_us=60_000_000)
    assert compiled(octets) == interpreted(octets)


def test_streams_that_cross_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs memory of other packets comes in order, whoever decoded what lies between."""
    monkeypatch.setattr("unflux.read.blocks.BLOCK_ROWS", 3)
    stream = framed(make_response("in.tcp.example.")) * 5
    frames, at = [ethernet(ipv4(tcp(b"", 0, 2), 6))], 1
    for start in range(0, len(stream), 11):
        part = stream[start : start + 11]
        frames.append(ethernet(ipv4(tcp(part, at), 6)))
        frames.extend([ethernet(ipv4(udp(make_response("by.udp.example."))))] * (start % 4))
        at += len(part)
    octets = pcap(*frames)
    expected = interpreted(octets)
    assert expected[1].response_count > 5
    for workers in (1, 2, 4):
        assert compiled(octets, Options(workers=workers)) == expected


def at_second(capture: bytes, second: int) -> bytes:
    """Return a capture of one packet with its time set."""
    return capture[:24] + second.to_bytes(4, "little") + capture[28:]


def test_the_clock_of_the_capture_crosses_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A packet without a plausible time is as old as the one before it, in whichever block."""
    monkeypatch.setattr("unflux.read.blocks.BLOCK_ROWS", 2)
    first = pcap(ethernet(ipv4(tcp(framed(make_response())[:9], 1), 6)))
    late = at_second(pcap(ethernet(ipv4(udp(make_response())))), MOMENT_US // 10**6 + 500)
    timeless = at_second(pcap(ethernet(ipv4(tcp(framed(make_response())[9:], 10), 6))), 2**32 - 1)
    octets = first + late[24:] + timeless[24:]
    expected = interpreted(octets)
    for workers in (1, 2):
        assert compiled(octets, Options(workers=workers)) == expected


RESPONSES = 200_000


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many buckets and blocks, tables that grow often: v4 and v6, chains, NXDOMAIN, glue, flux."""
    folder = tmp_path_factory.mktemp("traffic")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        shape = import_module("traffic.response_stream").TrafficShape(
            responses=RESPONSES, names=20_000, rate_per_s=200
        )
        paths = import_module("traffic.files").write_traffic(folder, shape, ["pcap"])
    return Path(paths["pcap"])


def pieces(octets: bytes, count: int) -> Iterator[bytes]:
    """Cut a capture of little-endian records into captures of about equal size."""
    head, at = octets[:24], 24
    for piece in range(1, count + 1):
        start, end = at, len(octets) * piece // count
        while at < end:
            at += 16 + int.from_bytes(octets[at + 8 : at + 12], "little")
        yield head + octets[start:at]


@pytest.mark.slow
def test_many_responses(traffic: Path) -> None:
    octets = traffic.read_bytes()
    rollup, drops = compiled(octets, Options(workers=2))
    assert drops.response_count == RESPONSES
    from unflux.model.rollup import Rollup, merge, settle

    with ProcessPoolExecutor(2) as pool:
        outcomes = list(pool.map(interpreted, pieces(octets, 16)))
    parts = [part for part, _ in outcomes]
    assert all(isinstance(part, Rollup) for part in parts)
    assert rollup == settle(merge(part for part in parts if isinstance(part, Rollup)))
    assert sum(counted.response_count for _, counted in outcomes) == RESPONSES
