"""The senders: name servers that connect and send frames, each bounded for the others' sake."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self, cast

from unflux.watch.inbox import Chunk, Inbox

READ_OCTETS: Final = 256 << 10
"""Octets read of a sender at once."""

TOO_MANY: Final = "connection refused: too many senders"
NO_HANDSHAKE: Final = "connection closed: no handshake in time"
BROKEN: Final = "connection broken off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What senders may take. Chosen: 2026-11-24; a resolver needs one connection for months."""

    connections: int = 64
    """At a time."""
    handshake_s: float = 10.0
    """From the opening of a connection to the start of its stream."""
    reply_s: float = 10.0
    """For the sender to take an answer."""
    keepalive_s: int = 60
    """Silence on TCP after which the sender is asked whether it is there still; gone after four."""


class Receiver(Protocol):
    """The protocol of one connection, without sockets."""

    @property
    def is_started(self) -> bool:
        """Whether the sender has begun to send frames."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether nothing more is read from the sender."""
        ...

    def receive(self, octets: bytes, /) -> tuple[bytes, int, bytes]:
        """Take octets; return whole frames, how many they are, and the answer."""
        ...

    def end(self) -> None:
        """Count what is left when the sender has gone."""
        ...


class Senders:
    """Accepts on sockets that listen while its block runs, and puts frames into the inbox.

    ``head``: what a file of such frames begins with.
    """

    name: Final = "dnstap"
    failure: Final = None

    def __init__(
        self,
        listening: Iterable[socket.socket],
        inbox: Inbox,
        make_receiver: Callable[[], Receiver],
        head: bytes,
        limits: Limits,
    ) -> None:
        self._listening = tuple(listening)
        self._inbox = inbox
        self._make_receiver = make_receiver
        self._head = head
        self._limits = limits
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.drops = Counter[str]()
        """Connections that went otherwise than they should, by reason."""
        self.connection_count = 0
        self.record_count = 0
        """Frames that arrived."""

    @property
    def open_count(self) -> int:
        """Senders that are connected now."""
        return len(self._tasks)

    async def __aenter__(self) -> Self:
        """Begin to accept."""
        for listening in self._listening:
            start = (
                asyncio.start_unix_server
                if listening.family == socket.AF_UNIX
                else asyncio.start_server
            )
            self._servers.append(await start(self._serve, sock=listening, limit=READ_OCTETS))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Accept no more and leave the senders; what was read of them is in the inbox."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        self.connection_count += 1
        if len(self._tasks) >= self._limits.connections:
            self.drops[TOO_MANY] += 1
            writer.transport.abort()
            return
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._tasks.add(task)
        receiver = self._make_receiver()
        try:
            _keep_alive(writer.get_extra_info("socket"), self._limits.keepalive_s)
            async with asyncio.timeout(self._limits.handshake_s) as shaking_hands:
                while not receiver.is_over and (octets := await reader.read(READ_OCTETS)):
                    frames, count, reply = receiver.receive(octets)
                    if receiver.is_started or receiver.is_over:
                        shaking_hands.reschedule(None)
                    if count:
                        await self._inbox.put(self._chunk(frames, count))
                    if reply:
                        writer.write(reply)
                        async with asyncio.timeout(self._limits.reply_s):
                            await writer.drain()
        except TimeoutError:
            self.drops[NO_HANDSHAKE] += 1
        except OSError:
            self.drops[BROKEN] += 1
        except asyncio.CancelledError:
            # By __aexit__ alone. Were it passed on, Python 3.11 would report an error.
            await self._take_rest(reader, writer, receiver)
        finally:
            receiver.end()
            writer.close()
            self._tasks.discard(task)

    async def _take_rest(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, receiver: Receiver
    ) -> None:
        """Leave a sender, and take what was read of it already."""
        writer.transport.abort()  # the stream ends behind that
        with suppress(OSError):
            frames, count, _ = receiver.receive(await reader.read())
            if count:
                self._inbox.add(self._chunk(frames, count))

    def _chunk(self, frames: bytes, count: int) -> Chunk:
        """Count frames that arrived, and return them as a chunk."""
        self.record_count += count
        return Chunk(origin=self.name, head=self._head, octets=frames, count=count)


def _keep_alive(connection: socket.socket, seconds: int) -> None:
    """Let the system find out about a sender that went without a word."""
    if connection.family == socket.AF_UNIX:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        if hasattr(socket, option):  # macOS names the first otherwise
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), seconds)
    if hasattr(socket, "TCP_KEEPCNT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
