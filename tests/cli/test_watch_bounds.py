"""A disk that fills up under a watch, and kills at random moments."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.act.outputs.programs import free_port, served
from tests.cli.test_watch import Watch, folder
from tests.watch.streams import close_stream, connect, golden_frames, open_stream

from unflux.engine.store import Store
from unflux.pipeline.watching import NO_DISK

__all__ = ["folder"]

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DISK_OCTETS = 12 << 20
HELD_OCTETS = 32 << 20
"""What waits for a batch at the least --memory."""


@contextlib.contextmanager
def watching_on_a_small_disk(folder: Path) -> Iterator[tuple[Watch, Path]]:
    """Run a watch whose store is on a disk of its own; yield both, the disk as seen from here."""
    disk, port = folder / "disk", free_port()
    disk.mkdir()
    with served(
        port, folder / "watch.log",
        "unshare", "--mount", "sh", "-c",
        f'mount -t tmpfs -o size={DISK_OCTETS} none "$0" && exec "$@"', disk,
        sys.executable, "-m", "unflux", "watch", "--store", disk / "store",
        "--dnstap", folder / "dnstap.sock", "--events", folder / "events.jsonl",
        "--metrics", f"127.0.0.1:{port}", "--batch", "0.5", "--judge", "600", "--memory", "1G",
    ) as server:  # fmt: skip
        watch = Watch(server, folder, folder / "events.jsonl")
        watch.until(lambda: "/health" in watch.said())
        yield watch, Path(f"/proc/{watch.process.pid}/root{disk}")


@pytest.mark.slow
def test_a_full_disk_is_counted_and_told_and_got_over(folder: Path) -> None:
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("not allowed to mount a small disk")
    with watching_on_a_small_disk(folder) as (watch, disk), connect(watch.socket) as sender:
        open_stream(sender)
        sender.settimeout(120)
        sender.sendall(golden_frames())
        watch.until(lambda: watch.health()["responses"] == 4)

        with (disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(4096))
        many = golden_frames() * (HELD_OCTETS // len(golden_frames()) // 4)
        for _ in range(12):
            sender.sendall(many)
        watch.until(lambda: watch.health()["drops"].get(NO_DISK, 0) > 0)
        ailing = watch.health()
        assert "no space left" in ailing["failure"]
        assert ailing["responses"] == 4
        assert "batch-let-go" in watch.said()

        (disk / "ballast").unlink()
        close_stream(sender)
        watch.until(lambda: watch.health()["failure"] is None)
        with connect(watch.socket) as again:
            open_stream(again)
            again.sendall(golden_frames())
            close_stream(again)
        sent = 4 * (2 + 12 * (len(many) // len(golden_frames())))
        watch.until(lambda: watch.health()["responses"] + watch.health()["drops"][NO_DISK] == sent)
        # The path leads elsewhere once DuckDB has resolved it; between batches the file is whole.
        shutil.copy(disk / "store", folder / "copy")
        with Store.open(folder / "copy", read_only=True) as store:
            (source,) = store.sources()
            stored = sum(store.rollup().lookups["responses"].to_pylist())
        assert source.responses == stored == watch.health()["responses"]
        assert watch.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_a_kill_loses_the_last_seconds_and_nothing_else() -> None:
    ran = subprocess.run(
        [sys.executable, BENCHMARKS / "kill_loop.py", "--kills", "5", "--longest", "2"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout)
    assert figures["stored"] + figures["lost"] == figures["sent"]
    assert figures["stored"] > 0
