"""``unflux serve`` as a process, and the secondaries that take the zone from it."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.act.outputs.programs import Server, checked, find, free_port, served

from unflux.model.telling import Field

SOON_S = 120.0


class Primary:
    """A server that runs, and what it has told."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.port = server.port

    def told(self, event: str, **fields: Field) -> list[dict[str, Field]]:
        """Return the events of a name with these fields."""
        found = []
        for line in self.server.said().splitlines():
            if line.startswith("{"):
                told = json.loads(line)
                if told["event"] == event and fields.items() <= told.items():
                    found.append(told)
        return found

    def until(self, event: str, **fields: Field) -> dict[str, Field]:
        """Wait until an event was told."""
        ends = time.monotonic() + SOON_S
        while time.monotonic() < ends:
            found = self.told(event, **fields)
            if found:
                return found[-1]
            assert self.server.process.poll() is None, self.server.said()
            time.sleep(0.05)
        raise AssertionError((event, fields, self.server.said()))

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; return its exit status."""
        self.server.process.send_signal(number)
        return self.server.process.wait(timeout=120)


@contextmanager
def primary(folder: Path, *options: object, port: int | None = None) -> Iterator[Primary]:
    """Run ``unflux serve`` for the zone of a folder."""
    port = free_port() if port is None else port
    log = folder / f"serve-{time.monotonic_ns()}.log"
    with served(
        port, log, sys.executable, "-m", "unflux", "serve", "--policy", str(folder), "--json",
        "--listen", f"127.0.0.1:{port}", *map(str, options),
    ) as server:  # fmt: skip
        running = Primary(server)
        running.until("listening")
        yield running


def make_key(path: Path, name: str = "policy") -> Path:
    """Make a key as operators do."""
    path.write_text(checked(find("tsig-keygen"), name))
    path.chmod(0o600)
    return path


def wait_for(what: Callable[[], bool], said: Callable[[], str]) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + SOON_S
    while not what():
        assert time.monotonic() < ends, said()
        time.sleep(0.1)
