"""Connections to whoever misbehaves: bounded, never raised."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import pytest

from unflux.probe import conversation
from unflux.probe.conversation import MOST_OCTETS, Turn, converse
from unflux.probe.documents import compose_request, parse_document

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HELLO = compose_request("/", "www.bad.example", "abuse@isp.example")


def talk(answer: Answer, *, server_name: str | None = None) -> Turn:
    """Talk once to a server that answers so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await answer(reader, writer)
        writer.transport.abort()

    async def run() -> Turn:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            turn = await converse("127.0.0.1", port, HELLO, server_name=server_name)
            await asyncio.sleep(0.05)  # the server's side closes as well
        return turn

    return asyncio.run(run())


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    while not writer.is_closing():
        writer.write(b"x" * 65_536)
        await writer.drain()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-A: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)) * 40)
    await writer.drain()


def test_what_never_ends_is_cut_off() -> None:
    turn = talk(endless)
    assert turn.is_open
    assert len(turn.octets) == MOST_OCTETS


@pytest.mark.parametrize("answer", [dripping, mute])
def test_whoever_dawdles_is_left(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "STEP_S", 0.3)
    began_s = time.monotonic()
    turn = talk(answer)
    assert turn.is_open
    assert (turn.reply_s is None) == (answer is mute)
    assert time.monotonic() - began_s < 20


@pytest.mark.parametrize("answer", [garbage, mute])
def test_no_tls_is_an_open_port_without_a_certificate(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "STEP_S", 0.3)
    turn = talk(answer, server_name="www.bad.example")
    assert turn.is_open
    assert turn.certificate is None
    assert turn.handshake_s is None


def test_a_port_that_refuses_tells_the_way() -> None:
    async def run() -> Turn:
        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return await converse("127.0.0.1", port, HELLO)

    turn = asyncio.run(run())
    assert not turn.is_open
    assert turn.connect_s is not None


@pytest.mark.parametrize(
    "octets",
    [b"", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"\x00" * 99,
     b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000, b"HTTP/1.1 200 OK\r\nA: " + b"b" * 99_999],
)  # fmt: skip
def test_what_is_no_reply_is_none(octets: bytes) -> None:
    assert parse_document(octets) is None


@pytest.mark.parametrize(
    "octets",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999999\r\n\r\nhello",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
     b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\nhello"],
)  # fmt: skip
def test_a_reply_that_lies_about_its_length_is_read_as_far_as_it_goes(octets: bytes) -> None:
    document = parse_document(octets)
    assert document is not None
    assert document.status == 200
    assert len(document.body) <= len(octets)
