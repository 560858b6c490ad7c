"""A probe of loopback: what the scope holds is all that is asked for."""

import json
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path

import pytest

from unflux.engagement.scope import Scope
from unflux.model.probes import Uptime
from unflux.pipeline.probing import Options, Suspects, probe
from unflux.probe import name_service


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "zone"),
    [({"bad.example"}, "bad.example"), ({"www.bad.example"}, "www.bad.example")],
)
def test_the_zone_is_asked_for_where_the_scope_holds_it(
    tmp_path: Path, names: set[str], zone: str
) -> None:
    scope = grant(*names)
    ledger = tmp_path / "ledger.jsonl"
    suspects = Suspects(name="www.bad.example", addresses=("127.83.19.7",))
    probed = probe(suspects, Options(scope=scope, ledger=ledger, most_rounds=1))
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
            probed = probe(suspects, options, now=partial(_stand_still, at))
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


def _stand_still(at: datetime) -> datetime:
    return at


def grant(*names: str) -> Scope:
    return Scope(
        allowed_by="the test", contact="abuse@isp.example", total=1000, rate_per_s=1000.0,
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
