"""The sockets: requests by UDP and TCP, each connection bounded so that none delays another."""

import asyncio
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_address
from types import TracebackType
from typing import Final, Self, cast

from unflux.model.endpoint import Address, Endpoint
from unflux.model.telling import Tell
from unflux.serve.errors import ServerError
from unflux.serve.responder import Reply, Responder

_LENGTH: Final = struct.Struct("!H")
"""Before each message over TCP (RFC 1035 section 4.2.2)."""

MAX_REFUSALS_TOLD: Final = 256
"""Pairs of peer and reason that are told, each once; all are counted.

Chosen: 2026-11-24, by hand; whoever forges addresses fills no log, and a few resolvers are heard.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one peer may take. Chosen: 2026-11-24; a resolver needs one connection for seconds."""

    connections: int = 128
    """At a time."""
    peer_connections: int = 16
    """At a time, of one address."""
    request_octets: int = 4_096
    """Longer messages are dropped; a signed request takes some 300."""
    request_s: float = 10.0
    """From the opening of a connection, or an answer, to the end of the next request."""
    stall_s: float = 30.0
    """From a message of an answer to the next: how long the peer may take it."""
    connection_s: float = 900.0
    """In all: 100,000 names at 100 kbit/s."""
    grace_s: float = 5.0
    """For transfers that run when the server is told to end."""


class Server:
    """Listens while its block runs; ``counts`` holds what was answered and dropped, by kind."""

    def __init__(
        self, responder: Responder, listen: Iterable[Endpoint], limits: Limits, tell: Tell
    ) -> None:
        self._responder = responder
        self._listen = tuple(listen)
        self._limits = limits
        self._tell = tell
        self._exits = AsyncExitStack()
        self._connections: dict[asyncio.Task[None], Address] = {}
        self._told: set[tuple[Address, str]] = set()
        self.counts = Counter[str]()

    async def __aenter__(self) -> Self:
        """Open all sockets; raises ServerError where one cannot be."""
        try:
            for endpoint in self._listen:
                await self._open(endpoint)
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take no more requests, and let transfers end that can in a moment."""
        await self._exits.aclose()
        running = set(self._connections)
        if running:
            _, late = await asyncio.wait(running, timeout=self._limits.grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _open(self, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        where = (str(endpoint.address), endpoint.port)
        try:
            streams = await asyncio.start_server(
                self._serve, *where, limit=self._limits.request_octets
            )
            self._exits.callback(streams.close)
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self), sock=_bound(endpoint)
            )
            self._exits.callback(transport.close)
        except OSError as error:
            message = f"cannot listen on {endpoint}: {error.strerror}"
            raise ServerError(message) from error
        self._tell("listening", on=str(endpoint))

    def answer_datagram(self, octets: bytes, peer: Address) -> Iterable[bytes]:
        """Return what goes back by UDP: one message or none."""
        if len(octets) > self._limits.request_octets:
            self.counts["dropped-oversize"] += 1
            return ()
        reply = self._responder.respond(octets, peer, is_tcp=False)
        self._count(reply, peer)
        return reply.messages

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end, which is never later than the limits allow."""
        peer = ip_address(writer.get_extra_info("peername")[0])
        task = cast("asyncio.Task[None]", asyncio.current_task())
        if not self._is_room_for(peer):
            self.counts["dropped-connection"] += 1
            writer.transport.abort()
            return
        self._connections[task] = peer
        try:
            async with asyncio.timeout(self._limits.connection_s):
                await self._answer_all(reader, writer, peer)
                async with asyncio.timeout(self._limits.stall_s):
                    writer.close()
                    await writer.wait_closed()
        except TimeoutError:
            self.counts["dropped-slow"] += 1
        except (ConnectionError, asyncio.IncompleteReadError):
            self.counts["dropped-broken"] += 1
        except asyncio.CancelledError:
            # By __aexit__ alone. Were it passed on, Python 3.11 would report an error.
            self.counts["dropped-at-end"] += 1
        finally:
            writer.transport.abort()
            del self._connections[task]

    def _is_room_for(self, peer: Address) -> bool:
        held = list(self._connections.values())
        limits = self._limits
        return len(held) < limits.connections and held.count(peer) < limits.peer_connections

    async def _answer_all(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Address
    ) -> None:
        """Answer requests in their order until the peer has no more or sends what is none."""
        while True:
            octets = await self._read(reader)
            if octets is None:
                return
            began = time.monotonic()
            reply = self._responder.respond(octets, peer, is_tcp=True)
            self._count(reply, peer)
            sent = await self._write(writer, reply.messages)
            if not sent:
                return
            if reply.is_transfer:
                self._tell(
                    "transfer", kind=reply.kind, peer=str(peer), key=reply.key, since=reply.since,
                    serial=reply.serial, messages=len(sent), octets=sum(sent),
                    seconds=round(time.monotonic() - began, 3),
                )  # fmt: skip

    async def _read(self, reader: asyncio.StreamReader) -> bytes | None:
        """Return the next request; null at the end of the stream, or where it is too long."""
        async with asyncio.timeout(self._limits.request_s):
            try:
                (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    raise
                return None
            if length > self._limits.request_octets:
                self.counts["dropped-oversize"] += 1
                return None
            return await reader.readexactly(length)

    async def _write(self, writer: asyncio.StreamWriter, messages: Iterable[bytes]) -> list[int]:
        """Write messages as fast as the peer takes them; return the size of each."""
        sent: list[int] = []
        for message in messages:
            writer.write(_LENGTH.pack(len(message)) + message)
            async with asyncio.timeout(self._limits.stall_s):
                await writer.drain()
            # A peer that takes all at once must not keep the others waiting.
            await asyncio.sleep(0)
            sent.append(len(message))
        return sent

    def _count(self, reply: Reply, peer: Address) -> None:
        """Count a reply; tell the first refusal of a kind, so that a secondary can be set right."""
        self.counts[reply.kind] += 1
        refusal = (peer, reply.kind)
        is_told = refusal in self._told or len(self._told) >= MAX_REFUSALS_TOLD
        if reply.kind.startswith("refused-") and not is_told:
            self._told.add(refusal)
            self._tell("refused", kind=reply.kind, peer=str(peer))


def _bound(endpoint: Endpoint) -> socket.socket:
    """Return a socket for UDP, of IPv6 alone where it is one, as asyncio has it for TCP."""
    family, kind, protocol, _, where = socket.getaddrinfo(
        str(endpoint.address), endpoint.port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
    )[0]
    opened = socket.socket(family, kind, protocol)
    try:
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(where)
    except OSError:
        opened.close()
        raise
    return opened


class _Datagrams(asyncio.DatagramProtocol):
    """Requests by UDP."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one request."""
        for message in self._server.answer_datagram(data, ip_address(addr[0])):
            self._transport.sendto(message, addr)
