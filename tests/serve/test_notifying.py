"""NOTIFY to a secondary of the test's own: what it hears, and how often."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import pytest
from tests.serve.histories import Told
from tests.serve.transfers import KEY
from tests.serve.zones import ORIGIN, zone

from unflux.model.endpoint import Endpoint
from unflux.serve import notifying
from unflux.serve.notifying import Notifier, Secondary

KEYS = {KEY.name: KEY}
Answer = Callable[[dns.message.Message], dns.message.Message | None]


def accept(message: dns.message.Message) -> dns.message.Message:
    return dns.message.make_response(message)


class Listener(asyncio.DatagramProtocol):
    """Hears NOTIFY and answers as it was told to."""

    def __init__(self, answer: Answer) -> None:
        self.heard: list[dns.message.Message] = []
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = dns.message.from_wire(data, keyring=KEYS)
        self.heard.append(message)
        answer = self._answer(message)
        if answer is not None:
            self.transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def listening(answer: Answer = accept) -> AsyncIterator[tuple[Listener, Endpoint]]:
    transport, listener = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Listener(answer), ("127.0.0.1", 0)
    )
    try:
        yield listener, Endpoint(ip_address("127.0.0.1"), transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


async def until(told: Told, count: int = 1) -> None:
    async with asyncio.timeout(20):
        while len(told) < count:
            await asyncio.sleep(0.01)


PATIENT_S = 10.0
"""What an answer at once comes within on any machine."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "ATTEMPTS_S", (PATIENT_S,) * 3)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, patient: None) -> None:
    monkeypatch.setattr(notifying, "ATTEMPTS_S", (0.1, 0.2, 0.1))


@pytest.mark.parametrize("key_name", [None, KEY.name])
def test_a_secondary_is_told_of_the_serial(key_name: dns.name.Name | None) -> None:
    async def body() -> None:
        told = Told()
        async with listening() as (listener, endpoint):
            notifier = Notifier([Secondary(endpoint=endpoint, key_name=key_name)], [], told)
            await notifier.notify(zone(serial=9), KEYS)
            await until(told)
        (heard,) = listener.heard
        assert heard.opcode() == dns.opcode.NOTIFY
        assert heard.flags & dns.flags.AA
        assert heard.question[0].name == dns.name.from_text(ORIGIN)
        assert heard.answer[0][0].serial == 9
        assert heard.had_tsig == (key_name is not None)
        assert told == [
            {"event": "notified", "to": str(endpoint), "serial": 9, "answer": "NOERROR",
             "attempt": 1}
        ]  # fmt: skip

    asyncio.run(body())


@pytest.mark.usefixtures("quick")
def test_who_does_not_answer_is_asked_again_and_then_left() -> None:
    async def body() -> None:
        told = Told()
        async with listening(lambda _: None) as (listener, endpoint):
            notifier = Notifier([Secondary(endpoint=endpoint)], [], told)
            await notifier.notify(zone(serial=9), {})
            await until(told)
        assert len(listener.heard) == 3
        assert (told[0]["event"], told[0]["because"]) == ("not-notified", "Timeout")

    asyncio.run(body())


@pytest.mark.usefixtures("quick")
def test_a_port_that_is_closed_is_asked_again() -> None:
    async def body() -> None:
        told = Told()
        with socket.socket(type=socket.SOCK_DGRAM) as closed:
            closed.bind(("127.0.0.1", 0))
            endpoint = Endpoint(ip_address("127.0.0.1"), closed.getsockname()[1])
        notifier = Notifier([Secondary(endpoint=endpoint)], [], told)
        await notifier.notify(zone(serial=9), {})
        await until(told)
        assert told[0]["event"] == "not-notified"

    asyncio.run(body())


def test_one_that_answers_late_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "ATTEMPTS_S", (0.1, PATIENT_S, PATIENT_S))

    async def body() -> None:
        told, count = Told(), 0

        def second_time(message: dns.message.Message) -> dns.message.Message | None:
            nonlocal count
            count += 1
            return accept(message) if count == 2 else None

        async with listening(second_time) as (_, endpoint):
            await Notifier([Secondary(endpoint=endpoint)], [], told).notify(zone(serial=9), {})
            await until(told)
        assert (told[0]["event"], told[0]["attempt"]) == ("notified", 2)

    asyncio.run(body())


def forged(message: dns.message.Message) -> dns.message.Message:
    """Answer without the key."""
    answer = dns.message.QueryMessage(id=message.id)
    answer.flags = dns.flags.QR | dns.flags.Flag(dns.opcode.to_flags(dns.opcode.NOTIFY))
    answer.question = message.question
    return answer


def other_id(message: dns.message.Message) -> dns.message.Message:
    answer = dns.message.make_response(message)
    answer.id ^= 1
    return answer


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("answer", [forged, other_id])
def test_answers_of_somebody_else_do_not_count(answer: Answer) -> None:
    async def body() -> None:
        told = Told()
        async with listening(answer) as (listener, endpoint):
            secondary = Secondary(endpoint=endpoint, key_name=KEY.name)
            await Notifier([secondary], [], told).notify(zone(serial=9), KEYS)
            await until(told)
        assert told[0]["event"] == "not-notified"
        assert len(listener.heard) == 3

    asyncio.run(body())


def test_a_refusal_is_told() -> None:
    def refuse(message: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(message)
        answer.set_rcode(dns.rcode.NOTAUTH)
        return answer

    async def body() -> None:
        told = Told()
        async with listening(refuse) as (_, endpoint):
            await Notifier([Secondary(endpoint=endpoint)], [], told).notify(zone(serial=9), {})
            await until(told)
        assert told[0]["answer"] == "NOTAUTH"

    asyncio.run(body())


@pytest.mark.usefixtures("quick")
def test_a_newer_version_ends_what_is_told_of_an_older_one() -> None:
    async def body() -> None:
        told = Told()
        async with listening(lambda m: None) as (deaf, first), listening() as (_, second):
            secondaries = [Secondary(endpoint=first), Secondary(endpoint=second)]
            notifier = Notifier(secondaries, [], told)
            await notifier.notify(zone(serial=9), {})
            await until(told)
            await notifier.notify(zone(serial=10), {})
            await until(told, 3)
            await notifier.stop()
        serials = [m.answer[0][0].serial for m in deaf.heard]
        assert serials == sorted(serials)
        assert serials.count(10) == 3
        assert [t["serial"] for t in told if t["event"] == "not-notified"] == [10]

    asyncio.run(body())


def test_it_comes_from_where_we_listen() -> None:
    async def body() -> None:
        told, sources = Told(), []

        class Noting(Listener):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                sources.append(addr[0])
                super().datagram_received(data, addr)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Noting(accept), ("127.0.0.1", 0)
        )
        endpoint = Endpoint(ip_address("127.0.0.1"), transport.get_extra_info("sockname")[1])
        listen = [Endpoint(ip_address("127.0.0.7"), 5300), Endpoint(ip_address("::1"), 5300)]
        await Notifier([Secondary(endpoint=endpoint)], listen, told).notify(zone(serial=9), {})
        await until(told)
        transport.close()
        assert sources == ["127.0.0.7"]

    asyncio.run(body())
