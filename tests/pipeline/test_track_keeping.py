"""Keeping of a track: bounded while it waits, and of what cannot be stored all else is."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any, NoReturn

import dns.message
import dns.rrset
import pytest
from tests.track.resolvers import answering, grant, replied

from unflux.engine.store import Store
from unflux.model.endpoint import Endpoint
from unflux.model.errors import UnfluxError
from unflux.model.vantages import VANTAGE_ANSWERS, VANTAGE_LOOKS
from unflux.pipeline import track_keeping as module
from unflux.pipeline.track_keeping import Keeper, Shelf
from unflux.pipeline.tracking import Options, track
from unflux.read.source import Options as ReadOptions
from unflux.track.allowance import BEYOND, LONG, MOST_FOUND, MOST_RECORDS
from unflux.track.exchange import Look
from unflux.track.question import Question, Reply, compose_question, parse_reply
from unflux.track.rhythm import Turn
from unflux.track.vantage import Vantage

VANTAGE = Vantage(resolver=Endpoint(ip_address("127.0.0.1"), 53))
POISON = "\ud800.bad.example"
"""No UTF-8, which no reader lets in: it stands for what nobody thought of."""


def look(name: str, padding: int = 0) -> Look:
    answer = dns.message.make_response(
        dns.message.from_wire(compose_question(Question("bad.example", "A"), 1))
    )
    answer.answer.append(dns.rrset.from_text("bad.example.", 20, "IN", "A", "20.0.0.1"))
    return Look(
        vantage=VANTAGE, question=Question(name, "A"), at=datetime.now(UTC),
        reply=Reply(outcome="answered", found=frozenset({"20.0.0.1"}), ttl_s=20),
        wire=answer.to_wire() + bytes(padding),
    )  # fmt: skip


def told_nothing(event: str, /, **fields: Any) -> NoReturn:
    raise AssertionError(event, fields)


def kept(store: Path) -> dict[str, int]:
    with Store.open(store, read_only=True) as opened:
        rows = opened.looks(VANTAGE_LOOKS).to_pylist()
        state = opened.deployed(*module.RHYTHM)
    assert state == "the state"
    return {row["query"]: row["looks"] for row in rows}


def keeper(store: Path) -> Keeper:
    shelf = Shelf(store=store, batch_s=0.05, reading=ReadOptions())
    return Keeper(shelf, lambda: "the state", told_nothing)


def test_one_look_that_cannot_be_stored_takes_no_other_with_it(tmp_path: Path) -> None:
    async def run() -> None:
        one = keeper(tmp_path / "store")
        for number in range(20):
            one.take(look(POISON if number == 7 else f"n{number}.bad.example"), Turn())
        with pytest.raises(UnfluxError, match=r"^1 look is lost: UnicodeEncodeError: "):
            await one.keep_last()

    asyncio.run(run())
    assert kept(tmp_path / "store") == {f"n{n}.bad.example": 1 for n in range(20) if n != 7}


def test_where_nothing_can_be_stored_trying_has_an_end(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"no store at all" * 9)

    async def run() -> None:
        one = keeper(tmp_path / "store")
        for _ in range(3000):
            one.take(look("bad.example"), Turn())
        with pytest.raises(UnfluxError, match=r"^3,000 looks are lost: .*store"):
            await one.keep_last()

    asyncio.run(run())


def test_long_replies_leave_no_room_until_they_are_stored(tmp_path: Path) -> None:
    async def run() -> None:
        one, ending = keeper(tmp_path / "store"), asyncio.Event()
        size = 60_000
        count = module.MOST_WAITING_OCTETS // size
        for _ in range(count):
            one.take(look("bad.example", size - len(look("bad.example").wire or b"")), Turn())
        assert one.room.is_set()
        one.take(look("bad.example", size), Turn())
        assert not one.room.is_set()
        keeping = asyncio.create_task(one.keep_on(ending, lambda: None))
        async with asyncio.timeout(60):
            await one.room.wait()
        ending.set()
        await keeping
        assert kept(tmp_path / "store") == {"bad.example": count + 1}

    asyncio.run(run())


def test_no_operator_fills_the_store(tmp_path: Path) -> None:
    question, at = Question("bad.example", "A"), datetime(2026, 11, 1, tzinfo=UTC)

    def wide(minute: int) -> Look:
        found = [str(IPv4Address(0x14000001 + minute * 4_090 + n)) for n in range(4_090)]
        wire = replied(compose_question(question, 1), *found)
        return Look(
            vantage=VANTAGE, question=question, at=at + timedelta(minutes=minute),
            reply=parse_reply(wire, question), wire=wire,
        )  # fmt: skip

    async def run() -> Counter[str]:
        one = keeper(tmp_path / "store")
        for minute in range(20):
            one.take(wide(minute), Turn())
        await one.keep_last()
        return one.shed

    shed = asyncio.run(run())
    assert kept(tmp_path / "store") == {"bad.example": 20}
    most = MOST_FOUND // MOST_RECORDS * MOST_RECORDS
    with Store.open(tmp_path / "store", read_only=True) as store:
        assert store.looks(VANTAGE_ANSWERS).num_rows == most
        assert store.rollup().sightings.num_rows == most
        (source,) = store.sources()
    assert source.drops == shed == {LONG: 20 * (4_091 - MOST_RECORDS), BEYOND: 5}


@pytest.mark.slow
def test_a_keeper_that_fails_ends_the_run_with_what_it_was(tmp_path: Path) -> None:
    def fail(rollup: object) -> NoReturn:
        raise ZeroDivisionError("nobody thought of it")

    async def run() -> None:
        async with answering("20.0.0.1") as endpoint:
            options = Options(
                names=("bad.example",), vantages=(Vantage(resolver=endpoint),), batch_s=0.2,
                store=tmp_path / "store", scope=grant(endpoint), ledger=tmp_path / "ledger",
                reading=ReadOptions(lessen=fail),
            )  # fmt: skip
            async with asyncio.timeout(120):
                with pytest.raises(UnfluxError, match=r"look.* lost: .*nobody thought of it"):
                    await track(options, lambda *_, **__: None, asyncio.Queue())

    asyncio.run(run())
