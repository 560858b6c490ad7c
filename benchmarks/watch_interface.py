"""Count what a watch loses at an interface: responses sent over a pair of links of two namespaces.

Usage: watch_interface.py [--rates N,N,...] [--seconds N] [--names N] [--responses N]

Needs root, for the namespaces. A capture of generated traffic is sent over and over.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from timing.machine import describe_machine
from traffic.files import write_traffic
from traffic.response_stream import TrafficShape

LINK: Final = "tap"
PORT: Final = 9153
PATIENCE_S: Final = 300.0
ASK: Final = f"""
import urllib.error, urllib.request
try:
    answer = urllib.request.urlopen("http://127.0.0.1:{PORT}/health", timeout=30)
except urllib.error.HTTPError as ailing:
    answer = ailing
print(answer.read().decode())
"""
RING_FULL: Final = "packet dropped by the kernel: ring full"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one rate."""

    sent: int
    sent_s: float
    dropped: int
    """By the kernel, because the ring was full."""
    taken: int
    """Packets that came out of the ring."""
    stored: int
    """Responses."""
    cpu_s: float
    """Of the watch, from the first packet until the last response was stored."""
    behind_s: float
    """From the last packet sent until the last response was stored."""
    peak_mib: float


def run(*command: str) -> str:
    """Run a command to its end and return what it says; raises where it fails."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def two_hosts() -> Iterator[tuple[str, str]]:
    """Make two namespaces joined by a pair of links, which lead nowhere else."""
    left, right = f"uxl{os.getpid()}", f"uxr{os.getpid()}"
    try:
        for name in (left, right):
            run("ip", "netns", "add", name)
            run("ip", "netns", "exec", name, "ip", "link", "set", "lo", "up")
        run("ip", "-n", left, "link", "add", LINK, "type", "veth", "peer", LINK, "netns", right)
        for name in (left, right):
            run("ip", "-n", name, "link", "set", LINK, "up")
        yield left, right
    finally:
        for name in (left, right):
            subprocess.run(["ip", "netns", "del", name], check=False)


class Watch:
    """A watch at the link of a host."""

    def __init__(self, host: str, folder: Path) -> None:
        self._host = host
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", host, sys.executable, "-m", "unflux", "watch",
                 "--store", str(folder / "store"), "--interface", LINK,
                 "--events", str(folder / "events"), "--metrics", f"127.0.0.1:{PORT}"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self.until(lambda: "/health" in self._log.read_text())

    def until(self, holds: Any) -> None:
        """Wait until something holds."""
        ends_at_s = time.monotonic() + PATIENCE_S
        while not holds():
            if self._process.poll() is not None or time.monotonic() > ends_at_s:
                raise RuntimeError(self._log.read_text())
            time.sleep(0.2)

    def health(self) -> dict[str, Any]:
        """Return how it stands."""
        found: dict[str, Any] = json.loads(
            run("ip", "netns", "exec", self._host, sys.executable, "-c", ASK)
        )
        return found

    def cpu_s(self) -> float:
        """Return the processor time that it took."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        """Return the most memory that it had."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (kib,) = re.findall(r"VmHWM:\s+(\d+)", status)
        return int(kib) / 1024

    def end(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(PATIENCE_S)


def measure(hosts: tuple[str, str], capture: Path, rate: int, seconds: float) -> Figures:
    """Send at one rate to a new watch, and wait until it has stored what it took."""
    left, right = hosts
    with tempfile.TemporaryDirectory(prefix="ux") as name:
        watch = Watch(right, Path(name))
        before_s = watch.cpu_s()
        said = run(
            "ip", "netns", "exec", left, sys.executable,
            str(Path(__file__).with_name("packet_sender.py")), LINK, str(capture), str(rate),
            str(seconds),
        )  # fmt: skip
        sent_at_s = time.monotonic()
        sent, took_s = said.split()

        def is_all_stored() -> bool:
            status = watch.health()
            taken = status["records"][f"interface {LINK}"]
            is_all = taken + status["drops"].get(RING_FULL, 0) >= int(sent)
            return is_all and status["responses"] + sum_of_lost(status["drops"]) >= taken

        watch.until(is_all_stored)
        behind_s, status = time.monotonic() - sent_at_s, watch.health()
        figures = Figures(
            sent=int(sent),
            sent_s=float(took_s),
            dropped=status["drops"].get(RING_FULL, 0),
            taken=status["records"][f"interface {LINK}"],
            stored=status["responses"],
            cpu_s=watch.cpu_s() - before_s,
            behind_s=behind_s,
            peak_mib=watch.peak_mib(),
        )
        watch.end()
    return figures


def sum_of_lost(drops: dict[str, int]) -> int:
    """Return how many packets are no responses in the store for other reasons."""
    return sum(count for reason, count in drops.items() if reason != RING_FULL)


def main(arguments: list[str]) -> None:
    """Print a table of figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rates", default="20000,50000,100000,150000")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--names", type=int, default=20_000)
    parser.add_argument("--responses", type=int, default=200_000)
    options = parser.parse_args(arguments)
    shape = TrafficShape(responses=options.responses, names=options.names)
    print(describe_machine())
    print("| sent/s | sent | dropped by the kernel | stored | CPU s | behind s | peak MiB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="ux") as name, two_hosts() as hosts:
        capture = write_traffic(Path(name), shape, ["pcap"])["pcap"]
        for rate in map(int, options.rates.split(",")):
            found = measure(hosts, capture, rate, options.seconds)
            print(
                f"| {found.sent / found.sent_s:,.0f} | {found.sent:,} | {found.dropped:,} "
                f"| {found.stored:,} | {found.cpu_s:.1f} | {found.behind_s:.1f} "
                f"| {found.peak_mib:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
