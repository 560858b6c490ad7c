"""Tracks: what they tell of vantages while they run."""

import asyncio
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import dns.edns
import dns.message
import pytest
from tests.track.resolvers import answering, grant, replied

from unflux.engine.store import Store
from unflux.model.vantages import VANTAGE_SUBNETS
from unflux.pipeline.tracking import Options, track
from unflux.track.vantage import Vantage

SUBNET = ip_network("198.51.100.0/24")


def heeding(wire: bytes) -> bytes:
    """Answer for the subnet that is told, where one is."""
    reply = dns.message.from_wire(replied(wire, "20.0.0.1"))
    if dns.message.from_wire(wire).options:
        reply.use_edns(0, options=[dns.edns.ECSOption("198.51.100.0", 24, 24)])
    return reply.to_wire()


@pytest.mark.slow
def test_a_resolver_that_ignores_the_subnet_is_told_once_and_kept_apart(tmp_path: Path) -> None:
    told = list[str]()

    def tell(event: str, /, **fields: Any) -> None:
        if event == "subnet-ignored":
            told.append(fields["vantage"])

    async def run() -> tuple[Vantage, ...]:
        async with answering("20.0.0.1") as deaf, answering(heeding) as attentive:
            vantages = tuple(
                Vantage(resolver=resolver, subnet=subnet)
                for resolver in (deaf, attentive)
                for subnet in (None, SUBNET)
            )
            options = Options(
                names=("bad.example", "www.bad.example"), vantages=vantages, for_s=2.0,
                store=tmp_path / "store", scope=grant(deaf, attentive), ledger=tmp_path / "ledger",
            )  # fmt: skip
            async with asyncio.timeout(120):
                await track(options, tell, asyncio.Queue())
            return vantages

    _, ignored, _, heeded = map(str, asyncio.run(run()))
    assert told == [ignored]
    with Store.open(tmp_path / "store", read_only=True) as store:
        rows = store.looks(VANTAGE_SUBNETS).to_pylist()
    assert {(row["vantage"], row["query"]): row["heeded"] for row in rows} == {
        (vantage, name): int(vantage == heeded)
        for vantage in (ignored, heeded)
        for name in ("bad.example", "www.bad.example")
    }
