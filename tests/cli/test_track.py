"""The whole command: what it refuses, what it asks of a real server, budgets, kills, restarts."""

import itertools
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import dns.query
import dns.rcode
import dns.update
import jsonschema
import pytest
from tests.act.outputs.programs import Server, find, served
from tests.cli.conftest import Run
from tests.cli.test_watch import named

from unflux.engine.store import Store
from unflux.model.vantages import VANTAGE_ANSWERS, VANTAGE_LOOKS
from unflux.track.rhythm import Rhythm

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
SOON_S = 240.0
SCOPE = """\
allowed_by = "the test"
contact = "abuse@isp.example"
until = 2100-01-01T00:00:00Z
rate_per_s = {rate}
total = {total}
names = ["flux.example", "gone.example", "long.example", "wild.example"]
resolvers = ["127.0.0.1:{port}"]
"""


def scope(folder: Path, port: int = 53, total: int = 1000, rate: float = 200) -> Path:
    path = folder / "scope.toml"
    path.write_text(SCOPE.format(port=port, total=total, rate=rate))
    path.chmod(0o600)
    return path


# --- nothing is sent ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to follow"),
        (["example"], "no name below a top level domain"),
        (["flux.example", "--for", "2 weeks"], "no span of time"),
        (["flux.example", "--for", "0s"], "no span of time"),
        (["flux.example", "--type", "MX"], "none of A, AAAA, NS"),
        (["flux.example", "--subnet", "192.0.2.1/24"], "no prefix"),
        (["flux.example", "--min-interval", "9", "--max-interval", "8"], "is more than"),
        (["flux.example", "--since", "2", "--until", "1"], "is not before"),
        (
            ["flux.example", "--report", "page.html"],
            "--report: a report is written with --report-only",
        ),
        (["flux.example", "--format", "json", "--since", "1"], "--format, --since: a report is"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    run: Run, tmp_path: Path, arguments: list[str], said: str
) -> None:
    ran = run("track", *arguments, "--store", tmp_path / "store")
    assert (ran.status, said in ran.err) == (2, True), ran.err
    assert list(tmp_path.iterdir()) == []


def test_beside_the_scope_nothing_is_asked(run: Run, tmp_path: Path) -> None:
    given = ("--store", tmp_path / "store", "--scope", scope(tmp_path))
    ledger = ("--ledger", tmp_path / "ledger")
    for arguments, said in (
        (("flux.example",), "needs --ledger"),
        (("flux.example", "innocent.example", *ledger), "innocent.example is below no name"),
        (("flux.example", "innocent.example", "--dry-run"), "innocent.example is below no name"),
        (("flux.example", "--dry-run", "--format", "json"), "--format: a report is written with"),
        (("flux.example", "--since", "1", *ledger), "--since: a report is written with"),
        (("flux.example", "--resolver", "192.0.2.1", *ledger), "is no resolver of the scope"),
    ):
        ran = run("track", *arguments, *given)
        assert (ran.status, said in ran.err) == (2, True), ran.err
    assert {path.name for path in tmp_path.iterdir()} <= {"scope.toml", "ledger"}


def test_of_nothing_there_is_no_report(run: Run, tmp_path: Path) -> None:
    ran = run("track", "flux.example", "--store", tmp_path / "store", "--report-only")
    assert (ran.status, "there is no store at" in ran.err) == (1, True)
    Store.open(tmp_path / "store").close()
    ran = run("track", "flux.example", "--store", tmp_path / "store", "--report-only")
    assert (ran.status, "holds no address of any of these names" in ran.err) == (1, True)


