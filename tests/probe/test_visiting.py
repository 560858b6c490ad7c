"""Visits of loopback: whatever becomes of one look, the others are made and told of."""

import asyncio
import contextlib
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from tests.probe.certified import certified

from unflux.engagement.ledger import Ledger
from unflux.engagement.permit import Permit
from unflux.engagement.scope import Scope
from unflux.probe import name_service, visiting
from unflux.probe.conversation import Turn, converse
from unflux.probe.visiting import Visit, Visited, visit

FAILING, OTHER = "127.83.20.1", "127.83.20.2"


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_service, "STEP_S", 0.05)


def look(folder: Path, *addresses: str, rounds: int = 1, **changes: Any) -> Visited:
    """Visit addresses, in one round if nothing else is said."""
    usual: dict[str, Any] = {
        "allowed_by": "the test", "contact": "abuse@isp.example", "total": 100,
        "rate_per_s": 1000.0, "until": datetime.now(UTC) + timedelta(hours=1),
        "names": frozenset({"bad.example"}), "prefixes": (ip_network("127.0.0.0/8"),),
    }  # fmt: skip
    plan = Visit(
        name="www.bad.example", zone="bad.example", addresses=addresses, most_rounds=rounds
    )
    with Ledger.kept(folder / "ledger.jsonl") as ledger:
        return asyncio.run(visit(plan, Permit(Scope(**usual | changes), ledger)))


def test_a_look_that_fails_ends_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(address: str, *rest: Any, **more: Any) -> Turn:
        if address == FAILING:
            message = "nobody foresaw it"
            raise TypeError(message)
        return await converse(address, *rest, **more)

    monkeypatch.setattr(visiting, "converse", fail)
    visited = look(tmp_path, FAILING, OTHER)
    assert [(seen.requests, opinion.outcome) for seen, opinion in visited.opinions] == [
        (1, "undecided"), (3, "silent"),
    ]  # fmt: skip
    assert visited.stopped is None
    assert visited.failed == (f"the look at {FAILING} failed: TypeError('nobody foresaw it')",)


def test_nothing_is_said_after_the_time_of_the_scope(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = certified(tmp_path)
    until = datetime.now(UTC) + timedelta(seconds=0.8)
    heard: list[bytes] = []

    def shake_hands_too_late(served: socket.socket) -> None:
        with contextlib.suppress(OSError):
            accepted, _ = served.accept()
            with accepted:
                time.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()) + 0.1)
                with context.wrap_socket(accepted, server_side=True) as secured:
                    heard.append(secured.recv(4096))

    with socket.create_server((FAILING, 0)) as served:
        served.settimeout(5)
        monkeypatch.setattr(visiting, "HTTPS", served.getsockname()[1])
        server = threading.Thread(target=shake_hands_too_late, args=(served,))
        server.start()
        visited = look(tmp_path, FAILING, until=until)
        server.join()
    assert visited.stopped == "the time of the scope is over"
    assert heard == []


PAGE = b"<html>" + b"".join(b"<p>offer %d" % n for n in range(90))


class Site(http.server.BaseHTTPRequestHandler):
    """A site that is there by TLS, and is named for the one of visitors who says so."""

    def do_GET(self) -> None:
        if not isinstance(self.request, ssl.SSLSocket):
            self.send_response(301)
            self.send_header("Location", "https://www.bad.example/")
        elif self.headers["Host"] == "www.bad.example":
            self.send_response(200)
        else:
            self.send_response(404)
        self.end_headers()
        if isinstance(self.request, ssl.SSLSocket):
            self.wfile.write(PAGE)

    def log_message(self, *_said: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def served(context: ssl.SSLContext | None) -> Iterator[int]:
    """Have the site served while the block runs; yield its port."""
    with http.server.ThreadingHTTPServer((OTHER, 0), Site) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_whoever_sends_visitors_on_to_tls_is_looked_at_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(None) as plain, served(certified(tmp_path)) as secured:
        monkeypatch.setattr(visiting, "HTTP", plain)
        monkeypatch.setattr(visiting, "HTTPS", secured)
        visited = look(tmp_path, OTHER, rounds=2)
    (seen, _), = visited.opinions  # fmt: skip
    assert seen.document is not None
    assert (seen.document.body, seen.fronts, len(seen.documents_s)) == (PAGE, 2, 2)
    assert seen.unnamed is not None
    assert seen.unnamed.status == 404
    # As many requests as ever: page, page by TLS, page of no name, zone; refusal for the third.
    assert seen.requests == 3 + 1 + 3
