"""Clients of a testbed: they resolve a name, fetch a page and some of its pictures, and go on."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Final

import dns.exception
import dns.message
import dns.rdatatype

from unflux.lab.naming import random_host
from unflux.lab.testbed.blueprint import Blueprint, Segment
from unflux.lab.testbed.sockets import HostSockets, exchange
from unflux.lab.testbed.web_servers import ASSETS, CONTROLLER_PATH, TALKERS, TIME_PORT

LOOKUP_S: Final = 3.0
VISIT_S: Final = 10.0
TLS_RATIO: Final = 0.3
AAAA_RATIO: Final = 0.1
MOST_OCTETS: Final = 1 << 20
FLUX_WEIGHT: Final = 2.0
"""How often a flux name is visited against an ordinary site. Chosen: 2026-11-28; two half
minutes of the default testbed held 6 to 20 look-ups of each flux name at the northern resolver."""
USER_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) lab/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Who browses: an address, where it is, and the resolver it asks."""

    address: str
    segment: Segment
    resolver: str
    proxy: tuple[str, int] | None = None
    is_on: Callable[[], bool] = lambda: True
    """Whether its line is up; while it is down nothing is sent."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name to visit and the port where it serves, 80 also standing for 443."""

    qname: str
    port: int
    weight: float
    is_wild: bool = False
    """Whether it is visited under a random host below the name as often as under itself."""


def wanted_names(blueprint: Blueprint) -> list[Wanted]:
    """Return what clients visit."""
    wanted = []
    for operation in blueprint.operations:
        for domain in operation.domains:
            if operation.has_wildcard:
                wanted.append(Wanted(domain, 80, FLUX_WEIGHT, is_wild=True))
            else:
                names = (domain, f"www.{domain}")
                wanted += [Wanted(name, 80, FLUX_WEIGHT / len(names)) for name in names]
    for site in blueprint.sites:
        port = TALKERS.get(site.kind, 80)
        wanted += [Wanted(name, port, site.weight / len(site.qnames)) for name in site.qnames]
    return wanted


