"""No octet beyond those given is read, and no row beyond its table, whatever the octets say."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.crafted_packets import make_response
from tests.read.kernel.test_equality import EDITS, MESSAGES, SAMPLES, edit, is_recognised
from tests.read.two_ways import compiled, decode, interpreted, kernel

from unflux.read.kernel.layout import PACKET_WIDTH, PROGRESS_SIZE
from unflux.read.kernel.native import (
    COMPILER,
    COMPILER_SETTINGS,
    Kernel,
    cache_folder,
    kernel_digest,
)
from unflux.read.kernel.object_code import KernelFault
from unflux.read.kernel.tables import TableSet
from unflux.read.source import Options


@pytest.fixture(scope="module")
def checked() -> Kernel:
    """The same kernel, compiled so that each access is compared with the size of its array."""
    kept = cache_folder() / f"kernel-checked-{kernel_digest()[:24]}.o"
    if not kept.exists():
        made = kept.with_suffix(f".{os.getpid()}")
        subprocess.run(
            [sys.executable, "-P", "-m", COMPILER, str(made)],
            env=os.environ | COMPILER_SETTINGS | {"NUMBA_BOUNDSCHECK": "1"},
            check=True,
            timeout=600,
        )
        made.replace(kept)
    return Kernel(kept.read_bytes())


@pytest.mark.slow
def test_the_checked_kernel_tells_an_access_beyond(checked: Kernel) -> None:
    octets = np.zeros(100, np.uint8)
    rows, progress = np.zeros((8, PACKET_WIDTH), np.int64), np.zeros(PROGRESS_SIZE, np.int64)
    checked.frame_stream(octets, 0, 100, rows, progress)
    with pytest.raises(KernelFault):
        checked.frame_stream(octets, 98, 120, rows, progress)
    held = TableSet(checked, Options())
    rows[0, :2] = 98, 150
    with pytest.raises(KernelFault):
        checked.take_messages(held.tables, octets, rows, 0, 1, progress)


@pytest.mark.slow
def test_every_sample_stays_within(checked: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unflux.read.kernel.tables.FIRST_ROWS", 4)
    for octets in filter(is_recognised, SAMPLES):
        assert compiled(octets, by=checked) == interpreted(octets)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(which=st.integers(0, len(SAMPLES) - 1), edits=EDITS)
def test_damaged_files_stay_within(
    checked: Kernel, which: int, edits: list[tuple[str, int, int]]
) -> None:
    damaged = edit(SAMPLES[which], edits)
    if is_recognised(damaged):
        compiled(damaged, by=checked)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(which=st.integers(0, len(MESSAGES) - 1), edits=EDITS)
def test_damaged_messages_stay_within(
    checked: Kernel, which: int, edits: list[tuple[str, int, int]]
) -> None:
    decode(edit(MESSAGES[which], edits), by=checked)


@pytest.mark.slow
def test_the_largest_messages_stay_within(checked: Kernel) -> None:
    """As many records, names and addresses as 64 KiB can hold, each as short as can be."""
    for name, data in ((b"\0", b"\0\4\1\2\3"), (b"\xc0\x0c", b"\0\4\1\2\3")):
        head = b"\0\1\x80\0\0\1\xff\xff\0\0\0\0" + b"\1a\0\0\1\0\1"
        record = name + b"\0\1\0\1\0\0\0\5" + data
        count = (65_535 - len(head)) // (len(record) + 1)
        wire = head + b"".join(record + bytes([number % 256]) for number in range(count))
        rollup, drops = decode(wire, by=checked)
        assert drops.response_count == 1
        assert not isinstance(rollup, str)
        assert rollup.answer_sets["addresses"].to_pylist() == [256]


GUARDED = """
import ctypes, mmap, random, sys
import numpy as np
from unflux.read.kernel.native import load_kernel
from unflux.read.kernel.layout import PACKET_WIDTH, PROGRESS_SIZE
from unflux.read.kernel.tables import TableSet
from unflux.read.source import Options

page = mmap.PAGESIZE
room = mmap.mmap(-1, 18 * page)
whole = np.frombuffer(room, np.uint8)
guard = ctypes.c_void_p(whole.ctypes.data + 17 * page)
assert ctypes.CDLL(None).mprotect(guard, page, 0) == 0  # PROT_NONE: to touch it ends the process
kernel, seeds = load_kernel(), random.Random(int(sys.argv[1]))
samples = [bytes.fromhex(line) for line in sys.stdin]
held, progress = TableSet(kernel, Options()), np.zeros(PROGRESS_SIZE, np.int64)
rows, ports = np.zeros((64, PACKET_WIDTH), np.int64), np.ones(1 << 16, np.uint8)
residue = np.zeros_like(rows)
for _ in range(20_000):
    wire = bytearray(seeds.choice(samples))
    for _ in range(seeds.randrange(4)):
        value = seeds.choice((0, 1, 63, 64, 192, 255, seeds.randrange(256)))
        wire[seeds.randrange(len(wire))] = value
    del wire[seeds.randrange(len(wire) + 1):]
    end = 17 * page
    start = end - len(wire)
    whole[start:end] = wire
    rows[0] = start, end, 0, seeds.choice((1, 101, 0, 113, 276)), 0
    held.run(kernel.take_messages, whole, rows[:1])
    held.run(kernel.take_frames, whole, rows[:1])
    progress[3] = held.progress[3] = 0
    held.run(kernel.take_packets, whole, rows[:1], ports, residue)
    kernel.frame_stream(whole, start, end, rows[1:], progress)
    kernel.frame_pcap(whole, start, end, 0, 1, 16, 1, -1, rows[1:], progress)
    kernel.frame_pcapng(whole, start, end, 0, np.array([[1, 0, 10**6, 0]]), rows[1:], progress)
print("whole")
"""


@pytest.mark.slow
def test_nothing_behind_the_last_octet_is_read(tmp_path: Path) -> None:
    """The kernel that users run, on octets that end where memory does."""
    kernel()  # compiled by now
    packets = import_module("tests.read.crafted_packets")
    wires = [make_response(), make_response("a.b.c.example."), *MESSAGES[:40]]
    wires += [packets.ethernet(packets.ipv4(packets.udp(wire))) for wire in wires[:5]]
    wires += [octets for octets in SAMPLES if len(octets) < 60_000][:20]
    done = subprocess.run(
        [sys.executable, "-P", "-c", GUARDED, "7"],
        input="\n".join(wire.hex() for wire in wires if wire),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr[-500:]
