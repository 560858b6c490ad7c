"""Agents told from web servers and caches, in a neighbourhood of real servers."""

import json
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.act.outputs.programs import START_S, checked, find
from tests.probe.neighbourhood import BEYOND, NAME, PROBER, Host, Neighbourhood, neighbourhood

pytestmark = pytest.mark.slow

MOTHERSHIP = "10.250.0.1"
HOSTILE = "10.21.0.1"
HOSTS = (
    Host(kind="mothership", address=MOTHERSHIP, delay_ms=15),
    Host(kind="agent", address="10.1.0.1", delay_ms=20, jitter_ms=4, behind=MOTHERSHIP),
    Host(kind="web-agent", address="10.2.0.1", delay_ms=25, jitter_ms=5, behind=MOTHERSHIP),
    Host(kind="haproxy", address="10.3.0.1", delay_ms=30, jitter_ms=6, behind=MOTHERSHIP),
    Host(kind="names-agent", address="10.4.0.1", delay_ms=20, jitter_ms=4, behind=MOTHERSHIP),
    Host(kind="stream", address="10.5.0.1", delay_ms=25, jitter_ms=4, behind=MOTHERSHIP),
    Host(kind="server", address="10.11.0.1", delay_ms=30, jitter_ms=3),
    Host(kind="dynamic", address="10.12.0.1"),
    Host(kind="planted", address="10.13.0.1"),
    Host(kind="cache", address="10.14.0.1", behind=MOTHERSHIP),
    Host(kind="mute-cache", address="10.15.0.1", behind=MOTHERSHIP),
    Host(kind="names", address="10.16.0.1"),
    Host(kind="slow", address="10.18.0.1", delay_ms=20),
    Host(kind="names", address="10.19.0.1", delay_ms=10),
    Host(kind="slow-names", address="10.20.0.1"),
    Host(kind="slow-all", address="10.22.0.1", delay_ms=15),
    Host(kind="slow-all", address="10.23.0.1", delay_ms=25, jitter_ms=4),
    Host(kind="slow-stamped", address="10.24.0.1", delay_ms=15, jitter_ms=4),
    Host(kind="slow-stamped", address="10.25.0.1", delay_ms=25),
    Host(kind="hostile", address=HOSTILE, delay_ms=10),
    Host(kind="server", address=BEYOND),
)
AGENTS = {"agent", "web-agent", "haproxy", "names-agent", "stream"}
SUSPECTS = [host.address for host in HOSTS if host.address != MOTHERSHIP] + ["10.17.0.1"]


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbourhood]:
    find("tcpdump")
    with neighbourhood(tmp_path_factory.mktemp("neighbourhood"), HOSTS) as stands:
        yield stands


@contextmanager
def overheard(stands: Neighbourhood, address: str, path: Path) -> Iterator[None]:
    """Capture all that passes the line of an address."""
    process = stands.run(
        "tcpdump", "-i", "eth0", "--immediate-mode", "-U", "-w", path, "-n", address=address
    )
    assert process.stderr is not None
    assert "listening" in process.stderr.readline()
    try:
        yield
    finally:
        size = -1
        while size != (size := path.stat().st_size):  # what is on its way is still to come
            time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=START_S)


@contextmanager
def overheard_everywhere(stands: Neighbourhood, folder: Path) -> Iterator[dict[str, Path]]:
    """Capture what comes from the prober at the far end of every host's line."""
    paths = {host.address: folder / host.address for host in HOSTS}
    with ExitStack() as taps:
        for address, path in paths.items():
            process = stands.run(
                "tcpdump", "-i", "eth0", "--immediate-mode", "-U", "-w", path, "-n",
                f"ip src host {PROBER}", address=address,
            )  # fmt: skip
            taps.callback(process.communicate, timeout=START_S)
            taps.callback(process.send_signal, signal.SIGINT)
            assert process.stderr is not None
            assert "listening" in process.stderr.readline()
        yield paths
        sizes = [-1]
        while sizes != (sizes := [path.stat().st_size for path in paths.values()]):
            time.sleep(0.5)  # what is on its way is still to come


def count_requests(path: Path) -> Counter[str]:
    """Count connections begun and datagrams sent by the prober, by their goal."""
    return Counter(goal.rpartition(".")[0] for goal in read_goals(path))


def read_goals(path: Path) -> list[str]:
    """Return whereto the prober began each connection and sent each datagram.

    A connection whose beginning is sent again has the same sequence number, and is one.
    """
    sent = f"src host {PROBER} and (udp or tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn)"
    goals, begun = [], set()
    for line in checked("tcpdump", "-n", "-t", "-r", path, sent).splitlines():
        way, _, rest = line.removeprefix("IP ").partition(": ")
        if " > " not in way:
            continue
        if beginning := re.search(r"seq \d+", rest):
            if (way, beginning[0]) in begun:
                continue
            begun.add((way, beginning[0]))
        goals.append(way.partition(" > ")[2])
    return goals


def write_scope(path: Path, total: int) -> Path:
    path.write_text(
        'allowed_by = "the test"\ncontact = "abuse@isp.example"\n'
        f"until = 2099-01-01T00:00:00Z\nrate_per_s = 300\ntotal = {total}\n"
        'prefixes = ["10.0.0.0/11"]\nnames = ["bad.example"]\n'
    )
    path.chmod(0o600)
    return path


