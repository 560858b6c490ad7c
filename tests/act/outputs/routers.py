"""BGP speakers on loopback: BIRD that hears routes, BIRD that says them, and ExaBGP."""

import getpass
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.act.outputs.programs import checked, find, free_port

WAIT_S = 120.0
TABLES = ("heard4", "heard6", "heard_flow4", "heard_flow6")


class Router:
    """A BIRD in the foreground, and what its tables hold."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    def ask(self, *words: str) -> str:
        """Return what birdc answers, less its greeting."""
        said = checked(find("birdc"), "-s", self.folder / "ctl", *words)
        return "\n".join(said.splitlines()[1:])

    def heard(self) -> str:
        """Return every route that came by BGP, with its attributes."""
        return "\n".join(self.ask("show", "route", "table", table, "all") for table in TABLES)

    def until(self, is_so: Callable[[str], bool]) -> str:
        """Wait until what was heard is as wanted, and return it."""
        ends = time.monotonic() + WAIT_S
        while time.monotonic() < ends:
            said = self.heard()
            if is_so(said):
                return said
            time.sleep(0.2)
        raise AssertionError((said, (self.folder / "log").read_text(errors="replace")[-4000:]))


@contextmanager
def running(folder: Path, conf: str, port: int) -> Iterator[Router]:
    """Run BIRD with a configuration until the block ends."""
    bird = find("bird")
    folder.mkdir(exist_ok=True)
    (folder / "bird.conf").write_text(conf)
    with (folder / "log").open("wb") as sink:
        process = subprocess.Popen(
            [bird, "-f", "-c", folder / "bird.conf", "-s", folder / "ctl"],
            stdout=sink, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            ends = time.monotonic() + WAIT_S
            while "Started" not in (folder / "log").read_text():
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < ends
                time.sleep(0.05)
            yield Router(folder, port)
        finally:
            process.terminate()
            process.wait(timeout=20)


def channels(tables: tuple[str, ...], policy: str) -> str:
    """Return the channels of a session, each with a table of its own."""
    kinds = ("ipv4", "ipv6", "flow4", "flow6")
    return "\n".join(
        f"  {kind} {{ table {table}; {policy} }};"
        for kind, table in zip(kinds, tables, strict=True)
    )


@contextmanager
def listener(folder: Path, speaker_port: int) -> Iterator[Router]:
    """Run a BIRD that takes every route of a speaker on loopback."""
    port = free_port()
    conf = f"""router id 127.0.0.2;
log stderr all;
ipv4 table heard4; ipv6 table heard6; flow4 table heard_flow4; flow6 table heard_flow6;
protocol device {{}}
protocol bgp speaker {{
  local 127.0.0.2 port {port} as 65001;
  neighbor 127.0.0.3 port {speaker_port} as 65001;
  multihop; passive;
{channels(TABLES, "import all; export none;")}
}}
"""
    with running(folder, conf, port) as router:
        yield router


def speaker_conf(port: int, listener_port: int, include: Path) -> str:
    """Return the configuration of a BIRD that says what the included file holds."""
    tables = ("unflux4", "unflux6", "unflux_flow4", "unflux_flow6")
    return f"""router id 127.0.0.3;
log stderr all;
protocol device {{}}
include "{include}";
protocol bgp listener {{
  local 127.0.0.3 port {port} as 65001;
  neighbor 127.0.0.2 port {listener_port} as 65001;
  multihop; connect delay time 1; error wait time 1, 2;
{channels(tables, "import none; export filter unflux_export;")}
}}
"""


@contextmanager
def exabgp(folder: Path, port: int, listener_port: int, *command: str) -> Iterator[Path]:
    """Run ExaBGP with a process of ours until the block ends; yield its log."""
    pytest.importorskip("exabgp", reason="exabgp is not installed")
    folder.mkdir(exist_ok=True)
    wrapper = folder / "announce"
    words = " ".join(f"'{word}'" for word in command)
    wrapper.write_text(f"#!/bin/sh\nexec {words} 2>>'{folder}/said'\n")
    wrapper.chmod(0o755)
    (folder / "exabgp.conf").write_text(f"""process unflux {{ run {wrapper}; encoder text; }}
neighbor 127.0.0.2 {{
  router-id 127.0.0.3; local-address 127.0.0.3; local-as 65001; peer-as 65001;
  connect {listener_port};
  family {{ ipv4 unicast; ipv6 unicast; ipv4 flow; ipv6 flow; }}
  api {{ processes [ unflux ]; }}
}}
""")
    log = folder / "log"
    told = {"exabgp.daemon.user": getpass.getuser(), "exabgp.tcp.bind": "",
            "exabgp.tcp.port": str(port), "exabgp.api.cli": "false"}  # fmt: skip
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "exabgp", "server", folder / "exabgp.conf"],
            stdout=sink, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **told}, start_new_session=True,
        )  # fmt: skip
        try:
            yield log
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
