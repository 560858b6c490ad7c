"""Time zone transfers to BIND, from unflux and from BIND in turn; print the page of figures.

Usage: zone_transfer.py [--names N] [--changed N] [--rounds N] [--out FILE]
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import dns.exception
import dns.message
import dns.query

from timing.machine import describe_machine
from unflux.model.policy_zone import FILE_NAME, closing_line

ORIGIN: Final = "rpz.unflux.invalid"
KEY: Final = 'key "policy" {\n algorithm hmac-sha256;\n secret "%s";\n};\n'
SECRET: Final = "dGhlIHNlY3JldCBvZiBhIGJlbmNobWFyayBvbmx5IQ=="
COMPLETED: Final = re.compile(rb"Transfer completed: .* ([0-9.]+) secs .*serial (\d+)")
PATIENCE_S: Final = 300.0
HEAD: Final = """$TTL 60
$ORIGIN {origin}.
@ SOA localhost. hostmaster.localhost. {serial} 3600 3600 86400 60
@ NS localhost.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one round with one primary."""

    ready_s: float
    """From the start of the primary until it answers for the zone."""
    whole_s: float
    """The transfer of the whole zone, as the secondary tells it."""
    whole_cpu_s: float
    """What it cost the primary."""
    follow_s: float
    """From a new zone file in place until the secondary answers with its serial."""
    peak_mib: float
    """Most resident memory of the primary."""


class Process:
    """A server on a port of loopback."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def serial(self) -> int | None:
        query = dns.message.make_query(ORIGIN, "SOA")
        try:
            answer = dns.query.udp(query, "127.0.0.1", port=self.port, timeout=1)
        except (dns.exception.DNSException, OSError):
            return None
        return answer.answer[0][0].serial if answer.answer else None


