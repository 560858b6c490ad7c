"""Visits of loopback: whatever becomes of one look, the others are made and told of."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from tests.act.outputs.programs import checked, find

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


def look(folder: Path, *addresses: str, **changes: Any) -> Visited:
    """Visit addresses in one round."""
    usual: dict[str, Any] = {
        "allowed_by": "the test", "contact": "abuse@isp.example", "total": 100,
        "rate_per_s": 1000.0, "until": datetime.now(UTC) + timedelta(hours=1),
        "names": frozenset({"bad.example"}), "prefixes": (ip_network("127.0.0.0/8"),),
    }  # fmt: skip
    plan = Visit(name="www.bad.example", zone="bad.example", addresses=addresses, most_rounds=1)
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


def certified(folder: Path) -> ssl.SSLContext:
    """Return what a server of TLS needs."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    checked(
        find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=bad.example",
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
