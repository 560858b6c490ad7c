"""A probe of loopback: what the scope holds is all that is asked for."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from unflux.engagement.scope import Scope
from unflux.pipeline.probing import Options, Suspects, probe


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "zone"),
    [({"bad.example"}, "bad.example"), ({"www.bad.example"}, "www.bad.example")],
)
def test_the_zone_is_asked_for_where_the_scope_holds_it(
    tmp_path: Path, names: set[str], zone: str
) -> None:
    scope = Scope(
        allowed_by="the test", contact="abuse@isp.example", total=100, rate_per_s=1000.0,
        until=datetime.now(UTC) + timedelta(hours=1), names=frozenset(names),
        prefixes=(ip_network("127.0.0.0/8"),),
    )  # fmt: skip
    ledger = tmp_path / "ledger.jsonl"
    suspects = Suspects(name="www.bad.example", addresses=("127.83.19.7",))
    probed = probe(suspects, Options(scope=scope, ledger=ledger, most_rounds=1))
    assert probed.stopped is None
    asked = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [line["name"] for line in asked if line["protocol"] == "udp"] == [zone]
    assert {line["name"] for line in asked if line["protocol"] == "tcp"} == {"www.bad.example"}
