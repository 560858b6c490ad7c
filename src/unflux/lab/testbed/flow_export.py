"""Flows of a capture as an exporter and a collector of IPFIX make them: softflowd and nfcapd."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from unflux.lab.testbed.flow_collector import PATIENCE_S, PORT, Collector, collecting
from unflux.lab.testbed.namespaces import entered
from unflux.lab.testbed.programs import Programs, last_words
from unflux.model.errors import UnfluxError

FLOWS: Final = "flows.csv"
"""Whole seconds, as nfdump writes CSV."""
FLOWS_EXACT: Final = "flows.json"
COLLECTED: Final = "ipfix.nfcapd"
EXPORT_S: Final = 120.0
"""How long the exporter may read a small capture."""
EXPORT_OCTETS_PER_S: Final = 1_000_000
"""So much more time for a large one."""
WRITE_S: Final = 600.0
"""How long flows may take to be written as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What became of a capture's flows, by what the two programs say of themselves."""

    packets: int
    """Of the capture, in flows: those of IP that were whole."""
    flows: int
    """That the exporter sent."""
    lost: int
    """Those of them that the collector did not get."""
    failures: int
    """Messages that the exporter could not send."""


def export_flows(programs: Programs, namespace: str, capture: Path, folder: Path) -> Exported:
    """Write a capture's flows as ``ipfix.nfcapd``, ``flows.csv`` and ``flows.json``.

    Exporter and collector run on the loopback of a namespace. A flow is one way; its times are in
    UTC, exact to the millisecond save in the CSV. What a folder of an earlier run holds is
    replaced. Raises UnfluxError where a program fails or does not say what it did.
    """
    gathered = folder / "nfcapd"
    if gathered.exists():
        shutil.rmtree(gathered)
    gathered.mkdir()
    patience_s = EXPORT_S + capture.stat().st_size / EXPORT_OCTETS_PER_S
    most_s = patience_s + 4 * PATIENCE_S
    with collecting(programs, namespace, gathered, most_s=most_s) as collector:
        said = _relay_messages(programs, namespace, capture, collector, patience_s)
        collected = collector.end()
    collector.bring_together(programs, folder / COLLECTED)
    shutil.rmtree(gathered)
    for path, form in ((folder / FLOWS, "csv"), (folder / FLOWS_EXACT, "json")):
        programs.write(path, "nfdump", "-r", folder / COLLECTED, "-o", form, patience_s=WRITE_S)
    _require_whole(folder, collected)
    sent = _count(said, r"Flows exported: \d+ \((\d+) records\)")
    return Exported(
        packets=_count(said, r"Packets processed: (\d+)"),
        flows=sent,
        lost=max(0, sent - collected),
        failures=_count(said, r"in \d+ packets \((\d+) failures\)"),
    )


def _require_whole(folder: Path, flows: int) -> None:
    """Raise UnfluxError where not all flows are in the files of text.

    Neither nfcapd nor nfdump says that a disk is full. The last line of CSV sums up.
    """
    with (folder / FLOWS).open("rb") as stream:
        last = b""
        for line in stream:
            last = line
    with (folder / FLOWS_EXACT).open("rb") as stream:
        held, end = 0, b""
        for line in stream:
            held += line.startswith(b'\t"type" :')
            end = line
    is_closed = held == 0 or end.endswith(b"]\n")
    if last.split(b",")[0] != str(flows).encode() or held != flows or not is_closed:
        message = f"{folder} holds not all of {flows:,} flows: is the disk full?"
        raise UnfluxError(message)


def _relay_messages(
    programs: Programs, namespace: str, capture: Path, collector: Collector, patience_s: float
) -> str:
    """Have the exporter's messages collected, and return what it said.

    By TCP from it and at the collector's own pace: it sends a file's flows faster than any socket
    takes them, and datagrams that find no room are lost without a word.
    """
    log = capture.with_name("softflowd.log")
    with entered(namespace):
        listener = socket.create_server(("127.0.0.1", PORT))
        onward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with listener, onward, log.open("wb") as said:
        listener.settimeout(PATIENCE_S)
        exporter = subprocess.Popen(  # noqa: S603  words are ours
            [
                *programs.bound_to_this("KILL"), programs.paths["ip"], "netns", "exec", namespace,
                programs.paths["softflowd"], "-d", "-r", capture.name, "-n", f"127.0.0.1:{PORT}",
                "-P", "tcp", "-v", "10", "-A", "milli", "-m", "1000000", "-p", "softflowd.pid",
                "-c", "none",
            ],
            cwd=capture.parent, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        )  # fmt: skip
        try:
            with listener.accept()[0] as opened, opened.makefile("rb") as stream:
                opened.settimeout(patience_s)
                for octets in _messages(stream):
                    onward.sendto(octets, ("127.0.0.1", PORT))
                    collector.wait_for_room()
            status = exporter.wait(PATIENCE_S)
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            message = f"softflowd does not export: {last_words(log)}"
            raise UnfluxError(message) from error
        finally:
            exporter.kill()
            exporter.wait()
    if status:
        message = f"softflowd failed: {last_words(log)}"
        raise UnfluxError(message)
    told = log.read_text(encoding="utf-8", errors="replace")
    for left in (log, capture.with_name("softflowd.pid")):
        left.unlink(missing_ok=True)
    return told


def _messages(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the messages of IPFIX in a stream (RFC 7011 section 3.1)."""
    while len(head := stream.read(4)) == 4:
        yield head + stream.read(int.from_bytes(head[2:]) - len(head))


def _count(said: str, pattern: str) -> int:
    found = re.search(pattern, said)
    if found is None:
        message = "softflowd does not say what it sent"
        raise UnfluxError(message)
    return int(found.group(1))