def probe(
    stands: Neighbourhood, folder: Path, *options: str | Path, total: int = 1000
) -> tuple[int, list[dict[str, Any]], str]:
    """Run a probe of all suspects; return its status, results and what it said."""
    scope = write_scope(folder / "scope.toml", total)
    ledger = folder / "ledger.jsonl"
    process = stands.run(
        sys.executable, "-m", "unflux", "probe", *SUSPECTS, "--name", NAME,
        "--scope", scope, "--ledger", ledger, "--format", "json", *options,
    )  # fmt: skip
    out, said = process.communicate(timeout=180)
    return process.returncode, [json.loads(line) for line in out.splitlines() if "{" in line], said


def test_agents_are_told_from_servers_within_scope_and_ledger(
    stands: Neighbourhood, tmp_path: Path
) -> None:
    """A machine that was late may leave agents undecided: then it looks again, and accuses nobody
    either time."""
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        if are_told(stands, folder):
            return
    pytest.fail("agents are undecided each time")


def are_told(stands: Neighbourhood, folder: Path) -> bool:
    """Look at all; tell whether no more than one agent is left undecided by a machine at rest."""
    heard, relayed, markers = folder / "prober", folder / "mothership", folder / "markers"
    with overheard(stands, PROBER, heard), overheard(stands, MOTHERSHIP, relayed):
        status, results, said = probe(
            stands, folder, "--send", "--history", folder / "history", "--markers", markers
        )
    assert status == 0, said
    outcomes = {result["address"]: result["outcome"] for result in results}
    kinds = {host.address: host.kind for host in HOSTS}
    expected = {
        address: "agent" if kinds.get(address) in AGENTS
        else "silent" if address not in kinds
        else "cache" if kinds[address] == "cache"
        else "server"
        for address in SUSPECTS if address not in {BEYOND, HOSTILE}
    }  # fmt: skip
    # It did what it could, and ended nothing; what it is, is its own affair.
    assert outcomes.pop(HOSTILE) in {"server", "undecided"}
    # A busy machine measures no delays: who is an agent is not known then, and nobody is accused.
    is_busy = any("a machine with less to do" in (r["missing"] or "") for r in results)
    unsure = {a for a, outcome in outcomes.items() if outcome == "undecided"}
    assert {a: o for a, o in outcomes.items() if a not in unsure} == {
        a: o for a, o in expected.items() if a not in unsure
    }, results
    agents = {a for a, outcome in expected.items() if outcome == "agent"}
    # What passed the line is what the ledger holds, and nothing went to anybody else.
    ledger = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]
    written = Counter(line["address"] for line in ledger)
    seen = count_requests(heard)
    assert {a: seen[a] for a in written if a in kinds} == {
        a: n for a, n in written.items() if a in kinds
    }
    assert set(seen) <= set(written)
    assert BEYOND not in seen
    assert all(line["purpose"] for line in ledger)
    # The marker of each agent, and of it alone, was seen again on its way to the mothership.
    octets = relayed.read_bytes()
    marked = [json.loads(line) for line in markers.read_text().splitlines()]
    found = {line["agent"] for line in marked if line["token"].encode() in octets}
    assert found == {a for a in outcomes if outcomes[a] == "agent"}
    assert {line["agent"] for line in marked} <= found | unsure | {HOSTILE}
    assert {line["prober"] for line in marked} == {PROBER}
    history = [json.loads(line) for line in (folder / "history").read_text().splitlines()]
    assert [line["outcome"] for line in history] == [line["outcome"] for line in results]
    return is_busy or len(agents & unsure) <= 1


def test_the_budget_ends_it_and_what_was_found_is_told(
    stands: Neighbourhood, tmp_path: Path
) -> None:
    heard = tmp_path / "prober"
    with overheard(stands, PROBER, heard):
        status, results, said = probe(stands, tmp_path, "--send", total=23)
    assert status == 1
    assert "all 23 requests of the scope are spent" in said
    assert results
    assert sum(result["requests"] for result in results) == 23
    # What is asked of an address that nobody has is no packet of IP.
    assert 0 < count_requests(heard).total() <= 23
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 23


def test_nothing_is_sent_unless_told_to(stands: Neighbourhood, tmp_path: Path) -> None:
    heard = tmp_path / "prober"
    with overheard(stands, PROBER, heard):
        status, _, said = probe(stands, tmp_path)
    assert status == 0
    assert "nothing is sent without --send" in said
    assert f"left alone, being outside the scope: {BEYOND}" in said
    assert not count_requests(heard)
    assert not (tmp_path / "ledger.jsonl").read_text()


def test_far_ends_get_no_more_than_ledger_and_budget_say(
    stands: Neighbourhood, tmp_path: Path
) -> None:
    total = 60
    with overheard_everywhere(stands, tmp_path) as paths:
        status, _, said = probe(stands, tmp_path, "--send", total=total)
    assert status == 1, said
    assert f"all {total} requests of the scope are spent" in said
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()
    written = Counter(json.loads(line)["address"] for line in lines)
    arrived: Counter[str] = Counter()
    for address, path in paths.items():
        goals = read_goals(path)
        assert {goal.rpartition(".")[0] for goal in goals} <= {address}
        arrived[address] = len(goals)
    assert all(arrived[address] <= written[address] for address in paths)
    assert 0.5 * total < arrived.total() <= len(lines) == total
    for address in (BEYOND, MOTHERSHIP):
        assert " > " not in checked("tcpdump", "-n", "-r", paths[address])
