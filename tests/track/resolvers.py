"""Resolvers on loopback for tests, of a few lines: replies by UDP as a test wants them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from unflux.engagement.scope import Scope
from unflux.model.endpoint import Endpoint

Answer = Callable[[bytes], bytes]


def replied(wire: bytes, *records: str, is_cut: bool = False, code: int = 0) -> bytes:
    """Return a reply to a question with some addresses."""
    asked = dns.message.from_wire(wire)
    answer = dns.message.make_response(asked)
    answer.set_rcode(dns.rcode.Rcode(code))
    answer.flags |= dns.flags.TC if is_cut else 0
    for data in records:
        name = asked.question[0].name
        answer.answer.append(dns.rrset.from_text(name, 20, "IN", "A", data))
    return answer.to_wire(max_size=65_535)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(self._answer(data), addr)


@asynccontextmanager
async def answering(answer: Answer | str, port: int = 0) -> AsyncIterator[Endpoint]:
    """Answer every datagram by a function, or with one address, while the block runs."""
    made, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(answer if callable(answer) else lambda wire: replied(wire, answer)),
        local_addr=("127.0.0.1", port),
    )
    try:
        yield Endpoint(ip_address("127.0.0.1"), made.get_extra_info("sockname")[1])
    finally:
        made.close()


def grant(*resolvers: Endpoint, total: int = 1000) -> Scope:
    """Return a scope that holds ``bad.example`` and some resolvers."""
    return Scope(
        allowed_by="the test",
        contact="abuse@isp.example",
        total=total,
        rate_per_s=1000.0,
        until=datetime(2100, 1, 1, tzinfo=UTC),
        names=frozenset({"bad.example"}),
        resolvers=resolvers,
    )
