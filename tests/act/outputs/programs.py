"""Real programs on loopback for the tests of outputs; tests of one that is missing are skipped."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

SYSTEM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/local/sbin")
START_S = 90.0

ROOT_ZONE = """\
$TTL 60
. SOA localhost. root.localhost. 1 60 60 60 60
. NS localhost.
localhost. A 127.0.0.1
bad.example. A 20.0.0.1
bad.example. AAAA 2a09::1
bad.example. HTTPS 1 . ipv4hint=20.0.0.1
bad.example. MX 0 bad.example.
bad.example. TXT "20.0.0.1"
www.bad.example. A 20.0.0.1
worse.example. A 20.0.0.1
good.example. A 20.0.0.2
agent.example. A 20.1.2.3
agent6.example. AAAA 2a09::7
garden.example. A 20.0.0.3
"""
"""All the names there are: whoever serves this as the root asks nobody else."""


def find(command: str) -> str:
    """Return the path of a program; skip the test where it is not installed."""
    path = shutil.which(command) or shutil.which(command, path=os.pathsep.join(SYSTEM_FOLDERS))
    if path is None:
        pytest.skip(f"{command} is not installed")
    return path


WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
FIRST_PORT, PORT_COUNT = 12_000 + 4000 * (WORKER % 5), 4000
PORTS = islice(
    cycle(range(FIRST_PORT, FIRST_PORT + PORT_COUNT)), os.getpid() * 61 % PORT_COUNT, None
)
"""Below those that the system gives to whoever asks, and for each worker others: what is free
stays so until it is used."""


def free_port() -> int:
    """Return a port that is free for UDP and TCP on loopback, another each time."""
    for port in islice(PORTS, 100):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError


def checked(*command: str | Path, folder: Path | None = None) -> str:
    """Run a program to its end; fail the test, with all it said, where it fails."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, cwd=folder,
        errors="replace", timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    return said


OTHER_TYPES = ("AAAA", "HTTPS", "MX", "TXT")
"""What ``bad.example`` has there beside an IPv4 address."""


class Server:
    """A server that runs in the foreground and answers DNS on a port of loopback."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def ask(self, name: str, rrtype: str = "A", *, within_s: float = 10) -> tuple[str, list[str]]:
        """Return the response code, and the addresses and records of the type in the answer."""
        query = dns.message.make_query(name, rrtype)
        answer = dns.query.udp(query, "127.0.0.1", port=self.port, timeout=within_s)
        wanted = (dns.rdatatype.A, dns.rdatatype.AAAA, dns.rdatatype.from_text(rrtype))
        found = [r.to_text() for rrset in answer.answer if rrset.rdtype in wanted for r in rrset]
        return dns.rcode.to_text(answer.rcode()), found

    def until(self, name: str, expected: tuple[str, list[str]], rrtype: str = "A") -> None:
        """Wait until a name is answered so."""
        ends = time.monotonic() + START_S
        last: object = None
        within_s = 0.2  # nobody says that the server does not listen yet
        while time.monotonic() < ends:
            try:
                last = self.ask(name, rrtype, within_s=within_s)
            except (dns.exception.DNSException, OSError) as error:
                last = error
                within_s = min(within_s * 1.5, 10)
            if last == expected:
                return
            assert self.process.poll() is None, self.said()
            time.sleep(0.1)
        raise AssertionError((last, self.said()))

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def said(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def served(port: int, log: Path, *command: str | Path) -> Iterator[Server]:
    """Run a server until the block ends."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            list(map(str, command)), stdout=sink, stderr=subprocess.STDOUT, cwd=log.parent,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield Server(process, port, log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def bind(folder: Path, policy_zone: str | None = None) -> Iterator[Server]:
    """Run BIND as the root of a little internet, with ``rpz.zone`` of the folder as its policy."""
    named, port = find("named"), free_port()
    folder.mkdir(exist_ok=True)
    (folder / "root.zone").write_text(ROOT_ZONE)
    policy = zone = ""
    if policy_zone is not None:
        policy = (
            f'response-policy {{ zone "{policy_zone}"; }} qname-wait-recurse no '
            "min-update-interval 0;"
        )
        zone = f'zone "{policy_zone}" {{ type primary; file "rpz.zone"; }};'
    (folder / "named.conf").write_text(
        f"""options {{
            directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key";
            listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            allow-query {{ 127.0.0.1; }}; allow-recursion {{ 127.0.0.1; }}; recursion yes;
            dnssec-validation no; empty-zones-enable no; {policy}
        }};
        controls {{ }};
        zone "." {{ type primary; file "root.zone"; }};
        {zone}
        """
    )
    conf = folder / "named.conf"
    with served(port, folder / "named.log", named, "-g", "-n", "1", "-c", conf) as server:
        server.until("good.example", ("NOERROR", ["20.0.0.2"]))
        yield server


@contextmanager
def unbound(
    folder: Path, upstream: int, *clauses: str, modules: str = "iterator", port: int | None = None
) -> Iterator[Server]:
    """Run Unbound as a resolver that asks one server on loopback, by what the clauses add.

    ``folder`` holds its configuration and log. ``port``: its own; null: a free one.
    """
    program, port = find("unbound"), free_port() if port is None else port
    conf, more = folder / "unbound.conf", "\n".join(clauses)
    conf.write_text(
        f"""server:
  interface: 127.0.0.1@{port}
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  module-config: "{modules}"
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{upstream}
{more}
"""
    )
    checked(find("unbound-checkconf"), conf)
    with served(port, folder / "unbound.log", program, "-d", "-c", conf) as server:
        yield server
