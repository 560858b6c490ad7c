"""A probe of loopback: what the scope holds is all that is asked for."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from unflux.engagement.scope import Scope
from unflux.model.errors import UnfluxError
from unflux.model.probes import Uptime
from unflux.pipeline import probing
from unflux.pipeline.probing import MOST_SUSPECTS, Options, Probed, Suspects, probe, prospect
from unflux.probe import name_service, visiting
from unflux.probe.history import read_looks
from unflux.probe.visiting import Visit, Visited


def test_who_announces_a_suspect_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = []

    async def keep(plan: Visit, *_: Any, **__: Any) -> Visited:
        plans.append(plan)
        return Visited(opinions=(), stopped=None)

    monkeypatch.setattr(probing, "visit", keep)
    # Two prefixes of one provider, a cache, and nobody's.
    addresses = ("52.16.0.1", "52.17.0.1", "104.16.1.1", "127.83.19.7")
    scope = replace(grant("bad.example"), prefixes=tuple(map(ip_network, addresses)))
    suspects = Suspects(name="www.bad.example", addresses=addresses)
    asyncio.run(probe(suspects, Options(scope=scope, ledger=tmp_path / "ledger.jsonl")))
    (plan,) = plans
    assert plan.systems == {"52.16.0.1": 16509, "52.17.0.1": 16509, "104.16.1.1": 13335}
    assert plan.providers == {"104.16.1.1": "Cloudflare"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "zone"),
    [({"bad.example"}, "bad.example"), ({"www.bad.example"}, "www.bad.example")],
)
def test_the_zone_is_asked_for_where_the_scope_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: set[str], zone: str
) -> None:
    monkeypatch.setattr(name_service, "STEP_S", 0.05)
    scope = grant(*names)
    ledger = tmp_path / "ledger.jsonl"
    suspects = Suspects(name="www.bad.example", addresses=("127.83.19.7",))
    probed = asyncio.run(probe(suspects, Options(scope=scope, ledger=ledger, most_rounds=1)))
    assert probed.stopped is None
    asked = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [line["name"] for line in asked if line["protocol"] == "udp"] == [zone]
    assert {line["name"] for line in asked if line["protocol"] == "tcp"} == {"www.bad.example"}


@pytest.mark.slow
def test_looks_over_days_tell_who_was_there_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_service, "STEP_S", 0.05)
    steady, homely, never = "127.83.19.8", "127.83.19.9", "127.83.19.10"
    history = tmp_path / "history.jsonl"
    options = Options(
        scope=grant("bad.example"), ledger=tmp_path / "ledger.jsonl", history=history, most_rounds=1
    )
    suspects = Suspects(name="www.bad.example", addresses=(steady, homely, never))
    began_at = datetime(2026, 11, 20, 6, tzinfo=UTC)
    for at in (began_at + timedelta(days=day) for day in range(8)):
        day = (at - began_at).days
        with ExitStack() as listening:
            for address in (steady, homely) if day in {0, 1, 5} else (steady,):
                serve(listening, address)
            if day == 3:
                listening.close()  # the prober is off line
            probed = asyncio.run(probe(suspects, options, now=partial(_stand_still, at)))
    uptimes = {result.address: result.uptime for result in probed.results}
    last_at = began_at + timedelta(days=6)
    assert uptimes == {
        steady: Uptime(looks=6, answered=6, days=6.0, last_answered_at=last_at),
        homely: Uptime(
            looks=6, answered=3, days=6.0, last_answered_at=began_at + timedelta(days=5)
        ),
        never: Uptime(looks=6, answered=0, days=6.0),
    }
    weighed = {
        result.address: piece.llr
        for result in probed.results
        for piece in result.evidence
        if piece.name == "uptime"
    }
    assert weighed[homely] > 0 > weighed[steady]
    # Who answered when stands in the file, run by run.
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    there = [line["at"][:10] for line in lines if line["address"] == homely and line["open_ports"]]
    assert there == ["2026-11-20", "2026-11-21", "2026-11-25"]


@pytest.mark.slow
def test_a_prober_that_is_off_line_has_seen_nobody(tmp_path: Path) -> None:
    alone = ("unshare", "--user", "--map-root-user", "--net")  # in a network without any route
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no namespaces here")
    process = command(tmp_path, "192.0.2.7", before=alone)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "1 address not reached" in said
    assert "192.0.2.7: nothing could be sent from here (Network is unreachable)" in said
    assert (tmp_path / "history.jsonl").read_text() == ""
    assert (tmp_path / "ledger.jsonl").read_text() == ""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_found_when_it_is_ended_is_kept_and_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    there, mute, history = "127.83.19.15", "127.83.19.16", tmp_path / "history.jsonl"
    with ExitStack() as listening:
        serve(listening, there)
        listening.enter_context(socket.create_server((mute, 80)))
        process = command(tmp_path, there, mute)
        ledger = tmp_path / "ledger.jsonl"
        while process.poll() is None:
            if ledger.exists() and ledger.read_text().count(there) > 1:
                break  # it answered the first
            time.sleep(0.01)
        process.send_signal(number)
        out, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "stopped: interrupted" in said
    results = [json.loads(line) for line in out.splitlines()]
    assert [result["address"] for result in results] == [there, mute]
    assert results[0]["open_ports"] == ["tcp/80"]
    # The look at the other was cut off.
    assert [json.loads(line) for line in history.read_text().splitlines()] == results[:1]


def command(folder: Path, *addresses: str, before: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """Start ``unflux probe``."""
    permit = folder / "scope.toml"
    permit.write_text(
        'allowed_by = "the test"\ncontact = "abuse@isp.example"\nuntil = 2099-01-01T00:00:00Z\n'
        'total = 99\nprefixes = ["192.0.2.0/24", "127.0.0.0/8"]\nnames = ["bad.example"]\n'
    )
    permit.chmod(0o600)
    return subprocess.Popen(
        [*before, sys.executable, "-m", "unflux", "probe", *addresses, "--name", "bad.example",
         "--scope", permit, "--ledger", folder / "ledger.jsonl", "--history",
         folder / "history.jsonl", "--format", "json", "--send"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_what_the_budget_did_not_reach_is_neither_silent_nor_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_service, "STEP_S", 0.05)
    there, refusing, last = "127.83.19.11", "127.83.19.12", "127.83.19.13"
    history = tmp_path / "history.jsonl"
    with ExitStack() as listening:
        serve(listening, there)
        whole = look_once(tmp_path / "whole", (there, refusing), total=100)
        assert [result.outcome for result in whole.results] == ["undecided", "silent"]
        # Of the second only one port of three was asked; of the third none.
        needed = whole.results[0].requests
        options = Options(
            scope=grant("bad.example", total=needed + 1), ledger=tmp_path / "ledger.jsonl",
            history=history, most_rounds=1,
        )  # fmt: skip
        monkeypatch.setattr(visiting, "AT_ONCE", 1)
        suspects = Suspects(name="www.bad.example", addresses=(there, refusing, last))
        probed = asyncio.run(probe(suspects, options))
    assert probed.stopped is not None
    assert {result.address: result.outcome for result in probed.results} == {
        there: "undecided",
        refusing: "undecided",
    }
    assert probed.unreached_count == 1
    assert [json.loads(line)["address"] for line in history.read_text().splitlines()] == [there]


@pytest.mark.slow
def test_a_line_cut_off_by_a_kill_spoils_no_later_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_service, "STEP_S", 0.05)
    history, markers = tmp_path / "history.jsonl", tmp_path / "markers.jsonl"
    with ExitStack() as listening:
        serve(listening, "127.83.19.14")
        for run in range(3):
            look_once(tmp_path, ("127.83.19.14",), total=100, history=history, markers=markers)
            for path in (history, markers):
                assert len(path.read_text().splitlines()) == run + 1
                path.write_bytes(path.read_bytes() + b'{"schema":"unfl')
    assert len(list(read_looks(history, "www.bad.example"))) == 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["history", "markers"])
def test_nothing_is_sent_where_results_could_not_be_kept(tmp_path: Path, kind: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnfluxError, match="folder: cannot be written"):
        look_once(tmp_path, ("127.83.19.7",), total=9, **{kind: tmp_path / "folder"})
    assert not (tmp_path / "ledger.jsonl").exists()


def test_the_many_that_the_scope_does_not_hold_hide_nobody(tmp_path: Path) -> None:
    flood = tuple(f"10.0.{n // 256}.{n % 256}" for n in range(MOST_SUSPECTS + 9))
    within = tuple(f"127.0.{n // 256}.{n % 256}" for n in range(MOST_SUSPECTS + 2))
    options = Options(scope=grant("bad.example"), ledger=tmp_path / "ledger.jsonl")
    told = prospect(Suspects(name="bad.example", addresses=flood + within), options)
    assert told.within == within[:MOST_SUSPECTS]
    assert (told.later_count, len(told.beyond)) == (2, len(flood))


def look_once(folder: Path, addresses: tuple[str, ...], total: int, **kept: Path) -> Probed:
    """Probe in one round."""
    folder.mkdir(exist_ok=True)
    options = Options(
        scope=grant("bad.example", total=total), ledger=folder / "ledger.jsonl", most_rounds=1,
        **kept,
    )  # fmt: skip
    return asyncio.run(probe(Suspects(name="www.bad.example", addresses=addresses), options))


def _stand_still(at: datetime) -> datetime:
    return at


def grant(*names: str, total: int = 1000) -> Scope:
    return Scope(
        allowed_by="the test", contact="abuse@isp.example", total=total, rate_per_s=1000.0,
        until=datetime.now(UTC) + timedelta(hours=1), names=frozenset(names),
        prefixes=(ip_network("127.0.0.0/8"),),
    )  # fmt: skip


def serve(until_end: ExitStack, address: str) -> None:
    """Have an empty page at port 80 of an address until the block ends."""
    try:
        server = ThreadingHTTPServer((address, 80), Page)
    except PermissionError:
        pytest.skip("port 80 is for root here")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    until_end.callback(thread.join)
    until_end.callback(server.server_close)
    until_end.callback(server.shutdown)


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
