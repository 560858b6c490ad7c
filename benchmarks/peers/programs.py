"""Other programs that read DNS from captures: how each is run, on how much, and what it says."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
PYTHON: Final = "peers/bin/python"
"""The interpreter that has dpkt and dnspython, below the benchmark's folder."""

Command = tuple[str | Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A program beside unflux."""

    name: str
    program: str
    """What must be on the path, or the module that the peers' interpreter must have."""
    version: Command
    """Prints the version somewhere in its first lines."""
    command: Callable[[Path, Path], Command]
    """What to run on a capture, given a folder to write to as well."""
    form: str = "pcap"
    most_responses: int
    """It is given no more than this many: so that a round ends in some seconds."""
    said: str
    """What one response looks like in what it writes; see :func:`count_said`."""
    does: str
    """What it makes of the capture."""
    is_python: bool = False


def _suricata(capture: Path, scratch: Path) -> Command:
    return ("suricata", "-c", HERE / "suricata.yaml", "-r", capture, "-l", scratch,
            "--runmode", "single")  # fmt: skip


_TSHARK_FIELDS: Final = (
    "frame.time_epoch", "ip.dst", "ipv6.dst", "dns.qry.name", "dns.qry.type", "dns.flags.rcode",
    "dns.resp.name", "dns.resp.type", "dns.resp.ttl", "dns.a", "dns.aaaa", "dns.cname", "dns.ns",
)  # fmt: skip

PEERS: Final = (
    Peer(
        name="tcpdump", program="tcpdump", version=("tcpdump", "--version"),
        command=lambda capture, _: ("tcpdump", "-n", "-r", capture),
        most_responses=200_000, said=r"^\d\d:\d\d:\d\d\.",
        does="one line of text a response, with the answer section and without TTLs",
    ),
    Peer(
        name="dnscap", program="dnscap", version=("dnscap", "-V"),
        command=lambda capture, _: ("dnscap", "-r", capture, "-g"),
        most_responses=100_000, said=r"\tdns QUERY,",
        does="every record as text",
    ),
    Peer(
        name="tshark", program="tshark", version=("tshark", "--version"),
        command=lambda capture, _: (
            "tshark", "-n", "-r", capture, "-T", "fields",
            *(part for field in _TSHARK_FIELDS for part in ("-e", field)),
        ),
        most_responses=100_000, said=r"^\d+\.\d+\t",
        does="thirteen fields of each response as a row",
    ),
    Peer(
        name="Suricata", program="suricata", version=("suricata", "-V"), command=_suricata,
        most_responses=200_000, said=r'"type":"answer"',
        does="eve.json with DNS events only; it does not decode responses to no question",
    ),
    Peer(
        name="Suricata with questions", program="suricata", version=("suricata", "-V"),
        command=_suricata, form="exchanges", most_responses=100_000, said=r'"type":"answer"',
        does="eve.json with DNS events only, of a capture of both directions",
    ),
    Peer(
        name="dpkt", program="dpkt", is_python=True,
        version=("-c", "import dpkt; print('dpkt', dpkt.__version__)"),
        command=lambda capture, _: (HERE / "read_with_dpkt.py", capture),
        most_responses=30_000, said=r'"responses"',
        does="every record as an object, kept nowhere",
    ),
    Peer(
        name="dnspython", program="dns", is_python=True,
        version=("-c", "import dns.version; print('dnspython', dns.version.version)"),
        command=lambda capture, _: (HERE / "read_with_dnspython.py", capture),
        most_responses=10_000, said=r'"responses"',
        does="every record as an object, kept nowhere",
    ),
)  # fmt: skip


def find_version(peer: Peer, folder: Path) -> str | None:
    """Return the version of a peer as it tells it, or null where it is not installed."""
    command = with_interpreter(peer, peer.version, folder)
    if command is None:
        return None
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=60, check=False
    )
    found = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
    return found[0] if found and (done.returncode == 0 or not peer.is_python) else None


def with_interpreter(peer: Peer, command: Command, folder: Path) -> Command | None:
    """Return the whole command, or null where what should run it is not there."""
    if peer.is_python:
        interpreter = folder / PYTHON
        return (interpreter, *command) if interpreter.exists() else None
    return command if shutil.which(peer.program) else None


def count_said(peer: Peer, capture: Path, folder: Path, scratch: Path) -> int | None:
    """Return of how many responses of a small capture a peer says anything; null if it fails."""
    command = with_interpreter(peer, peer.command(capture, scratch), folder)
    if command is None:
        return None
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, timeout=120, check=False
    )
    if done.returncode != 0:
        return None
    octets = b"".join((done.stdout, done.stderr, *(p.read_bytes() for p in scratch.iterdir())))
    text = octets.decode(errors="replace")
    if peer.is_python:
        counted = re.search(r'"responses": (\d+)', text)
        return int(counted[1]) if counted else None
    return len(re.findall(peer.said, text, re.MULTILINE))