@contextmanager
def running(port: int, log: Path, *command: str | Path) -> Iterator[Process]:
    with log.open("wb") as sink:
        process = subprocess.Popen(list(map(str, command)), stdout=sink, stderr=sink)
    try:
        yield Process(process, port, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def until(what: Callable[[], bool], log: Path) -> float:
    """Wait until something holds; return the seconds it took."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > PATIENCE_S:
            raise SystemExit(log.read_text(errors="replace")[-2_000:])
        time.sleep(0.01)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_zone(path: Path, names: int, serial: int, skipped: int = 0) -> None:
    """Write a zone of so many names as unflux block does, the first few left out; at once."""
    remark = "; a-0123456789ab v-0123456789ab n-1 until 2026-12-01T11:00:00Z"
    with path.with_name("new").open("w") as sink:
        sink.write(HEAD.format(origin=ORIGIN, serial=serial))
        for i in range(skipped, names):
            name = f"d{i * 2_654_435_761 % (1 << 32):08x}.example"
            sink.write(f"{name} CNAME . {remark}\n*.{name} CNAME . {remark}\n")
        sink.write(f"{closing_line(2 + 2 * (names - skipped))}\n")
    path.with_name("new").replace(path)


@contextmanager
def named(folder: Path, port: int, zone: str) -> Iterator[Process]:
    """Run BIND with one zone."""
    folder.mkdir()
    (folder / "named.conf").write_text(
        f"""{KEY % SECRET}
        options {{
            directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key";
            listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            recursion no; dnssec-validation no; notify explicit;
        }};
        controls {{ }};
        zone "{ORIGIN}" {{ {zone} }};
        """
    )
    program = shutil.which("named", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit("named is not installed")
    with running(port, folder / "log", program, "-g", "-c", folder / "named.conf") as server:
        yield server


@contextmanager
def bind_primary(folder: Path, secondary_port: int) -> Iterator[tuple[Process, Callable[[], None]]]:
    """Run BIND as the primary; it reads its zone again when told to."""
    zone = (
        f'type primary; file "{folder.parent / FILE_NAME}"; allow-transfer {{ key policy; }}; '
        f"ixfr-from-differences yes; notify explicit; notify-delay 0; "
        f"also-notify {{ 127.0.0.1 port {secondary_port} key policy; }};"
    )
    with named(folder, free_port(), zone) as server:
        yield server, lambda: server.process.send_signal(signal.SIGHUP)


@contextmanager
def unflux_primary(
    folder: Path, secondary_port: int
) -> Iterator[tuple[Process, Callable[[], None]]]:
    """Run unflux serve; it notices by itself."""
    folder.mkdir()
    keys, port = folder / "keys", free_port()
    keys.write_text(KEY % SECRET)
    keys.chmod(0o600)
    with running(
        port, folder / "log", sys.executable, "-m", "unflux", "serve",
        "--policy", folder.parent / FILE_NAME, "--history", folder / "history", "--keys", keys,
        "--listen", f"127.0.0.1:{port}", "--notify", f"policy@127.0.0.1:{secondary_port}",
    ) as server:  # fmt: skip
        yield server, lambda: None


PRIMARIES: Final = {"unflux serve": unflux_primary, "BIND": bind_primary}


def measure(name: str, folder: Path, options: argparse.Namespace) -> Figures:
    """Serve a zone, transfer it to a new secondary, change it, and wait until that follows."""
    folder.mkdir()
    zone_file = folder / FILE_NAME
    write_zone(zone_file, options.names, 1)
    secondary_port = free_port()
    with PRIMARIES[name](folder / "primary", secondary_port) as (primary, reread):
        ready_s = until(lambda: primary.serial() == 1, primary.log)
        before_s = primary.cpu_s()
        zone = (
            'type secondary; file "zone"; masterfile-format raw; allow-notify { key policy; }; '
            f"primaries {{ 127.0.0.1 port {primary.port} key policy; }};"
        )
        with named(folder / "secondary", secondary_port, zone) as secondary:
            until(lambda: secondary.serial() == 1, secondary.log)
            whole_cpu_s = primary.cpu_s() - before_s
            write_zone(zone_file, options.names, 2, options.changed)
            reread()
            follow_s = until(lambda: secondary.serial() == 2, secondary.log)
            told = {
                int(serial): float(seconds)
                for seconds, serial in COMPLETED.findall(secondary.log.read_bytes())
            }
        return Figures(ready_s, told[1], whole_cpu_s, follow_s, primary.peak_mib())


def compose_page(options: argparse.Namespace, figures: dict[str, list[Figures]]) -> str:
    """Return the page: medians, and unflux by BIND."""
    rows = []
    for field, says in (
        ("ready_s", "start until the zone is served, s"),
        ("whole_s", "whole zone, as the secondary tells it, s"),
        ("whole_cpu_s", "what that costs the primary, CPU s"),
        ("follow_s", f"new file, {options.changed:,} names less, until the secondary has it, s"),
        ("peak_mib", "peak memory of the primary, MiB"),
    ):
        ours, theirs = (median(getattr(f, field) for f in figures[name]) for name in PRIMARIES)
        ratio = f"{ours / theirs:.2f} ×" if theirs else "–"
        rows.append(f"| {says} | {ours:.2f} | {theirs:.2f} | {ratio} |")
    command = f"zone_transfer.py --names {options.names} --rounds {options.rounds}"
    return f"""# Speed of zone transfers

Made by `{command}` on {describe_machine()}. Do not edit by hand.

A policy zone of {options.names:,} names ({2 * options.names + 3:,} records in the transfer), signed
with TSIG (hmac-sha256), to a BIND secondary that is new in each round. The primaries take turns;
medians of {options.rounds} rounds.

| | unflux serve | BIND | ratio |
| --- | ---: | ---: | ---: |
{chr(10).join(rows)}

unflux looks at its file once a second, which is in the time until the secondary follows; BIND is
told by a signal. Both then compare the versions and send the difference (IXFR).
"""


def main(arguments: list[str]) -> None:
    """Run the rounds, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000, help="names less in the next version")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the page there, too")
    options = parser.parse_args(arguments)
    figures: dict[str, list[Figures]] = {name: [] for name in PRIMARIES}
    with tempfile.TemporaryDirectory(prefix="unflux-benchmark-") as folder:
        for number in range(1, options.rounds + 1):
            for place, (name, done) in enumerate(figures.items()):
                done.append(measure(name, Path(folder) / f"{number}-{place}", options))
                print(f"round {number}: {name}: {done[-1]}", file=sys.stderr, flush=True)
    page = compose_page(options, figures)
    if options.out:
        options.out.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main(sys.argv[1:])
