"""Marking: a token sent through a suspected agent, for rules that look for it behind the agent."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from unflux.engagement.ledger import Request
from unflux.engagement.permit import Permit
from unflux.model.markers import Marker
from unflux.model.names import normalise_name
from unflux.probe.conversation import converse
from unflux.probe.documents import compose_request
from unflux.probe.name_service import ask_zone
from unflux.probe.ports import HTTPS
from unflux.probe.way import find_local_address

TOKEN_OCTETS: Final = 12
LIFE: Final = timedelta(days=1)
"""How long rules look for a token. Chosen: 2026-11-28; agents relay at once, logs may be late."""
PURPOSE: Final = "a marker to be seen behind it"


async def send_marker(
    address: str,
    open_ports: frozenset[str],
    name: str,
    permit: Permit,
    keep: Callable[[Marker], None],
) -> Marker:
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
    for service in sorted(open_ports):
        protocol, _, number = service.partition("/")
        port, marked = int(number), normalise_name(f"{token}.{name}")
        if marked is None and protocol == "udp":
            continue  # the name is so long already that no label goes before it
        marked = marked or name
        request = Request(
            purpose=PURPOSE,
            address=address,
            port=port,
            protocol="udp" if protocol == "udp" else "tcp",
            name=marked if protocol == "udp" or port == HTTPS else name,
        )
        await permit.ask_target(request)
        contact = permit.scope.contact
        if protocol == "udp":
            await ask_zone(address, port, marked)
        else:
            said = compose_request(f"/{token}", name, contact)
            async with permit.in_time():
                await converse(address, port, said, server_name=marked if port == HTTPS else None)
    return marker
