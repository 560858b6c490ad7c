"""What a capture loses is told, and one that fails does no harm to the next."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import jsonschema
import pytest
from tests.act.outputs.programs import checked, find
from tests.lab.testbed.beds import Bed, raised

from unflux.lab.testbed import dnstap_parts, flow_collector, flow_export
from unflux.lab.testbed.blueprint import Segment
from unflux.lab.testbed.capturing import capture
from unflux.lab.testbed.flow_export import export_flows
from unflux.lab.testbed.namespaces import identify, namespace_name, namespaces_of, processes_in
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.programs import CAPTURE_PACKAGES, Programs, find_programs
from unflux.model.errors import UnfluxError

pytestmark = pytest.mark.slow
DEADLINE_S = 60.0
SCHEMA = Path(__file__).parents[3] / "docs" / "schemas" / "capture-1.schema.json"


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    for command in (*CAPTURE_PACKAGES, "dnstap-read"):
        find(command)
    folder = tmp_path_factory.mktemp("testbed") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dnstap_parts, "PART_OCTETS", 4096)
        with raised(folder, Options(minutes=10, agents=4, clients=12)) as there:
            yield there


def read(path: Path) -> str:
    """Return what a file holds, nothing where it is not there yet or any more."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def running(bed: Bed, program: str, segment: Segment | None = None) -> list[int]:
    names = namespaces_of(bed.record.testbed)
    if segment is not None:
        names = (namespace_name(bed.record.testbed, segment),)
    return [
        process for process in processes_in(identify(names))
        if read(Path(f"/proc/{process}/comm")).strip() == program
    ]  # fmt: skip


def wait_for(is_so: Callable[[], object]) -> None:
    ends = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_packets_that_find_no_room_are_told(bed: Bed, tmp_path: Path) -> None:
    """The tap at the honeypot stands still while more is sent there than its buffer holds."""
    honeypot = bed.blueprint.hosts["honeypot"][0]
    flood = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"for _ in range(20_000): s.sendto(bytes(1400), ('{honeypot}', 9))"
    )
    with ThreadPoolExecutor(1) as beside:
        # Long enough for the flood; what follows waits for nothing.
        taking = beside.submit(capture, bed.state, tmp_path, 6)
        wait_for(lambda: "listening" in read(tmp_path / "honeypot" / "tcpdump.log"))
        (tap,) = running(bed, "tcpdump", "honeypot")
        os.kill(tap, signal.SIGSTOP)
        try:
            bed.run("core", find("python3"), "-c", flood)
        finally:
            os.kill(tap, signal.SIGCONT)
        taken = taking.result()
    lost = {one.vantage: one.tally.dropped_by_kernel for one in taken.vantages}
    assert lost["honeypot"] > 1000
    assert lost["edge"] == lost["resolver"] == 0
    told = [loss for one in taken.vantages for loss in one.losses()]
    assert told == [
        f"{lost['honeypot']:,} packets dropped by the kernel at the honeypot: it has gaps"
    ]
    report = json.loads((tmp_path / "capture.json").read_text())
    jsonschema.validate(report, json.loads(SCHEMA.read_text()))
    assert {v["vantage"]: v["dropped_by_kernel"] for v in report["vantages"]} == lost
    for one, vantage in zip(taken.vantages, report["vantages"], strict=True):
        whole = checked(find("tcpdump"), "-n", "-r", one.folder / "capture.pcap")
        assert vantage["packets"] == len([line for line in whole.splitlines() if line[0].isdigit()])
        # The honeypot's host says by ICMP that nobody listens there.
        assert vantage["packets_in_logs"] <= vantage["packets_in_flows"] <= vantage["packets"]
        assert vantage["flows_lost"] == vantage["flow_messages_failed"] == 0
        left = {path.name for path in one.folder.iterdir()} & {"tcpdump.log", "softflowd.log"}
        assert not left
    # Parts of 2,048 octets: what was joined is whole, by another decoder.
    messages = checked(find("dnstap-read"), tmp_path / "resolver" / "dnstap.fstrm").splitlines()
    assert len(messages) == report["dnstap_messages"] > 50
    assert (tmp_path / "resolver" / "dnstap.fstrm").stat().st_size > 3 * 4096
    kinds = Counter(line.split()[2] for line in messages)
    assert set(kinds) == {"CR", "RR"}


def test_dnstap_is_bounded_while_nobody_fetches_it(bed: Bed) -> None:
    """Far more parts than BIND is to keep, as it was told to close them; one more by its size."""
    folder, most = bed.state.folder / "north", dnstap_parts.MOST_PARTS
    roll = (find("rndc"), "-k", folder / "rndc.key", "-p", "953", "dnstap", "-roll")
    for _ in range(2 * most):
        bed.run("north", *roll)
        time.sleep(0.01)  # parts are named by the millisecond
    assert len(list(folder.glob("dnstap.fstrm.*"))) > most
    wait_for(lambda: len(list(folder.glob("dnstap.fstrm.*"))) <= most)
    assert not list((bed.state.folder / "south").glob("dnstap*"))


def test_a_tap_that_ends_early_fails_the_capture(bed: Bed, tmp_path: Path) -> None:
    (tmp_path / "capture.json").write_text("of another capture")
    with ThreadPoolExecutor(1) as beside:
        taking = beside.submit(capture, bed.state, tmp_path, 600)
        wait_for(lambda: "listening" in read(tmp_path / "honeypot" / "tcpdump.log"))
        (tap,) = running(bed, "tcpdump", "isp")
        os.kill(tap, signal.SIGKILL)
        with pytest.raises(UnfluxError, match="tap at the edge ended early"):
            taking.result()
    assert not running(bed, "tcpdump")
    assert not list(tmp_path.rglob("*.log"))
    assert not (tmp_path / "capture.json").exists()


