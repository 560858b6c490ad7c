"""Permits: nothing out of scope, over budget, over time or too fast; all of it written down."""

import asyncio
import itertools
import json
import os
import resource
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

from unflux.engagement.ledger import Ledger, Request
from unflux.engagement.permit import BudgetSpentError, OutOfScopeError, Permit
from unflux.engagement.scope import Scope
from unflux.model.endpoint import Endpoint
from unflux.model.errors import UnfluxError

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schemas" / "request-1.schema.json").read_text()
)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def scope(**changes: Any) -> Scope:
    usual: dict[str, Any] = {
        "allowed_by": "the test", "contact": "abuse@isp.example", "total": 5,
        "until": NOW + timedelta(hours=1), "rate_per_s": 100_000.0,
        "prefixes": (ip_network("192.0.2.0/24"),), "names": frozenset({"bad.example"}),
        "resolvers": (Endpoint(ip_address("198.51.100.53"), 53),),
    }  # fmt: skip
    return Scope(**usual | changes)


def request(**changes: Any) -> Request:
    usual: dict[str, Any] = {
        "purpose": "does it answer", "address": "192.0.2.7", "port": 80, "protocol": "tcp",
        "name": "www.bad.example",
    }  # fmt: skip
    return Request(**usual | changes)


QUESTION = request(address="198.51.100.53", port=53, protocol="udp")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_granted_is_written_down_before(tmp_path: Path) -> None:
    with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
        permit = Permit(scope(), ledger, now=lambda: NOW)
        asyncio.run(permit.ask_target(request(name=None)))
        asyncio.run(permit.ask_resolver(QUESTION))
        assert permit.left == 3
    first, second = lines(tmp_path / "ledger.jsonl")
    assert first == {
        "schema": "unflux/request/1", "at": "2026-11-24T00:00:00Z", "purpose": "does it answer",
        "protocol": "tcp", "address": "192.0.2.7", "port": 80, "name": None,
    }  # fmt: skip
    assert (second["protocol"], second["name"]) == ("udp", "www.bad.example")
    for line in (first, second):
        jsonschema.validate(line, SCHEMA)


@pytest.mark.parametrize(
    ("wrong", "is_question"),
    [(request(address="192.0.3.7"), False), (request(address="2001:db8::1"), False),
     (request(name="good.example"), False), (request(address="198.51.100.53"), False),
     (request(), True), (request(address="198.51.100.53", port=54), True),
     (request(address="198.51.100.53", port=53, name="good.example"), True)],
)  # fmt: skip
def test_what_the_scope_does_not_hold_is_neither_granted_nor_counted(
    tmp_path: Path, wrong: Request, *, is_question: bool
) -> None:
    with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
        permit = Permit(scope(), ledger, now=lambda: NOW)
        ask = permit.ask_resolver if is_question else permit.ask_target
        with pytest.raises(OutOfScopeError):
            asyncio.run(ask(wrong))
        assert permit.left == 5
    assert lines(tmp_path / "ledger.jsonl") == []


def test_time_ends_it(tmp_path: Path) -> None:
    clock = [NOW]
    with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
        permit = Permit(scope(), ledger, now=lambda: clock[0])
        asyncio.run(permit.ask_target(request()))
        clock[0] += timedelta(hours=1)
        with pytest.raises(OutOfScopeError, match="over"):
            asyncio.run(permit.ask_target(request()))
        assert ledger.spent == 1


def test_time_ends_what_is_under_way(tmp_path: Path) -> None:
    async def wait(permit: Permit, error: type[Exception] | None = None) -> None:
        async with permit.in_time():
            if error is not None:
                raise error
            await asyncio.sleep(60)

    over = pytest.raises(OutOfScopeError, match="over")
    with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
        for left_s in (0.05, 0, -1):
            until = NOW + timedelta(seconds=left_s)
            permit = Permit(scope(until=until), ledger, now=lambda: NOW)
            with over:
                asyncio.run(wait(permit))
        with pytest.raises(TimeoutError):  # which is not the scope's
            asyncio.run(wait(Permit(scope(), ledger, now=lambda: NOW), TimeoutError))


def test_the_budget_holds_over_many_at_once_and_over_runs(tmp_path: Path) -> None:
    async def ask(permit: Permit) -> list[BaseException | None]:
        asked = (permit.ask_target(request()) for _ in range(20))
        return await asyncio.gather(*asked, return_exceptions=True)

    path = tmp_path / "ledger.jsonl"
    with Ledger.kept(path) as ledger:
        told = asyncio.run(ask(Permit(scope(total=7), ledger, now=lambda: NOW)))
    assert sum(one is None for one in told) == 7
    assert sum(isinstance(one, BudgetSpentError) for one in told) == 13
    assert len(lines(path)) == 7
    with path.open("a") as sink:
        sink.write('{"cut')  # of a run that was killed
    with Ledger.kept(path) as ledger:
        assert ledger.spent == 8
        told = asyncio.run(ask(Permit(scope(total=10), ledger, now=lambda: NOW)))
    assert sum(one is None for one in told) == 2


def test_one_run_at_a_time_keeps_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    said = pytest.raises(UnfluxError, match=f"process {os.getpid()}")
    with Ledger.kept(path), said, Ledger.kept(path):
        pass


def test_a_ledger_is_a_file_that_keeps_its_lines(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused = pytest.raises(UnfluxError, match="pipe: is no file that keeps")
    with refused, Ledger.kept(tmp_path / "pipe"):
        pass


def test_a_cut_line_that_cannot_be_ended_is_said(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"x" * 100)
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, most[1]))
    try:
        with pytest.raises(UnfluxError, match="File too large"), Ledger.kept(path):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)


def test_what_cannot_be_written_down_is_not_granted(tmp_path: Path) -> None:
    with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
        full = Ledger(Path("/dev/full"), os.open("/dev/full", os.O_WRONLY), ledger.spent)
        with pytest.raises(UnfluxError, match="No space left"):
            asyncio.run(Permit(scope(), full, now=lambda: NOW).ask_target(request()))


def test_no_second_sees_more_than_the_rate(tmp_path: Path) -> None:
    async def moments(permit: Permit, count: int) -> list[float]:
        found = []
        for _ in range(count):
            await permit.ask_target(request())
            found.append(time.monotonic())
        return found

    granted = scope(total=1_000, rate_per_s=200.0)
    with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
        found = asyncio.run(
            moments(Permit(granted, ledger, now=lambda: NOW, chance=Random(1)), 150)
        )
    gaps = [after - before for before, after in itertools.pairwise(found)]
    assert found[-1] - found[0] >= 149 / 200 - 0.03
    assert max(gaps) > 1.2 / 200  # jitter: no metronome
    with Ledger.kept(tmp_path / "ledger.jsonl") as ledger:
        asyncio.run(asyncio.sleep(0.2))  # is not made up for
        again = asyncio.run(
            moments(Permit(granted, ledger, now=lambda: NOW, chance=Random(2)), 100)
        )
    assert again[-1] - again[0] >= 99 / 200 - 0.03