class Browser:
    """Visits names from hosts; every step is bounded in time and octets."""

    def __init__(self, sockets: HostSockets, rng: Random) -> None:
        self._sockets, self._rng = sockets, rng
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    async def browse(
        self, host: Host, wanted: Sequence[Wanted], pause_s: float, length_s: float
    ) -> None:
        """Visit names chosen by their weights, with pauses, for a time."""
        weights = [name.weight for name in wanted]
        loop = asyncio.get_running_loop()
        ends = loop.time() + length_s
        await asyncio.sleep(self._rng.random() * pause_s)
        while loop.time() < ends:
            if host.is_on():
                await self._try_visit(host, self._rng.choices(wanted, weights)[0])
            await asyncio.sleep(self._rng.expovariate(1 / pause_s))

    async def return_to(self, host: Host, wanted: Wanted, every_s: float, length_s: float) -> None:
        """Visit one name again and again, as machines ask for updates."""
        await self._repeat(host, lambda: self._try_visit(host, wanted), every_s, length_s)

    async def poll(self, host: Host, controller: str, every_s: float, length_s: float) -> None:
        """Fetch an agent's configuration again and again."""

        async def fetch() -> None:
            with suppress(TimeoutError, OSError, ValueError):
                fetched = self._fetch(host, (controller, 80), controller, (CONTROLLER_PATH,), None)
                await asyncio.wait_for(fetched, VISIT_S)

        await self._repeat(host, fetch, every_s, length_s)

    async def _repeat(
        self, host: Host, step: Callable[[], Awaitable[None]], every_s: float, length_s: float
    ) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + length_s
        await asyncio.sleep(self._rng.random() * every_s)
        while loop.time() < ends:
            if host.is_on():
                await step()
            await asyncio.sleep(every_s * self._rng.uniform(0.95, 1.05))

    async def _try_visit(self, host: Host, wanted: Wanted) -> None:
        with suppress(TimeoutError, OSError, ValueError, dns.exception.DNSException):
            await asyncio.wait_for(self.visit(host, wanted), VISIT_S)

    async def visit(self, host: Host, wanted: Wanted) -> None:
        """Look a name up and fetch its page with up to three pictures, or knock at its port."""
        name = wanted.qname
        if wanted.is_wild and self._rng.random() < 0.5:
            name = random_host(self._rng, name)
        paths = ("/", *(f"/a{n}.png" for n in range(ASSETS) if self._rng.random() < 0.4))
        if host.proxy is not None:
            if wanted.port == 80:
                urls = [f"http://{name}{path}" for path in paths]
                await self._fetch(host, host.proxy, name, urls, None)
            return
        addresses = await self.resolve(host, name)
        if not addresses:
            return
        address = addresses[0]
        if wanted.port == TIME_PORT:
            await self._ask_time(host, address)
            return
        if wanted.port != 80:
            await self._knock(host, address, wanted.port)
            return
        tls = self._tls if self._rng.random() < TLS_RATIO else None
        await self._fetch(host, (address, 80 if tls is None else 443), name, paths, tls)

    async def resolve(self, host: Host, qname: str) -> list[str]:
        """Return the addresses of a name as the host's resolver gives them."""
        if self._rng.random() < AAAA_RATIO:
            await self._ask(host, qname, "AAAA")
        reply = await self._ask(host, qname, "A")
        return [
            rdata.to_text()
            for rrset in reply.answer
            if rrset.rdtype == dns.rdatatype.A
            for rdata in rrset
        ]

    async def _ask(self, host: Host, qname: str, qtype: str) -> dns.message.Message:
        query = dns.message.make_query(qname, qtype, use_edns=0, payload=1232)
        query.id = self._rng.randrange(1 << 16)
        wire = await asyncio.wait_for(
            self._exchange(host, host.resolver, 53, query.to_wire()), LOOKUP_S
        )
        return dns.message.from_wire(wire)

    async def _ask_time(self, host: Host, address: str) -> None:
        # A client's packet of NTP version 4 (RFC 5905 section 7.3), all else zero.
        with suppress(TimeoutError):
            asked = self._exchange(host, address, TIME_PORT, b"\x23" + bytes(47))
            await asyncio.wait_for(asked, 1.0)

    async def _exchange(self, host: Host, server: str, port: int, octets: bytes) -> bytes:
        opened = self._sockets.open(host.segment, host.address, socket.SOCK_DGRAM)
        return await exchange(opened, (server, port), octets)

    async def _knock(self, host: Host, address: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        with self._sockets.open(host.segment, host.address, socket.SOCK_STREAM) as opened:
            await loop.sock_connect(opened, (address, port))
            await loop.sock_recv(opened, 4096)

    async def _fetch(
        self, host: Host, server: tuple[str, int], name: str, paths: Sequence[str],
        tls: ssl.SSLContext | None,
    ) -> None:  # fmt: skip
        loop = asyncio.get_running_loop()
        opened = self._sockets.open(host.segment, host.address, socket.SOCK_STREAM)
        try:
            await loop.sock_connect(opened, server)
            reader, writer = await asyncio.open_connection(
                sock=opened, ssl=tls, server_hostname=None if tls is None else name
            )
        except BaseException:
            opened.close()
            raise
        try:
            for path in paths:
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: {USER_AGENT}\r\n"
                    "Accept: */*\r\n\r\n".encode("ascii")
                )
                await writer.drain()
                await _read_response(reader)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1.0)


async def _read_response(reader: asyncio.StreamReader) -> None:
    """Read one response with a Content-Length or in chunks; raises ValueError for another."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if "transfer-encoding: chunked" in head:
        while size := int((await reader.readline()).strip() or b"0", 16):
            await reader.readexactly(min(size, MOST_OCTETS) + 2)
        await reader.readline()
        return
    length = next(
        (int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), None
    )
    if length is None or length > MOST_OCTETS:
        raise ValueError(head)
    await reader.readexactly(length)
