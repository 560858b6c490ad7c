"""Visiting: looks at suspected agents, round by round, until each is known or nothing is left."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from unflux.engagement.ledger import Protocol, Request
from unflux.engagement.permit import Permit
from unflux.model.errors import UnfluxError
from unflux.model.probes import Uptime
from unflux.probe.company import Company, compare_all
from unflux.probe.conversation import Turn, converse
from unflux.probe.documents import MALFORMED, choose_question, compose_request
from unflux.probe.facts import Facts
from unflux.probe.lag import Lag
from unflux.probe.name_service import ask_zone
from unflux.probe.observed import Observed
from unflux.probe.ports import HTTP, HTTPS, NAMES
from unflux.probe.way import NoWayError, find_local_address
from unflux.probe.weighing import Opinion, weigh

AT_ONCE: Final = 32
"""Addresses that are visited at a time; each is spoken to by one connection at a time."""
MOST_REQUESTS_A_ROUND: Final = 4
INTERRUPTED: Final = "interrupted"
STATUS_ROUNDS: Final = frozenset({2, 4, 6})
"""When a name server is asked what it refuses, in the place of the zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is visited: addresses that were answers for a suspected name."""

    name: str
    """Said as Host and server name."""
    zone: str
    """Asked for by DNS."""
    addresses: tuple[str, ...]
    most_rounds: int = 8
    """Chosen: 2026-11-28; five documents decide most, three more what trembles."""
    providers: Mapping[str, str] = field(default_factory=dict)
    systems: Mapping[str, int] = field(default_factory=dict)
    """AS numbers by address, as far as they are known."""
    uptimes: Mapping[str, Uptime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What came of it."""

    opinions: tuple[tuple[Observed, Opinion], ...]
    stopped: str | None
    """Why it ended before its time; null: it did not."""
    failed: tuple[str, ...] = ()
    """Of each address that was left because its look failed: why."""


async def visit(
    plan: Visit, permit: Permit, *, tell: Callable[[int, int], None] = lambda _done, _of: None
) -> Visited:
    """Look at each address until it is known, by no more than the permit grants.

    ``tell`` is told after each round how many are decided, of how many. An address that nothing can
    be sent to, or where a look fails in a way that nobody foresaw, is left; the others are not.
    Who cancels it is told what was found until then.
    """
    observed = [Observed(address=address) for address in plan.addresses]
    opinions = _weigh_all(plan, observed)
    course = _Course()
    room = asyncio.Semaphore(AT_ONCE)
    async with Lag.measured() as lag:
        for number in range(plan.most_rounds):
            due = [
                one
                for one in observed
                if one.address not in course.failed and _is_due(one, opinions[one.address], number)
            ]
            if not due or course.stopped is not None or _is_cancelled():
                break
            lag.take()
            looks = (_Look(plan, permit, one, number).run(room) for one in due)
            with suppress(asyncio.CancelledError):
                outcomes = await asyncio.gather(*looks, return_exceptions=True)
                for one, outcome in zip(due, outcomes, strict=True):
                    course.take(one.address, outcome)
            lag_s = lag.take()
            for one in due:
                one.lags_s.append(lag_s)
            opinions = _weigh_all(plan, observed)
            decided = sum(opinion.outcome != "undecided" for opinion in opinions.values())
            tell(decided, len(observed))
    return Visited(
        opinions=tuple((one, opinions[one.address]) for one in observed),
        stopped=INTERRUPTED if _is_cancelled() else course.stopped,
        failed=tuple(course.failed.values()),
    )


@dataclass(slots=True)
class _Course:
    """How a visit goes on."""

    stopped: str | None = None
    """What ended it."""
    failed: dict[str, str] = field(default_factory=dict)
    """What ended it at one address alone."""

    def take(self, address: str, outcome: BaseException | None) -> None:
        """Take what became of a look; raises what ends the program."""
        if isinstance(outcome, NoWayError):
            self.failed[address] = str(outcome)
        elif isinstance(outcome, UnfluxError):
            self.stopped = str(outcome)
        elif isinstance(outcome, Exception):
            self.failed[address] = f"the look at {address} failed: {outcome!r}"
        elif outcome is not None:
            raise outcome


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _is_due(observed: Observed, opinion: Opinion, number: int) -> bool:
    """Tell whether another look could tell more: whoever was silent at first is left alone."""
    return number == 0 or (bool(observed.open_ports) and opinion.outcome == "undecided")


