"""Marking: a token sent through a suspected agent, for rules that look for it behind the agent."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from unflux.engagement.ledger import Protocol, Request
from unflux.engagement.permit import Permit
from unflux.model.markers import Marker
from unflux.model.names import normalise_name
from unflux.probe.conversation import Turn, converse
from unflux.probe.documents import compose_request
from unflux.probe.name_service import NameReply, ask_zone
from unflux.probe.ports import HTTPS
from unflux.probe.way import find_local_address

TOKEN_OCTETS: Final = 12
LIFE: Final = timedelta(days=1)
"""How long rules look for a token. Chosen: 2026-11-28; agents relay at once, logs may be late."""
PURPOSE: Final = "a marker to be seen behind it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A marker, and what became of it."""

    marker: Marker
    taken: tuple[str, ...]
    """Services that it was said to, as ``tcp/80``; of UDP those that answered. Where there is none,
    that nobody sees it behind its agent tells nothing."""


async def send_marker(
    address: str,
    open_ports: frozenset[str],
    name: str,
    permit: Permit,
    keep: Callable[[Marker], None],
) -> Sent:
    """Send a token through each service of an address; ``keep`` has it before the first request.

    ``open_ports``: as ``tcp/80``. Raises OutOfScopeError, BudgetSpentError and NoWayError; what was
    sent before that may be seen.
    """
    token = secrets.token_hex(TOKEN_OCTETS)
    marker = Marker(
        token=token,
        agent=address,
        prober=find_local_address(address),
        expires_at=datetime.now(UTC) + LIFE,
    )
    keep(marker)
    marked = normalise_name(f"{token}.{name}")  # null where no label fits before a long name
    said = compose_request(f"/{token}", name, permit.scope.contact)
    taken = []
    for service in sorted(open_ports):
        protocol, _, number = service.partition("/")
        sending = _Sending(address, int(number), permit)
        if protocol == "udp":
            is_taken = marked is not None and (await sending.ask(marked)).reply_s is not None
        elif sending.port == HTTPS:
            # Who shakes no hands for a name that it does not know may relay what its own is asked.
            is_taken = (await sending.say(said, name, name)).handshake_s is not None
            if marked is not None:
                is_taken |= (await sending.say(said, marked, marked)).is_open
        else:
            is_taken = (await sending.say(said, name)).is_open
        if is_taken:
            taken.append(service)
    return Sent(marker=marker, taken=tuple(taken))


@dataclass(frozen=True, slots=True)
class _Sending:
    """Requests to one service."""

    address: str
    port: int
    permit: Permit

    async def ask(self, name: str) -> NameReply:
        await self._grant("udp", name)
        return await ask_zone(self.address, self.port, name)

    async def say(self, request: bytes, name: str, server_name: str | None = None) -> Turn:
        await self._grant("tcp", name)
        async with self.permit.in_time():
            return await converse(self.address, self.port, request, server_name=server_name)

    async def _grant(self, protocol: Protocol, name: str) -> None:
        await self.permit.ask_target(
            Request(
                purpose=PURPOSE, address=self.address, port=self.port, protocol=protocol, name=name
            )
        )
