"""One connection to a suspected agent: what came back, and how long each step took."""

import asyncio
import socket
import time
from dataclasses import dataclass
from typing import Final

from unflux.probe.tls import Secured, compose_context
from unflux.probe.way import opened_socket, pass_over

MOST_OCTETS: Final = 64 << 10
"""Of one reply; what comes after is not read. Chosen: 2026-11-28; pages are compared by how they
begin, three pages of each of a thousand suspects are 200 MiB at most, and the worst reply is parsed
in 8 ms, during which the delays of others grow."""
STEP_S: Final = 5.0
"""For each step of a connection. Chosen: 2026-11-28; visitors would not wait longer."""

CONNECT_S: Final = 3.0
"""For one SYN and its one repetition (RFC 6298 section 2: after a second)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One connection; delays in seconds, null where that step was not reached."""

    connect_s: float | None = None
    """From SYN to SYN/ACK or RST: the way there and back."""
    is_open: bool = False
    handshake_s: float | None = None
    """Of TLS."""
    handshake_turns: int = 1
    """Round trips that this took."""
    certificate: bytes | None = None
    """DER, as the peer showed it; nobody vouches for it."""
    reply_s: float | None = None
    """From the request to the first octet of the reply."""
    octets: bytes = b""


async def converse(
    address: str, port: int, request: bytes, *, server_name: str | None = None
) -> Turn:
    """Connect, say ``request`` and hear the reply to its end; ``server_name`` asks for TLS.

    A peer that breaks off, is late or speaks nonsense shortens what is returned, never raises.
    Raises NoWayError where this machine cannot send.
    """
    with opened_socket(address, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_SYNCNT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
        began_s = time.perf_counter()
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().sock_connect(connection, (address, port))
        except ConnectionRefusedError:
            return Turn(connect_s=time.perf_counter() - began_s)
        except OSError as error:  # also of time
            pass_over(error, address)
            return Turn()
        connect_s = time.perf_counter() - began_s
        return await _talk(connection, request, server_name, connect_s)


async def _talk(
    connection: socket.socket, request: bytes, server_name: str | None, connect_s: float
) -> Turn:
    context = None if server_name is None else compose_context()
    handshake_s, turns, certificate = None, 1, None
    began_s = time.perf_counter()
    try:
        async with asyncio.timeout(STEP_S):
            reader, writer = await asyncio.open_connection(
                sock=connection, ssl=context, server_hostname=server_name
            )
    except (OSError, ValueError):
        return Turn(connect_s=connect_s, is_open=True)
    try:
        if context is not None:
            handshake_s = time.perf_counter() - began_s
            secured: Secured = writer.get_extra_info("ssl_object")
            turns = secured.turns
            certificate = secured.getpeercert(binary_form=True)
        reply_s, octets = await _hear(reader, writer, request)
    finally:
        writer.transport.abort()
    return Turn(
        connect_s=connect_s,
        is_open=True,
        handshake_s=handshake_s,
        handshake_turns=turns,
        certificate=certificate,
        reply_s=reply_s,
        octets=octets,
    )


async def _hear(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[float | None, bytes]:
    """Say the request; return the delay of the first octet, and what came within the bounds."""
    heard = bytearray()
    reply_s = None
    began_s = time.perf_counter()
    try:
        async with asyncio.timeout(STEP_S):
            writer.write(request)
            while len(heard) < MOST_OCTETS:
                part = await reader.read(MOST_OCTETS - len(heard))
                if reply_s is None and part:
                    reply_s = time.perf_counter() - began_s
                if not part:
                    break
                heard += part
    except OSError:  # also of time
        pass
    return reply_s, bytes(heard)