def _weigh_all(plan: Visit, observed: Sequence[Observed]) -> dict[str, Opinion]:
    company = compare_all(observed, plan.systems)
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
        self._question = choose_question(number, observed.document)

    async def run(self, room: asyncio.Semaphore) -> None:
        """Ask each service that may be there; raises NoWayError where none can be asked."""
        async with room:
            find_local_address(self._observed.address)
            self._observed.is_cut = self._number == 0
            if self._is_worth("tcp", HTTP):
                await self._visit_http()
            if self._is_worth("tcp", HTTPS):
                await self._visit_https()
            if self._number == 0 and f"tcp/{HTTP}" in self._observed.open_ports:
                await self._visit_unnamed()
            if self._is_worth("udp", NAMES):
                await self._ask_names()
            if not self._observed.open_ports:
                find_local_address(self._observed.address)  # its silence is not this machine's
            self._observed.is_cut = False

    def _is_worth(self, protocol: Protocol, port: int) -> bool:
        return self._number == 0 or f"{protocol}/{port}" in self._observed.open_ports

    async def _visit_http(self) -> None:
        turn = await self._fetch(HTTP, self._plan.name, "the page of the suspected name")
        if self._site_port == HTTP:
            self._observed.add_document(turn, self._question)
        if turn.is_open and self._number:
            turn = await self._say(HTTP, MALFORMED, "how fast the host itself refuses")
            self._observed.add_refusal(turn)

    async def _visit_https(self) -> None:
        turn = await self._fetch(HTTPS, self._plan.name, "certificate, and page by TLS")
        if self._site_port == HTTPS:
            self._observed.add_document(turn, self._question)

    async def _visit_unnamed(self) -> None:
        host = self._observed.address
        host = f"[{host}]" if ":" in host else host
        turn = await self._fetch(self._site_port, host, "the page of no name")
        self._observed.add_unnamed(turn)

    @property
    def _site_port(self) -> int:
        """Where the site is: without TLS, unless that sends visitors on to it or is not there."""
        seen = self._observed
        has_tls = f"tcp/{HTTPS}" in seen.open_ports
        is_plain = f"tcp/{HTTP}" in seen.open_ports and not (seen.is_upgraded and has_tls)
        return HTTP if is_plain else HTTPS

    async def _ask_names(self) -> None:
        seen = self._observed
        if self._number and seen.connects_s and not seen.is_web:
            # A port that refuses tells how long the way is.
            await self._say(HTTP, b"", "how long the way is")
        for_status = self._number in STATUS_ROUNDS
        purpose = "how fast it refuses" if for_status else "does it answer for the zone"
        await self._ask(NAMES, "udp", purpose, self._plan.zone)
        reply = await ask_zone(seen.address, NAMES, self._plan.zone, for_status=for_status)
        seen.add_names(NAMES, reply)

    async def _fetch(self, port: int, host: str, purpose: str) -> Turn:
        asked = self._question
        contact = self._permit.scope.contact
        request = compose_request(asked.path, host, contact, asked.method)
        server_name = self._plan.name if port == HTTPS else None
        return await self._say(port, request, purpose, server_name=server_name)

    async def _say(
        self, port: int, request: bytes, purpose: str, *, server_name: str | None = None
    ) -> Turn:
        await self._ask(port, "tcp", purpose, self._plan.name)
        async with self._permit.in_time():
            turn = await converse(self._observed.address, port, request, server_name=server_name)
        self._observed.add_connection(port, turn, (self._plan.name, self._plan.zone))
        return turn

    async def _ask(self, port: int, protocol: Protocol, purpose: str, name: str) -> None:
        """Have the request granted and written down."""
        await self._permit.ask_target(
            Request(
                purpose=purpose,
                address=self._observed.address,
                port=port,
                protocol=protocol,
                name=name,
            )
        )
        self._observed.requests += 1
