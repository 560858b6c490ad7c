"""Flows of a capture as an exporter and a collector of IPFIX make them: softflowd and nfcapd."""

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from unflux.lab.testbed.programs import Programs
from unflux.model.errors import UnfluxError

PORT: Final = 2055
FLOWS: Final = "flows.csv"
"""Whole seconds, as nfdump writes CSV."""
FLOWS_EXACT: Final = "flows.json"
COLLECTED: Final = "ipfix.nfcapd"
PATIENCE_S: Final = 20.0
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
            programs.paths["ip"], "netns", "exec", namespace, programs.paths["timeout"], "120",
            programs.paths["nfcapd"], "-l", gathered, "-b", "127.0.0.1", "-p", str(PORT),
            "-t", "86400",
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for_queue(collector, is_empty=False)
        programs.run(
            "ip", "netns", "exec", namespace, programs.paths["softflowd"], "-d",
            "-r", capture.name,
            "-n", f"127.0.0.1:{PORT}", "-v", "10", "-A", "milli", "-m", "1000000",
            "-p", "softflowd.pid", "-c", "none", folder=capture.parent,
        )  # fmt: skip
        _wait_for_queue(collector, is_empty=True)
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


def _wait_for_queue(collector: "subprocess.Popen[bytes]", *, is_empty: bool) -> None:
    """Wait until the collector listens, or until it has read all it was sent."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        waiting = _waiting_octets(collector.pid)
        if waiting is not None and (waiting == 0 or not is_empty):
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
