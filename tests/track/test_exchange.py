"""Exchanges on loopback: what becomes of a reply that was cut, by TCP and where there is none."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.track.resolvers import Answer, answering, grant, replied

from unflux.engagement.ledger import Ledger
from unflux.engagement.permit import Permit
from unflux.model.endpoint import Endpoint
from unflux.track.exchange import Exchange, Look
from unflux.track.question import Question
from unflux.track.vantage import Vantage

QUESTION = Question("www.bad.example", "A")


@asynccontextmanager
async def resolver(by_tcp: Answer | None, *records: str) -> AsyncIterator[Endpoint]:
    """Answer by UDP with some records, cut; by TCP with what is given, or not at all."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = struct.unpack("!H", await reader.readexactly(2))[0]
        writer.write(answer(await reader.readexactly(size)))
        await writer.drain()
        writer.close()

    answer = by_tcp or (lambda _: b"")
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if by_tcp is None:
        server.close()
    async with answering(lambda wire: replied(wire, *records, is_cut=True), port) as endpoint:
        yield endpoint
    server.close()


def look(folder: Path, by_tcp: Answer | None, *records: str) -> Look:
    async def asked() -> Look:
        async with resolver(by_tcp, *records) as endpoint:
            with Ledger.kept(folder / "ledger") as ledger:
                permit = Permit(grant(endpoint, total=2), ledger)
                async with Exchange(permit, [endpoint], "test") as exchange:
                    found = await exchange.look(Vantage(resolver=endpoint), QUESTION)
                assert permit.left == 0  # both ways were written down
                return found

    return asyncio.run(asked())


def framed(wire: bytes) -> bytes:
    return struct.pack("!H", len(wire)) + wire


@pytest.mark.parametrize(
    "by_tcp",
    [
        None,
        lambda wire: b"",
        lambda wire: framed(replied(wire))[:20],
        lambda wire: framed(b"\0\0" + replied(wire)[2:]),  # to another question
        lambda wire: framed(replied(wire, is_cut=True)),
    ],
)
def test_a_cut_reply_that_cannot_be_had_by_tcp_is_no_denial(
    tmp_path: Path, by_tcp: Answer | None
) -> None:
    assert look(tmp_path, by_tcp).reply.outcome == "cut"


def test_what_was_cut_comes_by_tcp_and_what_came_before_is_not_lost(tmp_path: Path) -> None:
    many = [f"20.0.{n // 250}.{n % 250 + 1}" for n in range(300)]
    reply = look(tmp_path, lambda wire: framed(replied(wire, *many)), many[0]).reply
    assert (reply.outcome, reply.found, reply.is_truncated) == ("answered", frozenset(many), False)
    (tmp_path / "ledger").unlink()
    reply = look(tmp_path, None, many[0]).reply
    assert (reply.found, reply.is_truncated) == (frozenset(many[:1]), True)
