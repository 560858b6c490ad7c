"""Kill unflux watch again and again while it is fed; compare what was sent with what is stored.

Usage: kill_loop.py [--kills N] [--rate N] [--batch SECONDS] [--seed N]

Each name is sent once, numbered. After a kill the last of what that watch was sent may be missing,
and nothing before it; no name may count twice; what is stored must open.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from storms.frames import Numbered
from storms.sending import connected
from unflux.engine.store import Store

AT_ONCE = 20
PATIENCE_S = 120.0


def main(arguments: list[str]) -> None:
    """Run, compare, print; exit 1 where more is missing than may be."""
    options = _parse(arguments)
    chance = random.Random(options.seed)
    frames = Numbered(("com",), is_answered=True)
    moments: list[float] = []
    ends: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory(prefix="ux") as name:
        folder = Path(name)
        for _ in range(options.kills):
            _run(folder, frames, moments, options, seconds=chance.uniform(0.3, options.longest))
            ends.append((frames.sent, time.monotonic()))
        _run(folder, frames, moments, options, seconds=1.0, is_killed=False)
        with Store.open(folder / "store", read_only=True, wait_s=PATIENCE_S) as store:
            lookups = store.rollup().lookups
            source = store.sources()[0]
    stored = [int(query[1:].partition(".")[0]) for query in lookups["query"].to_pylist()]
    missing = sorted(set(range(frames.sent)) - set(stored))
    ages, losses, begin = [], [], 0
    for end, killed_at in ends:
        lost = [number for number in missing if begin <= number < end]
        # What is missing of a watch is the last of it, without a gap.
        assert lost == list(range(end - len(lost), end)), (lost[:3], end)
        losses.append(len(lost))
        if lost:
            ages.append(killed_at - moments[lost[0]])
        begin = end
    assert not [number for number in missing if number >= begin], "a watch that was not killed lost"
    assert len(stored) == len(set(stored)) == source.responses, "a name counts twice"
    print(
        json.dumps(
            {
                "kills": options.kills,
                "sent": frames.sent,
                "stored": len(stored),
                "lost": len(missing),
                "lost_at_a_kill_most": max(losses),
                "oldest_lost_s": round(max(ages, default=0.0), 2),
                "batch_s": options.batch,
                "load": os.getloadavg()[0],
            }
        )
    )


def _run(
    folder: Path,
    frames: Numbered,
    moments: list[float],
    options: argparse.Namespace,
    *,
    seconds: float,
    is_killed: bool = True,
) -> None:
    """Feed a watch from its start on for some seconds, then end it."""
    command = [
        sys.executable, "-m", "unflux", "watch", "--store", folder / "store",
        "--dnstap", folder / "s", "--events", folder / "events.jsonl",
        "--batch", options.batch, "--judge", 1,
    ]  # fmt: skip
    (folder / "s").unlink(missing_ok=True)
    with (folder / "watch.log").open("ab") as log:
        process = subprocess.Popen(list(map(str, command)), stderr=log)
    began = time.monotonic()
    while not (folder / "s").exists():
        assert process.poll() is None, (folder / "watch.log").read_text()
        assert time.monotonic() < began + PATIENCE_S
        time.sleep(0.02)
    with contextlib.ExitStack() as stack:
        if is_killed:
            stack.enter_context(contextlib.suppress(OSError))
        connection: socket.socket = stack.enter_context(connected(folder / "s"))
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            octets = frames.take(AT_ONCE, time.time_ns() // 1000)
            moments.extend([time.monotonic()] * AT_ONCE)
            connection.sendall(octets)
            time.sleep(AT_ONCE / options.rate)
        if is_killed:
            process.kill()
            process.wait()
    if not is_killed:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0, (folder / "watch.log").read_text()


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--batch", type=float, default=0.3)
    parser.add_argument("--longest", type=float, default=3.0, help="seconds before a kill, at most")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
