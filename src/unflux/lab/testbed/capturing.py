"""Capture a testbed: packets at each vantage, and the logs that others would have of them."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unflux.lab.testbed.blueprint import Blueprint, Segment
from unflux.lab.testbed.connections import assemble
from unflux.lab.testbed.flow_export import export_flows
from unflux.lab.testbed.namespaces import namespace_name
from unflux.lab.testbed.packets import read_packets
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.programs import CAPTURE_PACKAGES, Programs, find_programs
from unflux.lab.testbed.state import State
from unflux.lab.testbed.status import require_up
from unflux.lab.testbed.stretched import write_stretched
from unflux.lab.testbed.truth import PRESENCE, ROTATIONS, write_truth
from unflux.lab.testbed.wiring import UPLINK
from unflux.lab.testbed.zeek_logs import write_logs
from unflux.model.errors import UnfluxError

VANTAGES: Final[Mapping[str, tuple[Segment, tuple[str, ...]]]] = {
    "resolver": ("north", ("port", "53")),
    "edge": ("isp", ()),
    "honeypot": ("honeypot", ()),
}
"""Folder of each vantage, the namespace whose way up is tapped, and what of it is taken."""
CAPTURE: Final = "capture.pcap"
STRETCHED: Final = "stretched.csv"
DNSTAP: Final = "dnstap.fstrm"
START_S: Final = 20.0
SLACK_S: Final = 30.0
"""A tap that nobody ends does so itself, so long after its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What was taken at one vantage."""

    vantage: str
    folder: Path
    packets: int
    connections: int


def capture(state: State, out: Path, seconds: float) -> list[Captured]:
    """Tap all vantages of a testbed for a time and write captures, logs and truth below ``out``.

    Raises UnfluxError where the testbed is not up and whole, where another command works on it,
    where nothing can be written, or a program is missing or fails.
    """
    programs = find_programs(CAPTURE_PACKAGES)
    require_up(state)
    state.require_own()
    with state.locked():
        try:
            return _capture(programs, state, out, seconds)
        except OSError as error:
            message = f"{out}: not captured to the end: {error}"
            raise UnfluxError(message) from error


def _capture(programs: Programs, state: State, out: Path, seconds: float) -> list[Captured]:
    record = state.read()
    testbed = record.testbed
    for vantage in VANTAGES:
        (out / vantage).mkdir(parents=True, exist_ok=True)
    with ExitStack() as taps:
        for vantage, (segment, expression) in VANTAGES.items():
            name = namespace_name(testbed, segment)
            taps.enter_context(_tapped(programs, name, expression, out / vantage, seconds))
        _roll_dnstap(programs, testbed, state).unlink(missing_ok=True)
        time.sleep(seconds)
    shutil.move(_roll_dnstap(programs, testbed, state), out / "resolver" / DNSTAP)
    blueprint = draw_blueprint(record.options)
    write_truth(blueprint, out)
    for happened in (PRESENCE, ROTATIONS):
        shutil.copyfile(state.folder / happened, out / happened)
    return [
        _write_logs_of(programs, testbed, blueprint, vantage, out / vantage) for vantage in VANTAGES
    ]


def _write_logs_of(
    programs: Programs, testbed: str, blueprint: Blueprint, vantage: str, folder: Path
) -> Captured:
    connections = assemble(read_packets(folder / CAPTURE))
    write_logs(connections, folder)
    if vantage == "resolver":
        resolver = blueprint.names.resolvers["north"]
        write_stretched(connections, resolver, blueprint.compress, folder / STRETCHED)
    export_flows(programs, namespace_name(testbed, "core"), folder / CAPTURE, folder)
    return Captured(
        vantage=vantage,
        folder=folder,
        packets=sum(one.sent.packets + one.returned.packets for one in connections),
        connections=len(connections),
    )


@contextmanager
def _tapped(
    programs: Programs, namespace: str, expression: Sequence[str], folder: Path, seconds: float
) -> Iterator[None]:
    command = (
        programs.paths["ip"], "netns", "exec", namespace, programs.paths["timeout"],
        "--signal=INT", str(seconds + SLACK_S), programs.paths["tcpdump"], "-Z", "root", "-U",
        "-n", "-B", "16384", "-i", UPLINK, "-w", str(folder / CAPTURE), *expression,
    )  # fmt: skip
    log = folder / "tcpdump.log"
    with log.open("wb") as said:
        tap = subprocess.Popen(  # noqa: S603  words are ours
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
    try:
        _wait_until_tapping(tap, log)
        yield
    finally:
        tap.send_signal(signal.SIGINT)
        tap.wait()
    log.unlink()


def _wait_until_tapping(tap: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + START_S
    while "listening on" not in (said := log.read_text(encoding="utf-8", errors="replace")):
        if tap.poll() is not None or time.monotonic() > ends:
            message = f"tcpdump does not capture: {said.strip()[-600:]}"
            raise UnfluxError(message)
        time.sleep(0.02)


def _roll_dnstap(programs: Programs, testbed: str, state: State) -> Path:
    """Have the resolver begin a new file of dnstap; return where the old one is, whole."""
    own = state.folder / "north"
    old = own / "rolled.fstrm"
    (own / DNSTAP).rename(old)
    programs.run(
        "ip", "netns", "exec", namespace_name(testbed, "north"), programs.paths["rndc"],
        "-k", own / "rndc.key", "-s", "127.0.0.1", "-p", "953", "dnstap", "-reopen",
    )  # fmt: skip
    return old
