"""NOTIFY: secondaries are told of a new version, so that none waits for its refresh (RFC 1996)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import dns.asyncbackend
import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.tsig
from dns.rdatatype import SOA

from unflux.model.endpoint import Endpoint
from unflux.model.telling import Tell
from unflux.serve.key_file import Keys
from unflux.serve.zone import Zone

ATTEMPTS_S: Final = (2.0, 4.0, 8.0, 16.0, 32.0)
"""How long each attempt waits for its answer.

Chosen: 2026-11-24; five as RFC 1996 section 3.6 has it, but within a minute: what secondaries do
not hear they find at their refresh, which is a minute too.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secondary:
    """Who is told, and the name of the key that signs it."""

    endpoint: Endpoint
    key_name: dns.name.Name | None = None


class Notifier:
    """Tells all secondaries at once; a newer version ends what is still told of an older one."""

    def __init__(
        self, secondaries: Iterable[Secondary], sources: Iterable[Endpoint], tell: Tell
    ) -> None:
        """``sources`` is where we listen: secondaries believe no other address."""
        self._secondaries = tuple(secondaries)
        self._sources = {e.address.version: str(e.address) for e in reversed(tuple(sources))}
        self._tell = tell
        self._running: set[asyncio.Task[None]] = set()

    async def notify(self, zone: Zone, keys: Keys) -> None:
        """Begin to tell of a version; all names of keys are known."""
        await self.stop()
        self._running = {
            asyncio.create_task(self._notify(s, zone, keys[s.key_name] if s.key_name else None))
            for s in self._secondaries
        }

    async def stop(self) -> None:
        """Tell nobody any more."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _notify(self, secondary: Secondary, zone: Zone, key: dns.tsig.Key | None) -> None:
        where = str(secondary.endpoint)
        for attempt, wait_s in enumerate(ATTEMPTS_S, 1):
            began = asyncio.get_running_loop().time()
            try:
                rcode = await self._send(compose_notify(zone, key), secondary.endpoint, wait_s)
            except (dns.exception.DNSException, OSError) as error:
                because = type(error).__name__
                # A closed port answers at once: the server behind it may be starting.
                await asyncio.sleep(began + wait_s - asyncio.get_running_loop().time())
            else:
                because = dns.rcode.to_text(rcode)
                self._tell(
                    "notified", to=where, serial=zone.serial, answer=because, attempt=attempt
                )
                return
        self._tell("not-notified", to=where, serial=zone.serial, because=because)

    async def _send(
        self, message: dns.message.Message, to: Endpoint, wait_s: float
    ) -> dns.rcode.Rcode:
        """Send a message; return the code of its answer, which is signed if the message was."""
        answer = await dns.asyncquery.udp(
            message, str(to.address), timeout=wait_s, port=to.port, ignore_errors=True,
            source=self._sources.get(to.address.version),
            backend=dns.asyncbackend.get_backend("asyncio"),
        )  # fmt: skip
        return answer.rcode()


def compose_notify(zone: Zone, key: dns.tsig.Key | None) -> dns.message.Message:
    """Return the message that tells of a version (RFC 1996 section 3.7)."""
    message = dns.message.make_query(zone.origin, SOA, flags=dns.flags.AA)
    message.set_opcode(dns.opcode.NOTIFY)
    message.answer.append(zone.soa_rrset())
    if key is not None:
        message.use_tsig(key)
    return message
