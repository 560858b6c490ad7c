"""The sockets, held against peers who ask too much, too slowly, or never take their answer."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import dns.message
import dns.query
import dns.xfr
import dns.zone
import pytest
from tests.act.outputs.programs import free_port
from tests.serve.histories import Told
from tests.serve.transfers import KEY, OPEN, responder
from tests.serve.zones import ORIGIN, large_text, large_zone, oracle, records_of

from unflux.model.endpoint import Endpoint
from unflux.serve.access import Access
from unflux.serve.edition import Edition
from unflux.serve.errors import ServerError
from unflux.serve.server import Limits, Server

pytestmark = pytest.mark.slow

SMALL = Edition(zone=large_zone(10))
LARGE = Edition(zone=large_zone(50_000))
SOA = dns.message.make_query(ORIGIN, "SOA", id=7).to_wire()
AXFR = dns.message.make_query(ORIGIN, "AXFR", id=8).to_wire()


def framed(octets: bytes) -> bytes:
    return struct.pack("!H", len(octets)) + octets


class Running:
    """A server on a port of loopback."""

    def __init__(self, server: Server, port: int, told: Told) -> None:
        self.server, self.port, self.told = server, port, told

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, octets: bytes = SOA) -> dns.message.Message:
        """Ask over TCP, and take one message."""
        reader, writer = await self.connect()
        try:
            writer.write(framed(octets))
            return await read_message(reader)
        finally:
            writer.close()

    async def take_all(self, edition: Edition) -> None:
        """Take the whole zone, message by message."""
        reader, writer = await self.connect()
        writer.write(framed(AXFR))
        for body in edition.whole:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            assert body.octets in await reader.readexactly(length)
        writer.close()

    async def until_counted(self, kind: str, count: int = 1) -> None:
        async with asyncio.timeout(20):
            while self.server.counts[kind] < count:
                await asyncio.sleep(0.02)


async def read_message(reader: asyncio.StreamReader) -> dns.message.Message:
    (length,) = struct.unpack("!H", await reader.readexactly(2))
    return dns.message.from_wire(await reader.readexactly(length), xfr=True)


@asynccontextmanager
async def running(
    edition: Edition = SMALL, limits: Limits | None = None, access: Access = OPEN
) -> AsyncIterator[Running]:
    port, told = free_port(), Told()
    listen = [Endpoint(ip_address("127.0.0.1"), port)]
    async with Server(responder(edition, access), listen, limits or Limits(), told) as server:
        yield Running(server, port, told)


def transferred(port: int, **options: object) -> dns.zone.Zone:
    zone = dns.zone.Zone(ORIGIN)
    query, _ = dns.xfr.make_query(zone, serial=None, **options)  # type: ignore[arg-type]
    dns.query.inbound_xfr("127.0.0.1", zone, query, port=port, lifetime=60)
    return zone


def test_udp_and_tcp_are_answered() -> None:
    async def body() -> None:
        async with running() as run:
            query = dns.message.make_query(ORIGIN, "SOA")
            for ask in (dns.query.udp, dns.query.tcp):
                answer = await asyncio.to_thread(ask, query, "127.0.0.1", port=run.port, timeout=5)
                assert answer.answer[0][0].serial == 1
            assert run.server.counts == {"soa": 2}
            assert run.told == [{"event": "listening", "on": f"127.0.0.1:{run.port}"}]

    asyncio.run(body())


@pytest.mark.parametrize("signing", [{}, {"keyring": KEY}])
def test_a_transfer_is_whole_and_told(signing: dict[str, object]) -> None:
    async def body() -> None:
        async with running(Edition(zone=large_zone(1_000))) as run:
            zone = await asyncio.to_thread(transferred, run.port, **signing)
            assert records_of(zone) == oracle(large_text(1_000))
            await run.until_counted("axfr")
            told = run.told[-1]
            assert (told["event"], told["kind"], told["serial"]) == ("transfer", "axfr", 1)
            assert told["peer"] == "127.0.0.1"
            assert told["key"] == ("policy." if signing else None)
            assert int(told["messages"] or 0) > 1

    asyncio.run(body())


def test_several_requests_of_one_connection_are_answered_in_order() -> None:
    async def body() -> None:
        async with running() as run:
            reader, writer = await run.connect()
            queries = [dns.message.make_query(ORIGIN, "SOA", id=i) for i in range(1, 40)]
            writer.write(b"".join(framed(q.to_wire()) for q in queries))
            for query in queries:
                assert query.is_response(await read_message(reader))
            writer.close()

    asyncio.run(body())


def test_both_wildcards_are_listened_on_and_each_family_is_itself() -> None:
    async def body() -> None:
        port, told = free_port(), Told()
        listen = [Endpoint(ip_address(text), port) for text in ("0.0.0.0", "::")]
        query = dns.message.make_query(ORIGIN, "SOA")
        async with Server(responder(SMALL), listen, Limits(), told) as server:
            for address in ("127.0.0.1", "::1"):
                for ask in (dns.query.udp, dns.query.tcp):
                    answer = await asyncio.to_thread(ask, query, address, port=port, timeout=5)
                    assert answer.answer[0][0].serial == 1
            assert server.counts == {"soa": 4}
        async with Server(responder(SMALL), listen[1:], Limits(), told):
            with pytest.raises(OSError, match="refused"):
                await asyncio.to_thread(dns.query.tcp, query, "127.0.0.1", port=port, timeout=5)
            with socket.socket(type=socket.SOCK_DGRAM) as other:
                other.bind(("0.0.0.0", port))

    asyncio.run(body())


def test_a_port_that_is_taken_is_said() -> None:
    async def body() -> None:
        async with running() as run:
            listen = [Endpoint(ip_address("127.0.0.1"), run.port)]
            with pytest.raises(ServerError, match=f"cannot listen on 127.0.0.1:{run.port}"):
                async with Server(responder(SMALL), listen, Limits(), Told()):
                    pass

    asyncio.run(body())


async def drip(writer: asyncio.StreamWriter, octets: bytes) -> None:
    """Write an octet now and then."""
    for octet in octets:
        writer.write(bytes([octet]))
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "octets",
    [b"", b"\0", framed(SOA)[:-1], framed(SOA + b"\0" * 1_000)],
    ids=["nothing", "half a length", "nearly all", "drops"],
)
def test_who_does_not_finish_a_request_is_cut_off_and_delays_nobody(octets: bytes) -> None:
    async def body() -> None:
        async with running(limits=Limits(request_s=3)) as run:
            held = [await run.connect() for _ in range(5)]
            dripping = [asyncio.create_task(drip(writer, octets)) for _, writer in held]
            assert (await run.ask()).answer
            await run.until_counted("dropped-slow", 5)
            for reader, writer in held:
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                    await reader.readexactly(1)
                writer.close()
            for task in dripping:
                task.cancel()

    asyncio.run(body())


def test_who_does_not_take_the_answer_is_cut_off_and_delays_nobody() -> None:
    async def body() -> None:
        async with running(LARGE, Limits(stall_s=3)) as run:
            stuck = []
            for _ in range(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", run.port, limit=64)
                writer.write(framed(AXFR) * 20)
                stuck.append((reader, writer))
            await run.take_all(LARGE)
            await run.until_counted("dropped-slow", 5)
            for _, writer in stuck:
                writer.close()

    asyncio.run(body())


def test_no_connection_lasts_for_ever() -> None:
    """However lively: each single wait is short enough."""

    async def body() -> None:
        async with running(limits=Limits(connection_s=0.5)) as run:
            reader, writer = await run.connect()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                while True:
                    writer.write(framed(SOA))
                    await read_message(reader)
                    await asyncio.sleep(0.01)
            await run.until_counted("dropped-slow")
            writer.close()

    asyncio.run(body())


def test_one_address_cannot_take_all_connections() -> None:
    async def body() -> None:
        limits = Limits(connections=5, peer_connections=3, request_s=30)
        async with running(limits=limits) as run:
            held = [await run.connect() for _ in range(3)]
            await asyncio.sleep(0.1)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await run.ask()
            assert run.server.counts["dropped-connection"] == 1
            query = dns.message.make_query(ORIGIN, "SOA")
            answer = await asyncio.to_thread(
                dns.query.tcp, query, "127.0.0.1", port=run.port, source="127.0.0.2", timeout=5
            )
            assert answer.answer
            held[0][1].close()
            await held[0][1].wait_closed()
            await asyncio.sleep(0.1)
            assert (await run.ask()).answer
            for _, writer in held:
                writer.close()

    asyncio.run(body())


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (struct.pack("!H", 4_097), "dropped-oversize"),
        (framed(b""), "dropped-malformed"),
        (framed(b"\xff" * 50), "dropped-malformed"),
        (framed(SOA[:2] + b"\x80" + SOA[3:]), "dropped-response"),
        (framed(SOA[:-1]), "dropped-malformed"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "dropped-oversize"),
    ],
    ids=["long", "empty", "noise", "response", "short", "HTTP"],
)
def test_what_is_no_request_ends_the_connection(octets: bytes, kind: str) -> None:
    async def body() -> None:
        async with running() as run:
            reader, writer = await run.connect()
            writer.write(octets)
            assert await reader.read() == b""
            await run.until_counted(kind)
            writer.close()

    asyncio.run(body())


def test_what_is_no_request_by_udp_is_counted() -> None:
    async def body() -> None:
        async with running() as run:
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                sender.connect(("127.0.0.1", run.port))
                sender.send(b"")
                sender.send(b"\0" * 11)
                sender.send(SOA + b"\0" * 5_000)
            await run.until_counted("dropped-oversize")
            await run.until_counted("dropped-malformed", 2)
            assert (await run.ask()).answer

    asyncio.run(body())


def test_a_refusal_is_told_once_and_counted_always() -> None:
    async def body() -> None:
        async with running(access=Access()) as run:
            for _ in range(5):
                await run.ask(AXFR)
            assert run.server.counts["refused-unsigned"] == 5
            assert run.told[1:] == [
                {"event": "refused", "kind": "refused-unsigned", "peer": "127.0.0.1"}
            ]

    asyncio.run(body())


def test_transfers_that_run_may_end_when_the_server_does() -> None:
    async def body() -> None:
        async with running(LARGE) as run:
            transfer = asyncio.create_task(run.take_all(LARGE))
            await run.until_counted("axfr")
        await transfer

    asyncio.run(body())


def test_who_holds_a_connection_cannot_hold_the_end_up() -> None:
    async def body() -> None:
        async with running(limits=Limits(grace_s=0.2)) as run:
            reader, writer = await run.connect()
            writer.write(framed(SOA)[:5])
            await asyncio.sleep(0.1)
            async with asyncio.timeout(5):
                await run.server.__aexit__(None, None, None)
            assert await reader.read() == b""
            writer.close()

    asyncio.run(body())