def test_a_full_disk_fails_the_capture(bed: Bed, tmp_path: Path) -> None:
    """tcpdump does not see it; ``/dev/full`` for the first file that is written."""
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "capture.pcap").symlink_to("/dev/full")
    with pytest.raises(UnfluxError, match=r"0 of [\d,]+ packets: is the disk full"):
        capture(bed.state, tmp_path, 1)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_full_disk_fails_the_flows(bed: Bed, tmp_path: Path, form: str) -> None:
    """nfdump does not see it: what it writes ends in the middle."""
    capture(bed.state, tmp_path, 1)
    folder = tmp_path / "edge"
    real = find_programs(CAPTURE_PACKAGES)
    cut = tmp_path / "nfdump"
    cut.write_text(
        f'#!/bin/sh\ncase "$*" in\n*"-o {form}") {real.paths["nfdump"]} "$@" | head -c 1500 ;;\n'
        f'*) exec {real.paths["nfdump"]} "$@" ;;\nesac\n'
    )
    cut.chmod(0o755)
    programs = Programs({**real.paths, "nfdump": str(cut)})
    core = namespace_name(bed.record.testbed, "core")
    with pytest.raises(UnfluxError, match=r"not all of .* flows: is the disk full"):
        export_flows(programs, core, folder / "capture.pcap", folder)


def test_a_capture_that_failed_does_the_next_no_harm(
    bed: Bed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = find_programs(CAPTURE_PACKAGES)
    broken = Programs({**real.paths, "rndc": find("false")})
    monkeypatch.setattr("unflux.lab.testbed.capturing.find_programs", lambda _: broken)
    with pytest.raises(UnfluxError, match="failed"):
        capture(bed.state, tmp_path / "broken", 1)
    monkeypatch.undo()
    assert capture(bed.state, tmp_path / "next", 1).messages > 0


@pytest.mark.parametrize("at", ["tcpdump", "nfcapd"])
def test_a_capture_that_is_killed_leaves_nothing_running(bed: Bed, tmp_path: Path, at: str) -> None:
    """At the collector it is held by an exporter that never sends."""
    held = tmp_path / "held"
    held.mkdir()
    (held / "softflowd").write_text("#!/bin/sh\nexec sleep 600\n")
    (held / "softflowd").chmod(0o755)
    taking = subprocess.Popen(
        [sys.executable, "-P", "-m", "unflux", "lab", "capture",
         "--seconds", "600" if at == "tcpdump" else "1",
         "--out", tmp_path / "killed", "--state", bed.state.folder],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": os.pathsep.join((str(held), os.environ["PATH"]))},
    )  # fmt: skip
    try:
        wait_for(lambda: running(bed, at))
    finally:
        taking.kill()
        taking.wait()
    wait_for(lambda: not any(running(bed, p) for p in ("tcpdump", "nfcapd", "sleep")))
    assert capture(bed.state, tmp_path / "next", 1).messages > 0


def test_flows_are_in_utc_wherever_the_machine_is(
    bed: Bed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "EST5")
    began_at = datetime.fromtimestamp(capture(bed.state, tmp_path, 1).began_at_s, UTC)
    folder = tmp_path / "edge"
    with (folder / "flows.csv").open() as stream:
        starts = [row["ts"] for row in csv.DictReader(stream) if row["pr"]]
    starts += [flow[0] for flow in flows(folder)]
    assert starts
    for start in starts:
        assert abs(datetime.fromisoformat(f"{start}+00:00") - began_at) < timedelta(minutes=5)


def flows(folder: Path) -> list[tuple[str, ...]]:
    keys = ("first", "src4_addr", "dst4_addr", "src_port", "dst_port", "in_packets")
    return sorted(
        tuple(str(flow.get(key)) for key in keys)
        for flow in json.loads((folder / "flows.json").read_text())
    )


def test_flows_are_whole_over_midnight_and_what_is_lost_is_told(
    bed: Bed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nfcapd begins a file at each multiple of its time: two seconds, here, of a slow exporter."""
    capture(bed.state, tmp_path, 3)
    folder = tmp_path / "edge"
    programs, core = find_programs(CAPTURE_PACKAGES), namespace_name(bed.record.testbed, "core")
    whole = flows(folder)
    read_messages = flow_export._messages
    files: list[int] = []

    def slowly(stream: BinaryIO) -> Iterator[bytes]:
        for number, octets in enumerate(read_messages(stream)):
            if number in {1, 2}:
                threading.Event().wait(2.2)
            yield octets
        files.append(len(list((folder / "nfcapd").glob("nfcapd.*"))))

    monkeypatch.setattr(flow_collector, "ROTATION_S", 2)
    monkeypatch.setattr(flow_export, "_messages", slowly)
    told = export_flows(programs, core, folder / "capture.pcap", folder)
    assert files[0] > 1
    assert (told.flows, told.lost) == (len(whole), 0)
    assert flows(folder) == whole

    def but_one(stream: BinaryIO) -> Iterator[bytes]:
        yield from (octets for n, octets in enumerate(read_messages(stream)) if n != 1)

    monkeypatch.setattr(flow_export, "_messages", but_one)
    told = export_flows(programs, core, folder / "capture.pcap", folder)
    assert told.lost == len(whole) - len(flows(folder)) > 0
