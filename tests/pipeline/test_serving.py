"""A server from begin to end in this process, on commands instead of signals."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import dns.message
import dns.query
import pytest
from tests.act.outputs.programs import free_port
from tests.serve.histories import Told
from tests.serve.zones import ORIGIN, replace_zone, zone_text

from unflux.model.endpoint import Endpoint
from unflux.model.errors import UnfluxError
from unflux.pipeline.serving import Command, Options, serve

pytestmark = pytest.mark.slow

Commands = asyncio.Queue[Command]


def options_of(folder: Path, port: int) -> Options:
    return Options(
        zone_file=folder / "rpz.zone",
        history=folder / "history",
        listen=(Endpoint(ip_address("127.0.0.1"), port), Endpoint(ip_address("::1"), port)),
        is_unsigned_allowed=True,
    )


@asynccontextmanager
async def serving(options: Options) -> AsyncIterator[tuple[Told, Commands]]:
    told, commands = Told(), Commands()
    task = asyncio.create_task(serve(options, told, commands))
    yield told, commands
    await commands.put(Command.STOP)
    await task


async def until(told: Told, event: str, count: int = 1) -> None:
    async with asyncio.timeout(20):
        while [t["event"] for t in told].count(event) < count:
            await asyncio.sleep(0.01)


async def rcode_of(port: int, address: str = "127.0.0.1") -> str:
    query = dns.message.make_query(ORIGIN, "SOA")
    answer = await asyncio.to_thread(dns.query.udp, query, address, port=port, timeout=5)
    return dns.rcode.to_text(answer.rcode())


def test_it_waits_for_the_first_zone_and_takes_the_next(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        async with serving(options_of(tmp_path, port)) as (told, commands):
            await until(told, "zone-missing")
            assert await rcode_of(port) == "SERVFAIL"
            replace_zone(tmp_path, zone_text("bad.example", serial=7))
            await until(told, "serving")
            assert await rcode_of(port) == await rcode_of(port, "::1") == "NOERROR"
            replace_zone(tmp_path, zone_text(serial=8))
            await commands.put(Command.REREAD)
            await until(told, "serving", 2)
            await commands.put(Command.STATUS)
            await until(told, "status")
        assert told[-1] == {"event": "ended", "serial": 8, "soa": 2, "refused-no-zone": 1}
        assert [t["differences"] for t in told if t["event"] == "serving"] == [0, 1]

    asyncio.run(body())


def test_it_does_not_begin_where_it_cannot_listen(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        replace_zone(tmp_path, zone_text(serial=7))
        (tmp_path / "other").mkdir()
        async with serving(options_of(tmp_path, port)) as (told, _):
            await until(told, "serving")
            with pytest.raises(UnfluxError, match="cannot listen on"):
                await serve(options_of(tmp_path / "other", port), Told(), Commands())

    asyncio.run(body())
