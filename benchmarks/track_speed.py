"""Time unflux track against BIND on loopback, beside dnspython's own asynchronous queries, in turn.

Usage: track_speed.py [--names N] [--seconds N] [--rounds N]

Rates are by the clock and by the CPU time of the asking process: on a busy machine the second says
what a free core would do. Of unflux, two runs are told apart by what the longer one has more, so
that its start is in neither. It keeps a ledger and stores every reply meanwhile; dnspython does
neither.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

import dns.asyncquery
import dns.message

ZONE: Final = "bad.example"
SCOPE: Final = """\
allowed_by = "the benchmark"
contact = "abuse@isp.example"
until = 2100-01-01T00:00:00Z
rate_per_s = 100000
total = 100000000
names = ["bad.example"]
resolvers = ["127.0.0.1:{port}"]
"""
IN_FLIGHT: Final = 200


@contextmanager
def bind(folder: Path, names: int) -> Iterator[int]:
    """Run BIND with a zone of so many names; yield its port."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    records = "".join(f"n{n} A 20.1.{n // 250}.{n % 250 + 1}\n" for n in range(names))
    (folder / "zone").write_text(
        f"$TTL 1\n@ SOA ns root 1 60 60 60 1\n@ NS ns\nns A 20.0.0.53\n{records}"
    )
    (folder / "named.conf").write_text(
        f"""options {{ directory "{folder}"; pid-file none; session-keyfile "{folder}/key";
            listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no;
            dnssec-validation no; empty-zones-enable no; }};
        controls {{ }};
        zone "{ZONE}" {{ type primary; file "zone"; }};
        """
    )
    found = shutil.which("named", path=os.environ["PATH"] + ":/usr/sbin") or "named"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [found, "-g", "-n", "1", "-c", str(folder / "named.conf")], stderr=log, stdout=log
        )
        try:
            time.sleep(3)
            yield port
        finally:
            server.terminate()
            server.wait()


def time_track(folder: Path, port: int, names: int, seconds: int) -> tuple[float, float]:
    """Return the looks a second of ``unflux track``, by the clock and by CPU time."""
    (long, long_s), (short, short_s) = (
        _run_track(folder, port, names, length) for length in (seconds + 4, 4)
    )
    return (long - short) / seconds, (long - short) / (long_s - short_s)


def _run_track(folder: Path, port: int, names: int, seconds: int) -> tuple[int, float]:
    """Return how many looks were answered, and the CPU seconds."""
    (folder / "scope.toml").write_text(SCOPE.format(port=port))
    (folder / "scope.toml").chmod(0o600)
    (folder / "names").write_text("".join(f"n{n}.{ZONE}\n" for n in range(names)))
    for left in (*folder.glob("store*"), *folder.glob("ledger*")):
        left.unlink()
    command = [
        sys.executable, "-m", "unflux", "track", "--names", str(folder / "names"), "--json",
        "--store", str(folder / "store"), "--scope", str(folder / "scope.toml"),
        "--ledger", str(folder / "ledger"), "--min-interval", "1", "--max-interval", "1",
        "--for", f"{seconds}s",
    ]  # fmt: skip
    before = os.times()
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    after = os.times()
    told = [json.loads(line) for line in ran.stderr.splitlines() if line.startswith("{")]
    answered = next(event["answered"] for event in told if event["event"] == "ended")
    used_s = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return answered, used_s


async def _ask(port: int, names: int, seconds: int) -> int:
    ends_at_s = time.monotonic() + seconds
    answered = 0

    async def one(start: int) -> None:
        nonlocal answered
        number = start
        while time.monotonic() < ends_at_s:
            query = dns.message.make_query(f"n{number % names}.{ZONE}", "A")
            await dns.asyncquery.udp(query, "127.0.0.1", port=port, timeout=5)
            answered += 1
            number += IN_FLIGHT

    await asyncio.gather(*map(one, range(IN_FLIGHT)))
    return answered


def time_dnspython(port: int, names: int, seconds: int) -> tuple[float, float]:
    """Return the queries a second of dnspython, by the clock and by CPU time."""
    before = time.process_time()
    answered = asyncio.run(_ask(port, names, seconds))
    return answered / seconds, answered / (time.process_time() - before)


def main() -> None:
    """Time both in turn and print the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--names", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    given = options.names, options.seconds
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name, bind(Path(name), options.names) as port:
        for _ in range(options.rounds):
            ours.append(time_track(Path(name), port, *given))
            theirs.append(time_dnspython(port, *given))
    print("| who | a second, by the clock | a second of CPU |\n|---|---|---|")
    for who, rates in (("unflux track", ours), ("dnspython", theirs)):
        clock, used = (median(column) for column in zip(*rates, strict=True))
        print(f"| {who} | {clock:,.0f} | {used:,.0f} |")
    print(f"\nLoad: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
