"""Visits of loopback: whatever becomes of one look, the others are made and told of."""

import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

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
    assert visited.stopped == f"the look at {FAILING} failed: TypeError('nobody foresaw it')"
