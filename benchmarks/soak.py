"""Feed unflux watch for minutes at a high rate, with floods in the middle; print what it took.

Usage: soak.py [--seconds N] [--rate N] [--names N] [--flood KIND]... [--storm N]
               [--folder FOLDER] [--curve FILE.csv] [--picture FILE.svg] [-- OPTION...]

The first third is ordinary traffic, in the second half of the frames are of the floods, the last
is ordinary again. With --storm N there are floods alone after the second third, until they had N
names, no two of them the same. Options behind -- go to unflux watch. What was convicted is held
against what the generator made to flux; names of the floods are innocent.
"""

import argparse
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from storms.curve import draw_curve
from storms.frames import Frames, MadeUp, Ordinary
from storms.sending import Sent, connected, send
from timing.machine import describe_machine
from timing.traffic_store import Traffic, TrafficStore
from traffic.population import Population
from traffic.response_stream import TrafficShape

VICTIMS: Final = tuple(f"victim{number}.com" for number in range(8))
FLOODS: Final = {
    "subdomains": lambda: MadeUp(VICTIMS, is_answered=False),
    "answered-subdomains": lambda: MadeUp(VICTIMS, is_answered=True),
    "domains": lambda: MadeUp(("com", "net", "org", "info"), is_answered=False),
    "answered-domains": lambda: MadeUp(("com", "net", "org", "info"), is_answered=True),
}
"""Names below few domains, and domains that are never asked twice; NXDOMAIN or with an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A second of the watch."""

    at_s: float
    phase: str
    sent: int
    lost: int
    responses: int
    held_mib: float
    resident_mib: float
    peak_mib: float
    store_mib: float
    lag_s: float
    judge_s: float
    stalls: int
    shed: int
    standing: int
    failure: str | None = None


@dataclass(slots=True)
class Watch:
    """A watch that runs, and what was seen of it."""

    process: "subprocess.Popen[bytes]"
    port: int
    began_s: float
    looks: list[Look] = field(default_factory=list)

    def health(self) -> dict[str, Any]:
        try:
            url = f"http://127.0.0.1:{self.port}/health"
            with urllib.request.urlopen(url, timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            found = json.load(error)
        return found

    def memory_mib(self) -> tuple[float, float]:
        """Return what is resident, and the most that ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return tuple(
            int(status.partition(key)[2].split()[0]) / 1024 for key in ("VmRSS:", "VmHWM:")
        )  # type: ignore[return-value]

    def look(self, phase: str, sent: Sent) -> None:
        try:
            health = self.health()
        except OSError:
            return  # it is busy; the next second tells
        resident, peak = self.memory_mib()
        self.looks.append(
            Look(
                at_s=round(time.monotonic() - self.began_s, 1), phase=phase,
                sent=sent.frames, lost=sent.lost, responses=health["responses"],
                held_mib=round(health["held_octets"] / 2**20, 1),
                resident_mib=round(resident), peak_mib=round(peak),
                store_mib=round(health["store_octets"] / 2**20, 1), lag_s=health["lag_s"],
                judge_s=health["judge_s"], stalls=health["stalls"],
                shed=sum(health["shed"].values()), standing=health["standing"],
                failure=health["failure"],
            )
        )  # fmt: skip


@contextmanager
def watching(folder: Path, options: list[str]) -> Iterator[Watch]:
    """Run a watch in a folder; it ends by SIGTERM, with all stored and judged."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "unflux", "watch", "--store", folder / "store",
        "--dnstap", folder / "s", "--metrics", f"127.0.0.1:{port}",
        "--events", folder / "events.jsonl", *options,
    ]  # fmt: skip
    with (folder / "watch.log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stderr=log)
    try:
        while not (folder / "s").exists():
            if process.poll() is not None:
                raise ChildProcessError((folder / "watch.log").read_text())
            time.sleep(0.1)
        yield Watch(process, port, time.monotonic())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=600)
        print((folder / "watch.log").read_text()[-1500:], file=sys.stderr)


class Alternating:
    """Several kinds of frames in turn."""

    def __init__(self, kinds: list[Frames]) -> None:
        self._kinds = kinds
        self._turn = 0

    def take(self, count: int, now_us: int) -> memoryview:
        self._turn = (self._turn + 1) % len(self._kinds)
        return self._kinds[self._turn].take(count, now_us)


