"""Track: suspects asked for on their own rhythm, under scope and budget, into a store."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Final

from unflux.engagement.ledger import Ledger
from unflux.engagement.permit import Permit
from unflux.engagement.scope import Scope
from unflux.engine.store import WAIT_S, Store
from unflux.model.errors import UnfluxError, UsageError
from unflux.model.lock import locked
from unflux.model.telling import Field, Tell
from unflux.pipeline.track_keeping import RHYTHM, Keeper, Shelf, describe_failure
from unflux.read.source import Options as ReadOptions
from unflux.track.agenda import Agenda
from unflux.track.exchange import Exchange, Look
from unflux.track.following import Ending, Following
from unflux.track.question import QuestionType
from unflux.track.rhythm import Bounds, Turn
from unflux.track.run_clock import RunClock
from unflux.track.vantage import Vantage

PURPOSE: Final = "track: how its answers change"


class Command(Enum):
    """What the operator asks of a track that runs."""

    STOP = auto()
    STATUS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked for, from where, and where it is kept."""

    names: tuple[str, ...]
    vantages: tuple[Vantage, ...]
    store: Path
    scope: Scope
    ledger: Path
    qtypes: tuple[QuestionType, ...] = ("A",)
    bounds: Bounds = field(default_factory=Bounds)
    for_s: float | None = None
    """End after so many seconds; null: when told to, or nothing is left to ask."""
    batch_s: float = 5.0
    reading: ReadOptions = field(default_factory=ReadOptions)


async def track(options: Options, tell: Tell, commands: "asyncio.Queue[Command]") -> Ending:
    """Track until every name is dead, the time or the budget is over, or a command says to stop.

    Returns how it ended. Raises UsageError for names out of scope, UnfluxError where it cannot
    begin or go on.
    """
    _refuse_outsiders(options)
    lock = options.store.with_name(f"{options.store.name}.track-lock")
    with locked(lock), Ledger.kept(options.ledger) as ledger:
        permit = Permit(options.scope, ledger)
        resolvers = {vantage.resolver for vantage in options.vantages}
        async with Exchange(permit, resolvers, PURPOSE) as exchange:
            return await _Tracking(options, permit, exchange, tell).run(commands)


def _refuse_outsiders(options: Options) -> None:
    outside = [name for name in options.names if not options.scope.holds_name(name)]
    if outside:
        message = f"{outside[0]} is below no name of the scope ({len(outside)} such)"
        raise UsageError(message)


class _Tracking:
    """A track that runs, with all that it needs."""

    def __init__(self, options: Options, permit: Permit, exchange: Exchange, tell: Tell) -> None:
        self._options = options
        self._permit = permit
        self._exchange = exchange
        self._tell = tell
        self._agenda = Agenda(
            options.vantages,
            options.names,
            options.qtypes,
            options.bounds,
            chance=random.Random(),  # noqa: S311  jitter is no secret
            tell=tell,
        )
        self._shelf = Shelf(store=options.store, batch_s=options.batch_s, reading=options.reading)
        self._clock = RunClock()
        self._keeper = Keeper(self._shelf, self._render, tell)
        self._following = Following(
            self._agenda, exchange, self._take, self._keeper.room, self._clock
        )
        self._outcomes = Counter[str]()
        self._is_ending = asyncio.Event()
        self._told_dead = set[str]()
        self._told_ignored = set[str]()

    async def run(self, commands: "asyncio.Queue[Command]") -> Ending:
        """Begin where the last run ended; end with all stored."""
        self._agenda.begin(self._clock.now_s(), self._shelf.state())
        self._told_dead = self._agenda.dead
        obeying = asyncio.create_task(self._obey(commands))
        keeping = asyncio.create_task(self._keeper.keep_on(self._is_ending, self._tell_dead))
        keeping.add_done_callback(lambda _: self._following.end())
        try:
            ending = await self._follow()
        finally:
            obeying.cancel()
            self._is_ending.set()
            await asyncio.wait({keeping})
            await self._keeper.keep_last()
        failure = keeping.exception()
        if failure is not None:
            message = f"stopped, with all stored that came: {describe_failure(failure)}"
            raise UnfluxError(message) from failure
        self._tell_dead()
        self._tell_status("ended", because=ending.because, unasked=ending.unasked)
        return ending

    async def _follow(self) -> Ending:
        options = self._options
        self._tell_status("tracking", names=len(options.names), vantages=len(options.vantages))
        if options.for_s is not None:
            asyncio.get_running_loop().call_later(options.for_s, self._following.end)
        return await self._following.run()

    def _render(self) -> str:
        return self._agenda.render(self._clock.set_by_s())

    def _take(self, look: Look, turn: Turn) -> None:
        self._outcomes[look.reply.outcome] += 1
        self._tell_ignored(look)
        self._keeper.take(look, turn)

    def _tell_ignored(self, look: Look) -> None:
        """Tell once of a vantage whose answers do not say that they heed the subnet."""
        is_ignored = look.question.subnet is not None and look.reply.scope_bits is None
        vantage = str(look.vantage)
        if is_ignored and look.reply.outcome == "answered" and vantage not in self._told_ignored:
            self._told_ignored.add(vantage)
            self._tell("subnet-ignored", vantage=vantage)

    def _tell_dead(self) -> None:
        for name in sorted(self._agenda.dead - self._told_dead):
            self._told_dead.add(name)
            self._tell("dead", name=name)

    async def _obey(self, commands: "asyncio.Queue[Command]") -> None:
        while True:
            if await commands.get() is Command.STOP:
                self._following.end()
            else:
                self._tell_status("status")

    def _tell_status(self, event: str, **fields: str | int) -> None:
        counted = {outcome: self._outcomes[outcome] for outcome in sorted(self._outcomes)}
        drops = {
            "stray": sum(self._exchange.drops.values()),
            "beyond": sum(self._keeper.shed.values()),
        }
        self._tell(event, **fields, **counted, **drops, left=self._permit.left)


def planned(options: Options) -> list[tuple[str, str, str]]:
    """Return what would be asked first, and nothing sent: name, type and vantage.

    Raises UsageError for names out of scope, as :func:`track` does.
    """
    _refuse_outsiders(options)
    at_s = time.time()
    agenda = Agenda(
        options.vantages,
        options.names,
        options.qtypes,
        options.bounds,
        chance=random.Random(0),  # noqa: S311
        tell=_tell_nobody,
    )
    state = None
    if options.store.exists():
        with Store.open(options.store, read_only=True, wait_s=WAIT_S) as store:
            state = store.deployed(*RHYTHM)
    agenda.begin(at_s, state)
    due: list[tuple[str, str, str]] = []
    while (item := agenda.take(at_s)) is not None:
        due.append((item.question.name, item.question.qtype, str(item.vantage)))
    return sorted(due)


def _tell_nobody(event: str, /, **fields: Field) -> None:
    """Pass over an event: nothing happens in a plan."""
