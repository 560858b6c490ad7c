"""Capture a testbed: packets at each vantage, and the logs that others would have of them."""

import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from unflux.lab.testbed.blueprint import Blueprint, Segment
from unflux.lab.testbed.captured import REPORT, Capture, Captured, write_report
from unflux.lab.testbed.connections import assemble
from unflux.lab.testbed.dnstap_parts import DNSTAP, DnstapParts, joined
from unflux.lab.testbed.flow_export import export_flows
from unflux.lab.testbed.namespaces import namespace_name
from unflux.lab.testbed.packets import read_packets
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.programs import CAPTURE_PACKAGES, Programs, find_programs
from unflux.lab.testbed.state import State
from unflux.lab.testbed.status import require_up
from unflux.lab.testbed.stretched import write_stretched
from unflux.lab.testbed.taps import LAG_S, Tally, Tap, tapped
from unflux.lab.testbed.truth import PRESENCE, REFUSED, ROTATIONS, write_truth
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
SLACK_S: Final = 120.0
"""A tap that nobody ends does so itself, so long after its time: longer than all others may take to
start."""
LOOK_S: Final = 0.5
"""How often taps and dnstap are looked at meanwhile."""


def capture(state: State, out: Path, seconds: float) -> Capture:
    """Tap all vantages of a testbed for a time and write captures, logs and truth below ``out``.

    What was lost on the way is in the result and in ``capture.json``. Raises UnfluxError where the
    testbed is not up and whole, where another command works on it, where nothing can be written, a
    program is missing or fails, or a tap ends before its time.
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


def _capture(programs: Programs, state: State, out: Path, seconds: float) -> Capture:
    record = state.read()
    testbed = record.testbed
    for vantage in VANTAGES:
        (out / vantage).mkdir(parents=True, exist_ok=True)
    # One of an earlier capture says nothing of this one.
    (out / REPORT).unlink(missing_ok=True)
    with (
        ExitStack() as stack,
        joined(programs, testbed, state.folder, out / "resolver" / DNSTAP) as parts,
    ):
        taps = {}
        for vantage, (segment, expression) in VANTAGES.items():
            name, path = namespace_name(testbed, segment), out / vantage / CAPTURE
            tap = tapped(programs, name, expression, path, place=vantage, most_s=seconds + SLACK_S)
            taps[vantage] = stack.enter_context(tap)
        parts.forget()
        began_at_s = time.time()
        _watch(tuple(taps.values()), parts, seconds)
        tallies = {vantage: tap.end() for vantage, tap in taps.items()}
        parts.fetch_last()
    blueprint = draw_blueprint(record.options)
    write_truth(blueprint, out)
    for happened in (PRESENCE, ROTATIONS, REFUSED):
        shutil.copyfile(state.folder / happened, out / happened)
    taken = Capture(
        testbed=testbed,
        began_at_s=began_at_s,
        seconds=seconds,
        messages=parts.messages,
        vantages=tuple(
            _write_logs_of(programs, testbed, blueprint, out / vantage, tally)
            for vantage, tally in tallies.items()
        ),
    )
    write_report(taken, out)
    return taken


def _watch(taps: Sequence[Tap], parts: DnstapParts, seconds: float) -> None:
    """Wait until all of the time is in the taps' files, and see that they run meanwhile."""
    ends = time.monotonic() + seconds + LAG_S
    while (left_s := ends - time.monotonic()) > 0:
        time.sleep(min(left_s, LOOK_S))
        parts.fetch()
        for tap in taps:
            tap.require_running()


def _write_logs_of(
    programs: Programs, testbed: str, blueprint: Blueprint, folder: Path, tally: Tally
) -> Captured:
    connections = assemble(read_packets(folder / CAPTURE))
    write_logs(connections, folder)
    vantage = folder.name
    if vantage == "resolver":
        resolver = blueprint.names.resolvers["north"]
        write_stretched(connections, resolver, blueprint.compress, folder / STRETCHED)
    exported = export_flows(programs, namespace_name(testbed, "core"), folder / CAPTURE, folder)
    return Captured(
        vantage=vantage,
        folder=folder,
        tally=tally,
        packets=sum(one.sent.packets + one.returned.packets for one in connections),
        connections=len(connections),
        exported=exported,
    )
