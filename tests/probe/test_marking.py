"""A marker goes out whatever the suspected name is."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from tests.probe.certified import certified

from unflux.engagement.ledger import Ledger
from unflux.engagement.permit import Permit
from unflux.engagement.scope import Scope
from unflux.model.markers import Marker
from unflux.probe import marking, name_service
from unflux.probe.marking import Sent, send_marker

LONG = ".".join(["a" * 60] * 3 + ["b" * 50, "bad.example"])


@pytest.mark.parametrize(
    ("name", "requests"), [("www.bad.example", 4), (LONG, 2), (r"\013\010a\000b.bad.example", 4)]
)
def test_a_marker_goes_through_all_that_has_room_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, requests: int
) -> None:
    monkeypatch.setattr(name_service, "STEP_S", 0.1)
    ports = frozenset({"tcp/80", "tcp/443", "udp/53"})
    kept: list[Marker] = []
    with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
        permit = Permit(scope(), ledger)
        sent = asyncio.run(send_marker("127.83.19.11", ports, name, permit, kept.append))
        assert ledger.spent == requests
    assert kept == [sent.marker]
    assert sent.taken == ()  # nobody is there


def test_a_marker_is_taken_under_the_name_that_a_host_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.transport.abort()

    def refuse_strangers(_connection: object, name: str | None, _context: object) -> int | None:
        return None if name == "www.bad.example" else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    async def run() -> Sent:
        server = await asyncio.start_server(serve, "127.83.19.12", 0, ssl=context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            monkeypatch.setattr(marking, "HTTPS", port)
            services = frozenset({f"tcp/{port}", "tcp/1"})
            with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
                return await send_marker(
                    "127.83.19.12",
                    services,
                    "www.bad.example",
                    Permit(scope(), ledger),
                    kept.append,
                )

    kept: list[Marker] = []
    context = certified(tmp_path)
    context.sni_callback = refuse_strangers
    sent = asyncio.run(run())
    assert heard == [f"GET /{sent.marker.token} HTTP/1.1\r\n".encode()]
    assert len(sent.taken) == 1
    assert sent.taken != ("tcp/1",)


def scope() -> Scope:
    return Scope(
        allowed_by="the test", contact="abuse@isp.example", total=10, rate_per_s=1000.0,
        until=datetime.now(UTC) + timedelta(hours=1), names=frozenset({"bad.example"}),
        prefixes=(ip_network("127.0.0.0/8"),),
    )  # fmt: skip
