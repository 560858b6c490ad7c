"""Connections to whoever misbehaves: bounded, never raised."""

import asyncio
import contextlib
import gzip
import resource
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from tests.act.outputs.programs import checked, find

from unflux.probe import conversation, name_service
from unflux.probe.conversation import MOST_OCTETS, Turn, converse
from unflux.probe.documents import compose_request, parse_document
from unflux.probe.name_service import NameReply, ask_zone
from unflux.probe.way import NoWayError

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEADER = b"\x00\x00\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00"
HELLO = compose_request("/", "www.bad.example", "abuse@isp.example")


def talk(
    answer: Answer, *, server_name: str | None = None, tls: ssl.SSLContext | None = None
) -> Turn:
    """Talk once to a server that answers so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await answer(reader, writer)
        writer.transport.abort()

    async def run() -> Turn:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
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
    monkeypatch.setattr(conversation, "STEP_S", 1.5)
    began_s = time.monotonic()
    turn = talk(answer)
    assert turn.is_open
    assert (turn.reply_s is None) == (answer is mute)
    assert time.monotonic() - began_s < 20


@pytest.mark.parametrize("answer", [garbage, mute])
def test_no_tls_is_an_open_port_without_a_certificate(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "STEP_S", 1.5)
    turn = talk(answer, server_name="www.bad.example")
    assert turn.is_open
    assert turn.certificate is None
    assert turn.handshake_s is None


@pytest.mark.parametrize(
    ("group", "version", "turns"),
    [(None, ssl.TLSVersion.TLSv1_3, 1), ("prime256v1", ssl.TLSVersion.TLSv1_3, 2),
     ("secp384r1", ssl.TLSVersion.TLSv1_3, 2), (None, ssl.TLSVersion.TLSv1_2, 2)],
)  # fmt: skip
def test_round_trips_of_a_handshake_are_counted(
    group: str | None, version: ssl.TLSVersion, turns: int, tmp_path: Path
) -> None:
    checked(
        find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", tmp_path / "key", "-out", tmp_path / "made", "-days", "2",
         "-subj", "/CN=www.bad.example",
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "made", tmp_path / "key")
    tls.maximum_version = version
    if group is not None:
        tls.set_ecdh_curve(group)
    turn = talk(endless, server_name="www.bad.example", tls=tls)
    assert turn.certificate is not None
    assert turn.handshake_turns == turns


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


@pytest.mark.parametrize("ask", [converse, ask_zone])
def test_trouble_of_this_machine_is_no_silence(ask: Callable[..., Awaitable[object]]) -> None:
    async def run() -> None:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, most[1]))
        try:
            await ask("127.0.0.1", 9, "bad.example")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, most)

    with pytest.raises(NoWayError, match=r"127.0.0.1: nothing .* \(Too many open files\)"):
        asyncio.run(run())


@pytest.mark.parametrize(
    "octets",
    [b"", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"\x00" * 99,
     b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
     b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary*=a; boundary*0=b\r\n\r\n",
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


def test_what_is_compressed_stays_so() -> None:
    packed = gzip.compress(bytes(10_000_000))
    document = parse_document(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed)
    assert document is not None
    assert document.body == packed


@pytest.mark.parametrize(
    "reply",
    [b"", b"\x00" * 11, b"\x00" * 600, HEADER + b"\xc0\x0c\x00\x06\x00\x01",
     HEADER + b"\x01a" * 200, HEADER[:4] + b"\xff" * 500],
)  # fmt: skip
def test_an_answer_that_is_none_is_no_reply(reply: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_service, "STEP_S", 0.2)

    class Names(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.port = cast(asyncio.DatagramTransport, transport)

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.port.sendto(data[:2] + reply[2:], addr)

    async def run() -> NameReply:
        loop = asyncio.get_running_loop()
        port, _ = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
        try:
            number = port.get_extra_info("sockname")[1]
            return await ask_zone("127.0.0.1", number, "bad.example")
        finally:
            port.close()

    assert asyncio.run(run()) == NameReply()