def test_without_a_scope_it_prints_what_it_would_ask(run: Run, tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_text("# suspects\nflux.example\n\nFLUX.example.\n\u2028b.example\n")
    ran = run("track", "--names", names, "--store", tmp_path / "store", "--type", "a")
    assert (ran.status, ran.out.splitlines()) == (
        0, ["flux.example\tA\tany resolver of a --scope", "b.example\tA\tany resolver of a --scope"]
    )  # fmt: skip
    ran = run("track", "flux.example", "--store", tmp_path / "store", "--dry-run",
              "--scope", scope(tmp_path), "--subnet", "198.51.100.0/24")  # fmt: skip
    assert ran.out.splitlines() == [
        "flux.example\tA\t127.0.0.1:53", "flux.example\tA\t127.0.0.1:53 for 198.51.100.0/24"
    ]  # fmt: skip
    assert not (tmp_path / "store").exists()


def test_a_dry_run_leaves_out_the_twins_of_a_zone_that_answers_any_name(
    run: Run, tmp_path: Path
) -> None:
    tomorrow = Rhythm(due_at_s=time.time() + 86_400, is_twin=True)
    today = replace(tomorrow, due_at_s=0.0)
    rows = [
        [name, "A", "127.0.0.1:53", *asdict(rhythm).values()]
        for name, rhythm in (("a.flux.example", today), ("b.flux.example", tomorrow))
    ]
    state = {"version": 2, "rhythms": rows}
    with Store.open(tmp_path / "store") as store, store.transaction():
        store.keep_deployed("track", "rhythm", json.dumps(state))
    ran = run("track", "a.flux.example", "b.flux.example", "--store", tmp_path / "store",
              "--dry-run", "--scope", scope(tmp_path))  # fmt: skip
    assert ran.out.splitlines() == ["a.flux.example\tA\t127.0.0.1:53"]


# --- a real server --------------------------------------------------------------------------

WIDE = "".join(f"@ A 20.9.{n // 250}.{n % 250 + 1}\n" for n in range(90))
"""More than fits a datagram."""


@contextmanager
def authority(folder: Path) -> Iterator[Server]:
    """Run BIND with a zone that is rotated, one that is long, and one that answers any name."""
    folder.mkdir()
    records = {
        "flux.example": "@ A 20.0.0.1\n",
        "long.example": WIDE,
        "wild.example": "@ A 20.7.0.1\n* A 20.7.0.2\n",
        "gone.example": "",
    }
    zones = ""
    for name, lines in records.items():
        (folder / name).write_text(
            f"$TTL 1\n@ SOA ns root 1 60 60 60 1\n@ NS ns\nns A 20.0.0.53\n{lines}"
        )
        zones += f'zone "{name}" {{ type primary; file "{name}"; allow-update {{ 127.0.0.1; }}; }};'
    with named(folder, "recursion no; querylog yes;", zones) as server:
        server.until("wild.example", ("NOERROR", ["20.7.0.1"]))
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with authority(tmp_path_factory.mktemp("track") / "authority") as running:
        yield running


def rotate(server: Server, turn: int) -> None:
    update = dns.update.UpdateMessage("flux.example")
    update.delete("@", "A")
    for n in range(3):
        update.add("@", 1, "A", f"20.{turn % 50}.{n}.1")
    answer = dns.query.tcp(update, "127.0.0.1", port=server.port, timeout=10)
    assert answer.rcode() == dns.rcode.NOERROR


def asked(server: Server) -> list[str]:
    """Return the name, type and flags of every question that the server was asked."""
    return re.findall(r"query: (\S+ IN \S+ \S+(?: \(\S+\))?(?: \[ECS \S+\])?)", server.said())


class Folder:
    """What a track reads and writes."""

    def __init__(self, path: Path, server: Server, total: int = 1000, rate: float = 200) -> None:
        self.path = path
        self.store, self.ledger = path / "store", path / "ledger.jsonl"
        self.scope = scope(path, server.port, total, rate)

    def command(self, *arguments: str) -> list[str]:
        return [
            sys.executable, "-m", "unflux", "track", "--store", str(self.store),
            "--scope", str(self.scope), "--ledger", str(self.ledger), "--json",
            "--batch", "0.5", *arguments,
        ]  # fmt: skip

    def track(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=120, check=False
        )

    def written(self) -> list[dict[str, str]]:
        if not self.ledger.exists():
            return []
        return [json.loads(line) for line in self.ledger.read_text().splitlines()]

    def looks(self) -> list[dict[str, object]]:
        with Store.open(self.store, read_only=True, wait_s=20) as store:
            return store.looks(VANTAGE_LOOKS).to_pylist()  # type: ignore[no-any-return]

    def addresses(self, query: str) -> set[str]:
        with Store.open(self.store, read_only=True, wait_s=20) as store:
            rows = store.looks(VANTAGE_ANSWERS).to_pylist()
            kept = store.rollup().sightings.to_pylist()
        seen = {row["address"] for row in rows if row["query"] == query}
        assert seen == {r["rdata"] for r in kept if r["query"] == query and r["rrtype"] == "A"}
        return seen


def events(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)


@pytest.mark.slow
def test_what_is_written_down_is_what_the_far_end_was_asked(tmp_path: Path, server: Server) -> None:
    folder, before = Folder(tmp_path, server), len(asked(server))
    ran = folder.track(
        "flux.example", "long.example", "gone.example",
        "wild.example", "a.wild.example", "b.wild.example",
        "--subnet", "198.51.100.0/24", "--for", "6s", "--min-interval", "1", "--max-interval", "1",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    told = events(ran.stderr)
    both = {f"127.0.0.1:{server.port}", f"127.0.0.1:{server.port} for 198.51.100.0/24"}
    wild = [(event["zone"], event["vantage"]) for event in told if event["event"] == "wildcard"]
    assert sorted(wild) == [("wild.example", vantage) for vantage in sorted(both)]
    left_out = {event["vantage"]: event["name"] for event in told if event["event"] == "left-out"}
    assert left_out.keys() == both
    assert set(left_out.values()) <= {"a.wild.example", "b.wild.example"}
    questions, written = asked(server)[before:], folder.written()
    by_tcp, by_udp = (
        [question for question in questions if ("T" in question.split()[3]) is is_tcp]
        for is_tcp in (True, False)
    )
    protocols = Counter(line["protocol"] for line in written)
    assert len(by_udp) == protocols["udp"] > 20
    # The end may come between the line of the ledger and the connection.
    assert 0 < len(by_tcp) <= protocols["tcp"] <= len(by_tcp) + len(both)
    assert {line["purpose"] for line in written} == {"track: how its answers change"}
    assert any("[ECS 198.51.100.0/24/0]" in question for question in questions)
    assert len(folder.addresses("long.example")) == 90
    assert folder.addresses("wild.example") == {"20.7.0.1"}
    assert folder.addresses("a.wild.example") == {"20.7.0.2"}
    counts = Counter[tuple[object, object]]()
    for row in folder.looks():
        counts[row["query"], row["vantage"]] += int(str(row["looks"]))
        assert row["answered"] == (0 if row["query"] == "gone.example" else row["looks"])
    for vantage, name in left_out.items():
        (leader,) = {"a.wild.example", "b.wild.example"} - {name}
        assert counts[name, vantage] < counts[leader, vantage]
        assert counts["wild.example", vantage] > 1


@pytest.mark.slow
def test_the_budget_ends_it_and_a_second_run_has_none_left(tmp_path: Path, server: Server) -> None:
    folder, before = Folder(tmp_path, server, total=6), len(asked(server))
    options = ("flux.example", "gone.example", "--min-interval", "1", "--max-interval", "1")
    ran = folder.track(*options)
    assert ran.returncode == 1, ran.stderr
    (ended,) = [event for event in events(ran.stderr) if event["event"] == "ended"]
    assert ended["because"] == "all 6 requests of the scope are spent"
    assert "unflux: stopped: all 6 requests of the scope are spent; " in ran.stderr
    assert len(asked(server)) - before == len(folder.written()) == 6
    ran = folder.track(*options, "long.example")
    assert ran.returncode == 1
    assert re.search("spent; [23] names that were due were not asked for", ran.stderr), ran.stderr
    assert len(asked(server)) - before == len(folder.written()) == 6


@pytest.mark.slow
def test_a_rotation_is_seen_and_a_kill_forgets_neither_records_nor_rhythm(
    tmp_path: Path, server: Server
) -> None:
    folder, turn = Folder(tmp_path, server), 0
    options = ("flux.example", "--min-interval", "1", "--max-interval", "60")
    (tmp_path / "log").mkdir()
    with served(0, tmp_path / "log" / "first", *folder.command(*options)) as running:

        def rotated() -> bool:
            nonlocal turn
            turn += 1
            rotate(server, turn)
            time.sleep(0.5)
            return folder.store.exists() and len(folder.addresses("flux.example")) >= 6

        until(rotated)
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(timeout=120)
    before = sum(int(str(row["changes"])) for row in folder.looks())
    assert before >= 1
    with served(0, tmp_path / "log" / "second", *folder.command(*options)) as running:
        rotate(server, 49)
        until(
            lambda: (
                "20.49.0.1" in folder.addresses("flux.example")
                and sum(int(str(row["changes"])) for row in folder.looks()) > before
            )
        )
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=120) == 0
        told = events(running.said())
    assert told[-1]["because"] == "told to end"
    scanned = subprocess.run(
        [sys.executable, "-m", "unflux", "explain", "flux.example", "--store", str(folder.store),
         "--format", "json"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert json.loads(scanned.stdout)["verdict"]["counts"]["addresses"] >= 6
    page = tmp_path / "report.html"
    reported = folder.track(
        "www.flux.example", "--report-only", "--format", "json", "--report", str(page)
    )
    track = json.loads(reported.stdout)
    jsonschema.validate(track, json.loads((SCHEMAS / "track-1.schema.json").read_text()))
    (view,) = track["vantages"]
    assert view["vantage"] == f"127.0.0.1:{server.port}"
    assert view["addresses"] == track["addresses"] >= 6
    assert view["rotation_s"] > 0
    assert page.read_text().startswith("<!doctype html>")


@pytest.mark.slow
def test_silence_is_waited_out_and_a_second_run_beside_is_refused(tmp_path: Path) -> None:
    import socket

    find("named")
    with socket.socket(type=socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = int(deaf.getsockname()[1])
        scope(tmp_path, port)
        (tmp_path / "log").mkdir()
        command = [
            sys.executable, "-m", "unflux", "track", "flux.example",
            "--store", str(tmp_path / "store"), "--scope", str(tmp_path / "scope.toml"),
            "--ledger", str(tmp_path / "ledger"), "--json", "--min-interval", "1",
        ]  # fmt: skip
        with served(0, tmp_path / "log" / "deaf", *command) as running:
            until(lambda: "tracking" in running.said())
            beside = subprocess.run(
                command, capture_output=True, text=True, timeout=120, check=False
            )
            assert (beside.returncode, "another run is at work" in beside.stderr) == (1, True)
            until(lambda: (tmp_path / "ledger").read_text().count("\n") >= 3)
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(timeout=120) == 0
        written = [json.loads(line) for line in (tmp_path / "ledger").read_text().splitlines()]
    looks = [
        datetime.fromisoformat(line["at"]) for line in written if line["name"] == "flux.example"
    ]
    for number, (before, after) in enumerate(itertools.pairwise(looks)):
        # Five seconds are waited for a reply, and twice as long as before until the next look.
        assert (after - before).total_seconds() >= 4.9 + 2 ** (number + 1)
