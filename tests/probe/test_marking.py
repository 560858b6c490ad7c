"""A marker goes out whatever the suspected name is."""

import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from unflux.engagement.ledger import Ledger
from unflux.engagement.permit import Permit
from unflux.engagement.scope import Scope
from unflux.model.markers import Marker
from unflux.probe import name_service
from unflux.probe.marking import send_marker

LONG = ".".join(["a" * 60] * 3 + ["b" * 50, "bad.example"])


@pytest.mark.parametrize(
    ("name", "requests"), [("www.bad.example", 3), (LONG, 2), (r"\013\010a\000b.bad.example", 3)]
)
def test_a_marker_goes_through_all_that_has_room_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, requests: int
) -> None:
    monkeypatch.setattr(name_service, "STEP_S", 0.1)
    scope = Scope(
        allowed_by="the test", contact="abuse@isp.example", total=10, rate_per_s=1000.0,
        until=datetime.now(UTC) + timedelta(hours=1), names=frozenset({"bad.example"}),
        prefixes=(ip_network("127.0.0.0/8"),),
    )  # fmt: skip
    ports = frozenset({"tcp/80", "tcp/443", "udp/53"})
    kept: list[Marker] = []
    with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
        permit = Permit(scope, ledger)
        marker = asyncio.run(send_marker("127.83.19.11", ports, name, permit, kept.append))
        assert ledger.spent == requests
    assert kept == [marker]
