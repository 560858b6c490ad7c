"""Exchange: questions out and replies in, thousands in flight; every packet by the permit."""

import asyncio
import secrets
import struct
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal, Self

from unflux.engagement.ledger import Request
from unflux.engagement.permit import Permit
from unflux.model.endpoint import Endpoint
from unflux.model.errors import UnfluxError
from unflux.track.question import (
    SILENT,
    Question,
    Reply,
    begins_reply,
    compose_question,
    parse_reply,
)
from unflux.track.vantage import Vantage

SOCKETS: Final = 16
"""For each resolver. Chosen: 2026-11-28; with the id a forger must guess the port too, and the
system's buffer of one socket overflows at a burst of some 200 replies."""
TIMEOUT_S: Final = 5.0
"""For a reply by UDP, and by TCP. As resolvers' clients wait (resolv.conf(5))."""
STRAY: Final = "reply to no question of ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A question that was asked, and what came of it."""

    vantage: Vantage
    question: Question
    at: datetime
    """When the reply came, or was given up."""
    reply: Reply
    wire: bytes | None
    """The reply's octets; null where none came."""


class _Socket(asyncio.DatagramProtocol):
    """One connected socket: the system lets in nothing but what the resolver sends."""

    def __init__(self, drops: Counter[str]) -> None:
        self._drops = drops
        self._waiting: dict[int, tuple[Question, asyncio.Future[bytes]]] = {}
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        number = int.from_bytes(data[:2], "big")
        question, reply = self._waiting.get(number, (None, None))
        if question is None or reply is None or not begins_reply(data, question):
            self._drops[STRAY] += 1
        elif not reply.done():
            reply.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """Pass over a port that is closed: who waits there waits in vain, and gives up in time."""

    async def ask(self, question: Question) -> bytes:
        """Send a question and return the reply's octets; raises TimeoutError."""
        number = secrets.randbits(16)
        while number in self._waiting:
            number = secrets.randbits(16)
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = question, reply
        try:
            self.transport.sendto(compose_question(question, number))
            async with asyncio.timeout(TIMEOUT_S):
                return await reply
        finally:
            del self._waiting[number]


class Exchange:
    """Asks the resolvers of some vantages; use it as an asynchronous context manager."""

    def __init__(self, permit: Permit, resolvers: Iterable[Endpoint], purpose: str) -> None:
        self._permit = permit
        self._purpose = purpose
        self._resolvers = tuple(resolvers)
        self._sockets: dict[Endpoint, list[_Socket]] = {}
        self.drops = Counter[str]()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for resolver in self._resolvers:
            self._sockets[resolver] = []
            for _ in range(SOCKETS):
                try:
                    _, made = await loop.create_datagram_endpoint(
                        lambda: _Socket(self.drops),
                        remote_addr=(str(resolver.address), resolver.port),
                    )
                except OSError as error:
                    await self.__aexit__(None, None, None)
                    message = f"{resolver}: cannot be asked ({error.strerror})"
                    raise UnfluxError(message) from error
                self._sockets[resolver].append(made)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sockets in self._sockets.values():
            for one in sockets:
                one.transport.close()

    async def look(self, vantage: Vantage, question: Question) -> Look:
        """Ask once, by UDP, and again by TCP where the reply was cut.

        Raises what :meth:`unflux.engagement.permit.Permit.ask_resolver` raises.
        """
        await self._permit.ask_resolver(self._request(vantage, question, "udp"))
        wire, reply = None, SILENT
        with suppress(TimeoutError):
            wire = await secrets.choice(self._sockets[vantage.resolver]).ask(question)
            reply = parse_reply(wire, question)
        if reply.is_truncated:
            await self._permit.ask_resolver(self._request(vantage, question, "tcp"))
            with suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
                async with self._permit.in_time():
                    wire = await _ask_by_tcp(vantage.resolver, question)
                reply = parse_reply(wire, question)
        return Look(
            vantage=vantage, question=question, at=datetime.now(UTC), reply=reply, wire=wire
        )

    def _request(
        self, vantage: Vantage, question: Question, protocol: Literal["udp", "tcp"]
    ) -> Request:
        resolver = vantage.resolver
        return Request(
            purpose=self._purpose,
            address=str(resolver.address),
            port=resolver.port,
            protocol=protocol,
            name=question.name,
        )


async def _ask_by_tcp(resolver: Endpoint, question: Question) -> bytes:
    """Return a reply's octets (RFC 7766 section 8); raises OSError where it is another's.

    Its length is a number of two octets, so no more than 65,535 of it are read.
    """
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await asyncio.open_connection(str(resolver.address), resolver.port)
        try:
            number = secrets.randbits(16)
            asked = compose_question(question, number)
            writer.write(struct.pack("!H", len(asked)) + asked)
            size = int.from_bytes(await reader.readexactly(2), "big")
            wire = await reader.readexactly(size)
        finally:
            writer.close()
    if wire[:2] != struct.pack("!H", number) or not begins_reply(wire, question):
        message = "reply to another question"
        raise OSError(message)
    return wire
