"""Announcing: which routes ExaBGP must be told of now, and which it must forget."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

RETRY: Final = timedelta(seconds=30)
"""Between a refusal of ExaBGP and the next attempt at that route. Chosen: 2026-11-24; a neighbour
that is not configured yet is worth another try, not a stream of them."""

Verb = Literal["announce", "withdraw"]


@dataclass(frozen=True, slots=True)
class Command:
    """One line of ExaBGP's text API."""

    verb: Verb
    route: str

    def __str__(self) -> str:
        return f"{self.verb} {self.route}"


class Announcer:
    """Keeps ExaBGP's routes those that stand; it neither reads nor writes anything itself.

    ``told``: routes that ExaBGP may still hold from a process before this one. They are withdrawn
    where they stand no longer, and told again where they do.
    """

    def __init__(self, told: Iterable[str] = ()) -> None:
        self._told = frozenset(told)
        self._sure: set[str] = set()
        self._sent: deque[Command] = deque()
        self._refused_until: dict[str, datetime] = {}

    @property
    def told(self) -> frozenset[str]:
        """Routes that ExaBGP may hold: those told by :meth:`step`, less those withdrawn."""
        return self._told

    def step(self, wanted: Mapping[str, datetime], now: datetime) -> list[Command]:
        """Return the commands that are due, withdrawals first; they count as sent.

        ``wanted``: when each route that stands ends. What ExaBGP refused waits for a while.
        """
        self._refused_until = {r: at for r, at in self._refused_until.items() if at > now}
        live = {route for route, end in wanted.items() if end > now}
        gone = self._told - live - self._refused_until.keys()
        new = live - self._sure - self._refused_until.keys()
        commands = [Command("withdraw", route) for route in sorted(gone)]
        commands += [Command("announce", route) for route in sorted(new)]
        self._told = (self._told - gone) | new
        self._sure = (self._sure - gone) | new
        self._sent.extend(commands)
        return commands

    def answered(self, lines: Iterable[str], now: datetime) -> Iterator[Command]:
        """Take ExaBGP's answers, one for each command in order; yield the commands it refused."""
        for line in lines:
            if line not in ("done", "error") or not self._sent:
                continue
            command = self._sent.popleft()
            if line == "error":
                # What was not announced is not sure; what was not withdrawn is held.
                self._refused_until[command.route] = now + RETRY
                self._sure.discard(command.route)
                self._told |= {command.route}
                yield command
