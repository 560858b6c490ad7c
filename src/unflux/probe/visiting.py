"""Visiting: looks at suspected agents, round by round, until each is known or nothing is left."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from unflux.engagement.ledger import Request
from unflux.engagement.permit import BudgetSpentError, OutOfScopeError, Permit
from unflux.probe.company import Company, compare_all
from unflux.probe.conversation import Turn, converse
from unflux.probe.documents import MALFORMED, choose_path, compose_request
from unflux.probe.name_service import ask_zone
from unflux.probe.observed import Observed
from unflux.probe.uptime import Uptime
from unflux.probe.weighing import Facts, Opinion, weigh

AT_ONCE: Final = 32
"""Addresses that are visited at a time; each is spoken to by one connection at a time."""
MOST_REQUESTS_A_ROUND: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where services are looked for; null: not at all."""

    http: int | None = 80
    https: int | None = 443
    names: int | None = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is visited: addresses that were answers for a suspected name."""

    name: str
    """Said as Host and server name."""
    zone: str
    """Asked for by DNS."""
    addresses: tuple[str, ...]
    ports: Ports = field(default_factory=Ports)
    most_rounds: int = 8
    """Chosen: 2026-11-28; five documents decide most, three more what trembles."""
    providers: Mapping[str, str] = field(default_factory=dict)
    uptimes: Mapping[str, Uptime] = field(default_factory=dict)

    @property
    def most_requests(self) -> int:
        """How many are sent at the most."""
        return len(self.addresses) * self.most_rounds * MOST_REQUESTS_A_ROUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What came of it."""

    opinions: tuple[tuple[Observed, Opinion], ...]
    stopped: str | None
    """Why it ended before its time; null: it did not."""


async def visit(
    plan: Visit, permit: Permit, *, tell: Callable[[int, int], None] = lambda _done, _of: None
) -> Visited:
    """Look at each address until it is known, by no more than the permit grants.

    ``tell`` is told after each round how many are decided, of how many.
    """
    observed = [Observed(address=address) for address in plan.addresses]
    opinions = _weigh_all(plan, observed)
    stopped = None
    room = asyncio.Semaphore(AT_ONCE)
    for number in range(plan.most_rounds):
        due = [one for one in observed if _is_due(one, opinions[one.address], number)]
        if not due or stopped is not None:
            break
        looks = (_Look(plan, permit, one, number).run(room) for one in due)
        for outcome in await asyncio.gather(*looks, return_exceptions=True):
            if isinstance(outcome, BudgetSpentError | OutOfScopeError):
                stopped = str(outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
        opinions = _weigh_all(plan, observed)
        decided = sum(opinion.outcome != "undecided" for opinion in opinions.values())
        tell(decided, len(observed))
    return Visited(
        opinions=tuple((one, opinions[one.address]) for one in observed), stopped=stopped
    )


def _is_due(observed: Observed, opinion: Opinion, number: int) -> bool:
    """Tell whether another look could tell more: whoever was silent at first is left alone."""
    return number == 0 or (bool(observed.open_ports) and opinion.outcome == "undecided")


def _weigh_all(plan: Visit, observed: Sequence[Observed]) -> dict[str, Opinion]:
    company = compare_all(observed)
    return {one.address: weigh(_facts(plan, one, company[one.address])) for one in observed}


def _facts(plan: Visit, observed: Observed, company: Company) -> Facts:
    return Facts(
        observed=observed,
        company=company,
        uptime=plan.uptimes.get(observed.address, Uptime()),
        provider=plan.providers.get(observed.address),
    )


class _Look:
    """One round at one address."""

    def __init__(self, plan: Visit, permit: Permit, observed: Observed, number: int) -> None:
        self._plan = plan
        self._permit = permit
        self._observed = observed
        self._number = number
        self._path = choose_path(number, observed.document)

    async def run(self, room: asyncio.Semaphore) -> None:
        """Ask each service that may be there."""
        ports = self._plan.ports
        async with room:
            if ports.http is not None and self._is_worth("tcp", ports.http):
                await self._visit_http(ports.http)
            if ports.https is not None and self._is_worth("tcp", ports.https):
                await self._visit_https(ports.https)
            if ports.names is not None and self._is_worth("udp", ports.names):
                await self._ask_names(ports.names)

    def _is_worth(self, protocol: str, port: int) -> bool:
        return self._number == 0 or f"{protocol}/{port}" in self._observed.open_ports

    async def _visit_http(self, port: int) -> None:
        turn = await self._fetch(port, self._plan.name, "the page of the suspected name")
        self._observed.add_document(turn, self._path)
        if not turn.is_open:
            return
        if self._number == 0:
            host = self._observed.address
            host = f"[{host}]" if ":" in host else host
            turn = await self._fetch(port, host, "the page of no name")
            self._observed.add_unnamed(turn)
        else:
            turn = await self._say(port, MALFORMED, "how fast the host itself refuses")
            self._observed.add_refusal(turn)

    async def _visit_https(self, port: int) -> None:
        name = self._plan.name
        turn = await self._fetch(port, name, "certificate, and page by TLS", server_name=name)
        if f"tcp/{self._plan.ports.http}" not in self._observed.open_ports:
            self._observed.add_document(turn, self._path)

    async def _ask_names(self, port: int) -> None:
        ports, seen = self._plan.ports, self._observed
        if self._number and ports.http is not None and seen.connects_s and not seen.is_web:
            # A port that refuses tells how long the way is.
            await self._say(ports.http, b"", "how long the way is")
        await self._ask(port, "udp", "does it answer for the zone", self._plan.zone)
        reply = await ask_zone(self._observed.address, port, self._plan.zone)
        self._observed.add_names(port, reply)

    async def _fetch(
        self, port: int, host: str, purpose: str, *, server_name: str | None = None
    ) -> Turn:
        request = compose_request(self._path, host, self._permit.scope.contact)
        return await self._say(port, request, purpose, server_name=server_name)

    async def _say(
        self, port: int, request: bytes, purpose: str, *, server_name: str | None = None
    ) -> Turn:
        await self._ask(port, "tcp", purpose, self._plan.name)
        turn = await converse(self._observed.address, port, request, server_name=server_name)
        self._observed.add_connection(port, turn)
        return turn

    async def _ask(self, port: int, protocol: str, purpose: str, name: str) -> None:
        """Have the request granted and written down."""
        await self._permit.ask_target(
            Request(
                purpose=purpose,
                address=self._observed.address,
                port=port,
                protocol="udp" if protocol == "udp" else "tcp",
                name=name,
            )
        )
        self._observed.requests += 1
