"""Dynamic updates (RFC 2136) of the zones of a testbed, signed, sent from one host."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.tsigkeyring
import dns.update

from unflux.lab.testbed.blueprint import Segment
from unflux.lab.testbed.name_servers import KEY_ALGORITHM, KEY_NAMES, read_key
from unflux.lab.testbed.sockets import HostSockets, exchange

ANSWER_S: Final = 3.0
ATTEMPTS: Final = 3
NO_ANSWER: Final = "no answer"
RecordSet = tuple[str, str, int, Sequence[str]]
"""Owner with its final dot, type, TTL in seconds, and rdata of each record."""


class Updater:
    """Replaces record sets at a name server from one host."""

    def __init__(self, sockets: HostSockets, segment: Segment, address: str, keys: Path) -> None:
        self._sockets, self._segment, self._address = sockets, segment, address
        self._keyring = dns.tsigkeyring.from_text(
            {name: (KEY_ALGORITHM, read_key(keys, name)) for name in KEY_NAMES}
        )

    async def replace(
        self,
        server: str,
        zone: str,
        rrsets: Sequence[RecordSet],
        *,
        key: str = "lab",
    ) -> str | None:
        """Replace record sets (owner, type, TTL, rdata); return why not, null where it was done.

        The reason is the server's code, or that no answer came, after which nobody knows.
        """
        update = dns.update.UpdateMessage(
            zone, keyring=self._keyring, keyname=dns.name.from_text(key)
        )
        for owner, rrtype, ttl_s, rdatas in rrsets:
            name = dns.name.from_text(owner)
            update.delete(name, rrtype)
            for rdata in rdatas:
                update.add(name, ttl_s, rrtype, rdata)
        wire = update.to_wire()
        for _ in range(ATTEMPTS):
            try:
                answer = await asyncio.wait_for(self._ask(server, wire), ANSWER_S)
                reply = dns.message.from_wire(answer, keyring=self._keyring, request_mac=update.mac)
            except (TimeoutError, OSError, dns.exception.DNSException):
                continue
            code = reply.rcode()
            return None if code == dns.rcode.NOERROR else dns.rcode.to_text(code)
        return NO_ANSWER

    async def _ask(self, server: str, wire: bytes) -> bytes:
        opened = self._sockets.open(self._segment, self._address, socket.SOCK_DGRAM)
        return await exchange(opened, (server, 53), wire)
