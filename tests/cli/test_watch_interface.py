"""The whole command at an interface of a namespace: what passes, privileges, an interface gone."""

import json
import os
import pwd
import shutil
import signal
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.act.outputs.namespaces import Namespace, join, namespaces
from tests.act.outputs.programs import Server, checked, find, served
from tests.cli.test_watch import SOON_S, stored_responses
from tests.read.crafted_packets import ethernet, framed, ipv4, ipv6, make_query, make_response
from tests.read.crafted_packets import tcp as segment
from tests.read.crafted_packets import udp as datagram

import unflux
from unflux.model.errors import UnfluxError
from unflux.read.kernel.native import cache_folder, load_kernel
from unflux.watch.packet_socket import Limits, open_interface
from unflux.watch.privileges import become

PORT = 9153
SEND = """
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
    sender.bind((sys.argv[1], 0))
    for line in open(sys.argv[2]):
        sender.send(bytes.fromhex(line))
"""
ASK = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=10)
except urllib.error.HTTPError as ailing:
    answer = ailing
print(answer.read().decode())
"""

LOOP = f"""
import socket
with socket.socket(type=socket.SOCK_DGRAM) as server, socket.socket(type=socket.SOCK_DGRAM) as s:
    server.bind(("127.0.0.1", 53))
    s.bind(("127.0.0.1", 0))
    server.sendto(bytes.fromhex("{make_response("loop.example.").hex()}"), s.getsockname())
