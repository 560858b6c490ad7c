"""Flows of a capture as an exporter and a collector of IPFIX make them: softflowd and nfcapd."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from unflux.lab.testbed.namespaces import entered
from unflux.lab.testbed.programs import Programs
from unflux.model.errors import UnfluxError

PORT: Final = 2055
FLOWS: Final = "flows.csv"
"""Whole seconds, as nfdump writes CSV."""
FLOWS_EXACT: Final = "flows.json"
COLLECTED: Final = "ipfix.nfcapd"
PATIENCE_S: Final = 20.0
EXPORT_S: Final = 120
"""How long the exporter may read a capture, and how long the collector lives at most."""
MOST_WAITING_OCTETS: Final = 32_768
"""What may wait at the collector, by the kernel's count. Chosen: 2026-11-28; a seventh of what a
socket holds by default."""
_POLL_S: Final = 0.02


def export_flows(programs: Programs, namespace: str, capture: Path, folder: Path) -> None:
    """Write a capture's flows as ``ipfix.nfcapd``, ``flows.csv`` and ``flows.json``.

    Exporter and collector run on the loopback of a namespace. A flow is one way; its times are
    exact to the millisecond, save in the CSV. What a folder of an earlier run holds is replaced.
    """
    gathered = folder / "nfcapd"
    if gathered.exists():
        shutil.rmtree(gathered)
    gathered.mkdir()
    collector = subprocess.Popen(  # noqa: S603  words are ours
        [
            programs.paths["ip"], "netns", "exec", namespace, programs.paths["timeout"],
            str(EXPORT_S), programs.paths["nfcapd"], "-l", gathered, "-b", "127.0.0.1",
            "-p", str(PORT), "-t", "86400",
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for_queue(collector, is_listening=True)
        _relay_messages(programs, namespace, capture, collector)
        _wait_for_queue(collector, most_octets=0)
    finally:
        collector.terminate()
        collector.wait()
    files = sorted(path for path in gathered.iterdir() if re.fullmatch(r"nfcapd\.\d+", path.name))
    if len(files) != 1:
        message = f"nfcapd left {len(files)} files of {capture}"
        raise UnfluxError(message)
    files[0].rename(folder / COLLECTED)
    shutil.rmtree(gathered)
    (capture.parent / "softflowd.pid").unlink(missing_ok=True)
    for path, form in ((folder / FLOWS, "csv"), (folder / FLOWS_EXACT, "json")):
        said = programs.run("nfdump", "-r", folder / COLLECTED, "-o", form)
        path.write_text(said, encoding="utf-8")


def _relay_messages(
    programs: Programs, namespace: str, capture: Path, collector: "subprocess.Popen[bytes]"
) -> None:
    """Have the exporter's messages collected, by TCP from it and at the collector's own pace.

    The exporter sends a file's flows faster than any socket takes them, and datagrams that find no
    room are lost without a word.
    """
    with entered(namespace):
        listener = socket.create_server(("127.0.0.1", PORT))
        onward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with listener, onward:
        listener.settimeout(PATIENCE_S)
        exporter = subprocess.Popen(  # noqa: S603  words are ours
            [
                programs.paths["ip"], "netns", "exec", namespace, programs.paths["softflowd"],
                "-d", "-r", capture.name, "-n", f"127.0.0.1:{PORT}", "-P", "tcp", "-v", "10",
                "-A", "milli", "-m", "1000000", "-p", "softflowd.pid", "-c", "none",
            ],
            cwd=capture.parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with listener.accept()[0] as opened, opened.makefile("rb") as stream:
                opened.settimeout(EXPORT_S)
                for octets in _messages(stream):
                    onward.sendto(octets, ("127.0.0.1", PORT))
                    _wait_for_queue(collector, most_octets=MOST_WAITING_OCTETS)
        except TimeoutError as error:
            message = "softflowd does not export"
            raise UnfluxError(message) from error
        finally:
            exporter.terminate()
            exporter.wait()


def _messages(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the messages of IPFIX in a stream (RFC 7011 section 3.1)."""
    while len(head := stream.read(4)) == 4:
        yield head + stream.read(int.from_bytes(head[2:]) - len(head))


def _wait_for_queue(
    collector: "subprocess.Popen[bytes]", *, is_listening: bool = False, most_octets: int = 0
) -> None:
    """Wait until the collector listens, or until no more than so much waits for it."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        waiting = _waiting_octets(collector.pid)
        if waiting is not None and (is_listening or waiting <= most_octets):
            return
        if collector.poll() is not None:
            break
        time.sleep(_POLL_S)
    message = "nfcapd does not collect"
    raise UnfluxError(message)


def _waiting_octets(process: int) -> int | None:
    """Return what waits at the collector's socket (proc(5), /proc/net/udp); null without one."""
    for line in Path(f"/proc/{process}/net/udp").read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        if words[1].endswith(f":{PORT:04X}"):
            return int(words[4].split(":")[1], 16)
    return None