def main(arguments: list[str]) -> None:
    """Generate, feed, print."""
    options = _parse(arguments)
    folder = Path(tempfile.mkdtemp(prefix="ux", dir=options.folder))
    try:
        cache = options.folder or folder
        (path,) = TrafficStore(cache).get(
            Traffic(responses=1_000_000, names=options.names), "dnstap"
        )
        population = Population(TrafficShape().seed, options.names)
        ordinary = Ordinary(path, population.agents)
        kinds = [FLOODS[name]() for name in options.flood]
        floods = Alternating([frame for kind in kinds for frame in (ordinary, kind)])
        sent = Sent()
        with watching(folder, options.watch) as watch:
            with connected(folder / "s") as connection:

                def go(phase: str, frames: Frames, seconds: float) -> None:
                    send(
                        connection, frames, rate_per_s=options.rate, seconds=seconds, sent=sent,
                        on_second=lambda: watch.look(phase, sent),
                    )  # fmt: skip

                go("before", ordinary, options.seconds / 3)
                go("flood", floods, options.seconds / 3)
                storm = Alternating(list(kinds))
                while sum(kind.made for kind in kinds) < options.storm:
                    go("flood", storm, 2.0)
                go("after", ordinary, options.seconds / 3)
            while watch.health()["responses"] < sent.frames:
                time.sleep(0.5)
                watch.look("end", sent)
            watch.look("end", sent)
            scored = _score(folder / "events.jsonl", population.flux_domains)
            scored["flood_names"] = sum(kind.made for kind in kinds)
            _report(watch, sent, options, scored)
    finally:
        shutil.rmtree(folder)


def _score(events: Path, flux: frozenset[str]) -> dict[str, int]:
    """Hold what was told against what the generator made."""
    told = [json.loads(line) for line in events.read_text().splitlines()]
    convicted = {event["domain"] for event in told if event["event"] == "new"}
    return {
        "flux_domains": len(flux),
        "flux_convicted": len(convicted & flux),
        "flux_cleared": len({e["domain"] for e in told if e["event"] == "cleared"} & flux),
        "innocents_convicted": len(convicted - flux),
    }


def _report(watch: Watch, sent: Sent, options: argparse.Namespace, scored: dict[str, int]) -> None:
    if options.curve:
        with options.curve.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(asdict(watch.looks[0])), lineterminator="\n")
            writer.writeheader()
            writer.writerows(map(asdict, watch.looks))
    if options.picture:
        flood = [look.at_s for look in watch.looks if look.phase == "flood"]
        options.picture.write_text(
            draw_curve(
                [(look.at_s, look.resident_mib) for look in watch.looks],
                title="Resident memory of unflux watch",
                ceiling=options.ceiling,
                spans=[(min(flood), max(flood), "flood")],
            )
        )
    last, health = watch.looks[-1], watch.health()
    times = os.times()
    figures = {
        "machine": describe_machine(),
        "load": os.getloadavg()[1],
        "seconds": round(watch.looks[-1].at_s),
        "rate": options.rate,
        "floods": options.flood,
        "options": options.watch,
        "frames_sent": sent.frames,
        "frames_lost": sent.lost,
        "frames_per_s": round(sent.frames / watch.looks[-1].at_s),
        "mib_per_s": round(sent.octets / watch.looks[-1].at_s / 2**20, 1),
        "stored": last.responses,
        "peak_mib": last.peak_mib,
        "store_mib_most": max(look.store_mib for look in watch.looks),
        "lag_s_most": max(look.lag_s for look in watch.looks),
        "judge_s_most": max(look.judge_s for look in watch.looks),
        "batches": health["batches"],
        "stalls": last.stalls,
        "shed": health["shed"],
        "drops": health["drops"],
        "standing": last.standing,
        **scored,
        "sender_cpu_s": round(times.user + times.system),
    }
    for phase in ("before", "flood", "after"):
        looks = [look for look in watch.looks if look.phase == phase]
        figures[f"resident_mib_{phase}"] = max(look.resident_mib for look in looks)
    print(json.dumps(figures, indent=1))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=150_000)
    parser.add_argument("--names", type=int, default=50_000)
    parser.add_argument("--flood", action="append", choices=FLOODS)
    parser.add_argument("--storm", type=int, default=0, help="names of floods at least")
    parser.add_argument("--folder", type=Path, help="keeps what is generated")
    parser.add_argument("--curve", type=Path, help="write a look a second there, as CSV")
    parser.add_argument("--picture", type=Path, help="draw resident memory there, as SVG")
    parser.add_argument("--ceiling", type=float, help="MiB, drawn into the picture")
    parser.add_argument("watch", nargs="*", help="options of unflux watch")
    options = parser.parse_args(arguments)
    options.flood = options.flood or list(FLOODS)
    return options


if __name__ == "__main__":
    main(sys.argv[1:])
