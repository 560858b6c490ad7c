"""The whole command: what it refuses, senders good and bad, signals, kills, and a closed loop."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dns.query
import dns.rcode
import dns.update
import jsonschema
import pytest
from tests.act.outputs.programs import Server, find, free_port, served
from tests.cli.conftest import Run
from tests.watch.streams import close_stream, connect, golden_frames, open_stream

from unflux.engine.store import Store

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
SOON_S = 240.0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "name an input, such as --dnstap SOCKET"),
        (["--dnstap-tcp", "192.0.2.1:6000"], "192.0.2.1:6000 is not on loopback"),
        (["--dnstap-tcp", "0.0.0.0"], "0.0.0.0:6000 is not on loopback"),
        (["--dnstap", "s", "--metrics", "[2001:db8::1]:1"], "is not on loopback"),
        (["--dnstap", "s", "--keep", "1", "--window", "48"], "--keep 1 days of sightings is less"),
        (["--dnstap", "s", "--keep", "cows=3"], "tables: sightings, lookups, answer_sets"),
        (["--dnstap", "s", "--keep", "0"], "is neither DAYS nor TABLE=DAYS"),
        (["--dnstap", "s", "--memory", "200M"], "--memory 200M is less than the 1024M"),
        (["--dnstap", "s", "--memory", "much"], "'much' is no size such as 512M or 4G"),
        (["--dnstap", "s", "--max-disk", "1M"], "is less than the 256M that it takes at least"),
        (["--dnstap", "s", "--max-rows", "3000000"], "--max-rows 3000000 need --memory 4578M"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    run: Run, tmp_path: Path, options: list[str], said: str
) -> None:
    ran = run("watch", "--store", tmp_path / "store", *options)
    assert (ran.status, said in ran.err) == (2, True), ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_socket_stays(run: Run, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    ran = run("watch", "--store", tmp_path / "store", "--dnstap", taken)
    assert (ran.status, f"cannot listen on {taken}" in ran.err) == (1, True)
    assert taken.read_text() == "mine"


class Watch:
    """A watch that runs."""

    def __init__(self, server: Server, folder: Path, events: Path) -> None:
        self.process, self.said = server.process, server.said
        self.port = server.port
        self.socket = folder / "dnstap.sock"
        self._events = events

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._events.read_text().splitlines()]

    def health(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/health"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as ailing:  # 503: it tells why
            with ailing:
                found = json.load(ailing)
        return found

    def until(self, holds: Callable[[], bool], seconds: float = SOON_S) -> None:
        ends = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < ends, (self.health(), self.said())
            time.sleep(0.1)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=120)


@contextmanager
def watching(folder: Path, *options: object) -> Iterator[Watch]:
    """Run ``unflux watch`` with its socket, store and events in a folder."""
    port, events = free_port(), folder / "events.jsonl"
    with served(
        port, folder / f"watch-{time.monotonic_ns()}.log",
        sys.executable, "-m", "unflux", "watch", "--store", str(folder / "store"),
        "--dnstap", str(folder / "dnstap.sock"), "--events", str(events),
        "--metrics", f"127.0.0.1:{port}", "--batch", "0.5", "--judge", "0.5", *map(str, options),
    ) as server:  # fmt: skip
        watch = Watch(server, folder, events)
        watch.until(lambda: "/health" in watch.said())
        yield watch


@pytest.fixture
def folder() -> Iterator[Path]:
    # The path of a socket may have 107 characters, and those of test folders are long.
    with TemporaryDirectory(prefix="ux") as name:
        yield Path(name)


def stored_responses(folder: Path) -> int:
    with Store.open(folder / "store", read_only=True, wait_s=20) as store:
        assert len(store.sources()) <= 1
        return sum(source.responses for source in store.sources())


@pytest.mark.slow
def test_senders_good_and_bad_side_by_side(folder: Path) -> None:
    port = free_port()
    with watching(folder, "--dnstap-tcp", f"127.0.0.1:{port}") as watch:
        with (
            connect(watch.socket) as one,
            socket.create_connection(("127.0.0.1", port)) as other,
            connect(watch.socket) as silent,
            connect(watch.socket) as garbage,
        ):
            garbage.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert garbage.recv(1) == b""
            open_stream(one)
            open_stream(other)
            one.sendall(golden_frames())
            other.sendall(golden_frames()[:-3])
            close_stream(one)
            watch.until(lambda: watch.health()["responses"] >= 7)
            silent.settimeout(30)
            assert silent.recv(1) == b""
        watch.until(lambda: watch.health()["senders"] == 0)
        with connect(watch.socket) as again:
            open_stream(again)
            again.sendall(golden_frames())
            close_stream(again)
        watch.until(lambda: watch.health()["frames"] == 20)
        status = watch.health()
        assert status["drops"]["not a frame stream: no control frame at its start"] == 1
        assert status["drops"]["connection closed: no handshake in time"] == 1
        assert status["drops"]["frame stream ends inside a frame"] == 1
        with urllib.request.urlopen(f"http://127.0.0.1:{watch.port}/metrics") as page:
            assert "unflux_frames_total 20.0" in page.read().decode().splitlines()
        assert watch.end(signal.SIGTERM) == 0
        assert not watch.socket.exists()
        assert stored_responses(folder) == 12


@pytest.mark.slow
def test_a_kill_loses_what_was_not_stored_and_a_restart_goes_on(folder: Path) -> None:
    stored = 0
    for _ in range(4):
        with watching(folder) as watch, connect(watch.socket) as sender:
            open_stream(sender)
            for _ in range(50):
                sender.sendall(golden_frames())
            watch.until(lambda: watch.health()["responses"] > 0)
            counted = watch.health()["responses"]
            sender.sendall(golden_frames())
            assert watch.end(signal.SIGKILL) == -signal.SIGKILL
        after = stored_responses(folder)
        assert stored + counted <= after <= stored + 51 * 4
        stored = after


@pytest.mark.slow
def test_readers_work_meanwhile_and_the_last_batch_is_stored(folder: Path) -> None:
    with watching(folder, "--batch", "0.1", "--window", "8760") as watch:
        with connect(watch.socket) as sender:
            open_stream(sender)
            for _ in range(5):
                sender.sendall(golden_frames())
                scanned = subprocess.run(
                    [sys.executable, "-m", "unflux", "scan", "--store", str(folder / "store"),
                     "--format", "json", "--all"],
                    capture_output=True, text=True, check=False, timeout=60,
                )  # fmt: skip
                assert scanned.returncode == 0, scanned.stderr
            sender.sendall(golden_frames())
            watch.until(lambda: watch.health()["frames"] == 42)
        assert watch.end(signal.SIGTERM) == 0
    assert stored_responses(folder) == 6 * 4


# --- the closed loop ------------------------------------------------------------------------

LOOK_ALIKES = {
    "still.example": ["20.2.0.1"],
    "robin.example": [f"20.2.3.{n}" for n in range(1, 5)],
    "wide.example": ["20.3.0.1", "40.3.0.1", "52.3.0.1"],
}
FLUX = ("flux-a.example", "flux-b.example", "flux-c.example")
NETWORKS = (2, 5, 24, 31, 37, 46, 58, 62, 71, 77, 79, 82, 84, 85, 87, 88, 89, 91, 92, 95, 98, 109)
POOL = [f"{octet}.{turn * 37 + 20}.{octet}.7" for turn in range(5) for octet in NETWORKS]
"""Agents with many different providers of lines, which the flux domains share."""


@contextmanager
def named(folder: Path, options: str, zones: str, port: int | None = None) -> Iterator[Server]:
    """Run BIND on a port of loopback, a free one where none is given."""
    port = free_port() if port is None else port
    (folder / "named.conf").write_text(
        f"""options {{
            directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key";
            listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            allow-query {{ 127.0.0.1; }}; dnssec-validation no; empty-zones-enable no; {options}
        }};
        controls {{ }};
        {zones}
        """
    )
    with served(
        port, folder / "named.log", find("named"), "-g", "-n", "1", "-c", folder / "named.conf"
    ) as server:
        yield server


@contextmanager
def authority(folder: Path) -> Iterator[Server]:
    """Run BIND as the authority of a few zones, which takes updates from loopback."""
    folder.mkdir()
    zones = ""
    for name, addresses in {**LOOK_ALIKES, **dict.fromkeys(FLUX, POOL[:1])}.items():
        records = "".join(f"@ A {address}\n" for address in addresses)
        (folder / name).write_text(
            f"$TTL 1\n@ SOA ns root 1 60 60 60 1\n@ NS ns\nns A 20.0.0.53\n{records}"
        )
        zones += f'zone "{name}" {{ type primary; file "{name}"; allow-update {{ 127.0.0.1; }}; }};'
    with named(folder, "recursion no;", zones) as server:
        yield server


def tapped(upstream: int, tap: Path) -> str:
    """Return the options of a BIND that forwards, and sends dnstap of what it was answered."""
    return (
        f"recursion yes; forward only; forwarders {{ 127.0.0.1 port {upstream}; }};"
        "dnstap { resolver response; forwarder response; };"
        f'dnstap-output unix "{tap}"; dnstap-identity "resolver";'
        "fstrm-set-reopen-interval 1; fstrm-set-flush-timeout 1;"
    )


@contextmanager
def bind_resolver(folder: Path, upstream: int, tap: Path) -> Iterator[Server]:
    """Run BIND as a resolver that sends dnstap of what it was answered."""
    folder.mkdir()
    with named(folder, tapped(upstream, tap), "") as server:
        yield server


def rotate(server: Server, turn: int) -> None:
    """Give each flux domain five other addresses of the pool, as their operator does."""
    for number, domain in enumerate(FLUX):
        update = dns.update.UpdateMessage(domain)
        update.delete("@", "A")
        for n in range(5):
            update.add("@", 1, "A", POOL[(turn * 5 + number * 17 + n) % len(POOL)])
        answer = dns.query.tcp(update, "127.0.0.1", port=server.port, timeout=10)
        assert answer.rcode() == dns.rcode.NOERROR


@pytest.mark.slow
def test_domains_that_begin_to_flux_have_their_events_and_look_alikes_none(
    folder: Path,
) -> None:
    find("named")
    with (
        watching(folder) as watch,
        authority(folder / "authority") as source,
        bind_resolver(folder / "resolver", source.port, watch.socket) as resolver,
    ):
        resolver.until("still.example", ("NOERROR", ["20.2.0.1"]))
        ends, turn = time.monotonic() + 120, 0
        while {event["domain"] for event in watch.events()} != set(FLUX):
            assert time.monotonic() < ends, (watch.health(), watch.said())
            rotate(source, turn)
            turn += 1
            for name in (*FLUX, *LOOK_ALIKES):
                assert resolver.ask(name)[0] == "NOERROR"
            time.sleep(1.1)  # the answers' TTL is a second
        # Events are written before the status knows of the judgement that they come of.
        watch.until(lambda: watch.health()["domains"].get("fast-flux") == 3)
        assert watch.health()["drops"] == {}
        assert watch.end(signal.SIGTERM) == 0
        events = watch.events()
    assert {event["domain"] for event in events} == set(FLUX)
    assert sorted(e["domain"] for e in events if e["event"] == "new") == list(FLUX)
    assert all(event["event"] != "cleared" for event in events)
    schema = json.loads((SCHEMAS / "event-1.schema.json").read_text())
    for event in events:
        jsonschema.validate(event, schema)
        jsonschema.validate(
            event["verdict"], json.loads((SCHEMAS / "verdict-1.schema.json").read_text())
        )