"""


class Watch:
    """A watch that runs in a namespace."""

    def __init__(self, server: Server, host: Namespace) -> None:
        self.process, self.said, self._host = server.process, server.said, host

    def health(self) -> dict[str, Any]:
        assert self.process.poll() is None, self.said()
        url = f"http://127.0.0.1:{PORT}/health"
        found: dict[str, Any] = json.loads(self._host.run(sys.executable, "-c", ASK, url))
        return found

    def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + SOON_S
        while not holds():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < ends, self.said()
            time.sleep(0.1)

    def statuses(self) -> list[dict[str, str]]:
        """Return what the system says of each thread."""
        lines = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                lines.append((task / "status").read_text().splitlines())
        return [dict(line.split(":\t", 1) for line in task if ":\t" in line) for task in lines]


def interpreter() -> list[str]:
    """Return what starts a Python whose library others may read; skip the test without one."""
    library = Path(os.__file__)
    if all(part.stat().st_mode & 0o005 == 0o005 for part in library.parents):
        return [sys.executable]
    other = shutil.which("python3", path="/usr/bin")
    ours = "{}.{}".format(*sys.version_info)
    asking = "import sys; print('{}.{}'.format(*sys.version_info))"
    if other is None or checked(other, "-I", "-c", asking).strip() != ours:
        pytest.skip("others may not read the library of this Python")
    packages = f"{sysconfig.get_path('purelib')}{os.pathsep}{Path(unflux.__file__).parents[1]}"
    return [find("env"), f"PYTHONPATH={packages}", other, "-P"]


@contextmanager
def watching(
    host: Namespace, folder: Path, *options: str, before: tuple[str, ...] = ()
) -> Iterator[Watch]:
    with served(
        PORT, folder / "watch.log", find("ip"), "netns", "exec", host.name, *before,
        *interpreter(), "-m", "unflux", "watch", "--store", str(folder / "store"),
        "--events", str(folder / "events.jsonl"), "--metrics", f"127.0.0.1:{PORT}",
        "--batch", "0.2", *options,
    ) as server:  # fmt: skip
        watch = Watch(server, host)
        watch.until(lambda: "/health" in watch.said())
        yield watch


@pytest.fixture
def folder() -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root makes namespaces")
    nobody = pwd.getpwnam("nobody")
    with TemporaryDirectory(prefix="ux") as name:
        os.chown(name, nobody.pw_uid, nobody.pw_gid)
        load_kernel()
        kept = Path(name, "unflux")
        shutil.copytree(cache_folder(), kept)
        for path in (kept, *kept.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        yield Path(name)


def frames() -> tuple[list[bytes], int]:
    """Return Ethernet frames, and how many responses they hold that a watch takes."""
    wire = make_response("a.example.")
    long = datagram(make_response("b.example.", *(f"192.0.2.{n}" for n in range(1, 41))))
    stream = framed(wire) + framed(wire)
    tagged = ethernet(b"\x00\x07\x08\x00" + ipv4(datagram(wire)), 0x8100)
    taken = [
        ethernet(ipv4(datagram(wire))),
        ethernet(ipv6(datagram(wire)), 0x86DD),
        tagged,
        # one in two fragments, two in a stream of two segments
        ethernet(ipv4(long[:400], place=0x2000)),
        ethernet(ipv4(long[400:], place=50)),
        ethernet(ipv4(segment(stream[:50], 1000), 6)),
        ethernet(ipv4(segment(stream[50:], 1050), 6)),
    ]
    left = [
        ethernet(ipv4(datagram(make_query(), 40000, 53))),
        ethernet(ipv4(datagram(wire, 5300))),
        ethernet(bytes(40), 0x0806),
    ]
    return left + taken, 6


def send(host: Namespace, link: str, folder: Path, octets: list[bytes]) -> None:
    file = folder / "frames"
    file.write_text("".join(f"{frame.hex()}\n" for frame in octets))
    host.run(sys.executable, "-c", SEND, link, str(file))


@pytest.mark.slow
def test_responses_that_pass_are_taken_by_a_user_without_privileges(folder: Path) -> None:
    octets, count = frames()
    with namespaces("left", "right") as (left, right):
        join(left, right, "tap")
        for host in (left, right):
            host.add("tap")
        # Fragments and streams are put together within a batch.
        options = ("--interface", "tap", "--interface", "lo", "--user", "nobody", "--batch", "1.5")
        with watching(right, folder, *options) as watch:
            for status in watch.statuses():
                assert status["Uid"].split() == [str(pwd.getpwnam("nobody").pw_uid)] * 4
                assert int(status["CapPrm"], 16) == int(status["CapEff"], 16) == 0
            (main,) = (s for s in watch.statuses() if s["Pid"] == str(watch.process.pid))
            assert main["NoNewPrivs"] == "1"
            assert (folder / "store").stat().st_uid == pwd.getpwnam("nobody").pw_uid
            send(right, "tap", folder, octets)  # goes out, as answers to clients do
            send(left, "tap", folder, octets)
            right.run(sys.executable, "-c", LOOP)
            watch.until(lambda: watch.health()["responses"] == count + 1)
            health = watch.health()
            assert health["records"]["interface tap"] == 7
            assert health["records"]["interface lo"] == 1
            assert health["drops"] == {}
            right.run("ip", "link", "set", "tap", "down")
            watch.until(lambda: "is down" in (watch.health()["failure"] or ""))
            right.run("ip", "link", "set", "tap", "up")
            watch.until(lambda: watch.health()["failure"] is None)
            send(left, "tap", folder, octets)
            watch.until(lambda: watch.health()["responses"] == 2 * count + 1)
            right.run("ip", "link", "del", "tap")
            watch.until(lambda: "has gone" in (watch.health()["failure"] or ""))
            watch.process.send_signal(signal.SIGTERM)
            assert watch.process.wait(timeout=60) == 0
    assert stored_responses(folder) == 2 * count + 1


@pytest.mark.slow
def test_a_granted_capability_is_given_back_once_it_was_used(folder: Path) -> None:
    granted = (
        "env", f"XDG_CACHE_HOME={folder}", find("setpriv"), "--reuid", "nobody", "--clear-groups",
        "--inh-caps", "+net_raw", "--ambient-caps", "+net_raw",
    )  # fmt: skip
    with (
        namespaces("alone") as (host,),
        watching(host, folder, "--interface", "lo", before=granted) as watch,
    ):
        for status in watch.statuses():
            assert int(status["CapPrm"], 16) == int(status["CapEff"], 16) == 0
            assert int(status["CapAmb"], 16) == 0
        host.run(sys.executable, "-c", LOOP)
        watch.until(lambda: watch.health()["responses"] == 1)


def test_without_privileges_it_says_what_to_grant() -> None:
    user = os.geteuid()
    if user == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        with (
            pytest.raises(UnfluxError, match=r"'lo': this needs CAP_NET_RAW: .*AmbientCap.*setcap"),
            open_interface("lo", {53}, Limits()),
        ):
            pass
        with pytest.raises(UnfluxError, match="only root can become another user"):
            become("nobody")
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("name", ["none0", "", "sixteenletters00", "a\x1b[2Jb"])
def test_an_interface_that_is_not_there_is_said_to_be(name: str) -> None:
    with (
        pytest.raises(UnfluxError, match="there is no such interface") as refused,
        open_interface(name, {53}, Limits()),
    ):
        pass
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("user", ["no such user", "root", "a\0b"])
def test_users_that_it_cannot_become(user: str) -> None:
    with pytest.raises(UnfluxError, match="--user"):
        become(user)
