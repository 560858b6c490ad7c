"""Network namespaces of a test's own, joined by veth pairs; nothing in them leads anywhere else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

import pytest
from tests.act.outputs.programs import checked, find

_NUMBERS = count()

TRY_TCP = """
import socket, sys
with socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET) as s:
    s.settimeout(1.5)
    try:
        s.connect((sys.argv[1], int(sys.argv[2])))
        print(s.recv(2).decode())
    except OSError as error:
        print(type(error).__name__)
"""
SERVE_TCP = """
import socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])),
                         family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b"ok")
    c.close()
"""
SERVE_UDP = """
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    s.sendto(b"ok", s.recvfrom(512)[1])
"""
TRY_UDP = """
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM)
s.settimeout(1.5)
try:
    s.sendto(b"?", (sys.argv[1], int(sys.argv[2])))
    print(s.recv(2).decode())
except OSError as error:
    print(type(error).__name__)
"""


class Namespace:
    """One host of a little network."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._servers: list[subprocess.Popen[str]] = []

    def run(self, *command: str) -> str:
        return checked(find("ip"), "netns", "exec", self.name, *command)

    def add(self, link: str, *addresses: str) -> None:
        """Bring a link up with addresses."""
        for address in addresses:
            family = ["-6"] if ":" in address else []
            dad = ["nodad"] if ":" in address else []
            self.run("ip", *family, "addr", "add", address, "dev", link, *dad)
        self.run("ip", "link", "set", link, "up")

    def serve(self, script: str, address: str, port: int) -> None:
        server = subprocess.Popen(
            [find("ip"), "netns", "exec", self.name, sys.executable, "-c", script, address,
             str(port)],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._servers.append(server)
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"

    def attempt(self, script: str, address: str, port: int) -> str:
        return self.run(sys.executable, "-c", script, address, str(port)).strip()

    def end(self) -> None:
        for server in self._servers:
            server.kill()
            server.wait()
            if server.stdout is not None:
                server.stdout.close()
        subprocess.run([find("ip"), "netns", "del", self.name], check=False, capture_output=True)


@contextmanager
def namespaces(*titles: str) -> Iterator[list[Namespace]]:
    """Make namespaces; skip the test where this process may not."""
    ip = find("ip")
    made: list[Namespace] = []
    try:
        for title in titles:
            name = f"ux{os.getpid()}-{next(_NUMBERS)}{title}"
            done = subprocess.run([ip, "netns", "add", name], check=False, capture_output=True)
            if done.returncode:
                pytest.skip(f"no network namespaces here: {done.stderr.decode().strip()}")
            made.append(Namespace(name))
            made[-1].run("ip", "link", "set", "lo", "up")
        yield made
    finally:
        for namespace in made:
            with suppress(Exception):
                namespace.end()


def join(left: Namespace, right: Namespace, link: str) -> None:
    """Join two namespaces by a pair of links of one name."""
    left.run("ip", "link", "add", link, "type", "veth", "peer", "name", link, "netns", right.name)
