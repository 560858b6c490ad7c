"""Track: suspects asked for on their own rhythm, under scope and budget, into a store."""

import asyncio
import io
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Final

from unflux.engagement.ledger import Ledger
from unflux.engagement.permit import BudgetSpentError, Permit
from unflux.engagement.scope import Scope
from unflux.engine.store import WAIT_S, Store
from unflux.model.errors import StoreError, UnfluxError, UsageError
from unflux.model.lock import locked
from unflux.model.telling import Tell
from unflux.read.dnstap import CONTENT_TYPE, Dnstap
from unflux.read.dnstap_frame import compose_frame
from unflux.read.frame_streams import START, compose_control_frame
from unflux.read.opening import STANDARD_INPUT, Location
from unflux.read.reading import SourceRead, read_source
from unflux.read.source import Options as ReadOptions
from unflux.track.agenda import Agenda
from unflux.track.exchange import Exchange, Look
from unflux.track.following import FLIGHTS, Following, find_wildcards
from unflux.track.question import QuestionType
from unflux.track.rhythm import Bounds
from unflux.track.tally import tally
from unflux.track.vantage import Vantage

SOURCE: Final = "track"
"""The name of the records among the sources of a store."""
RHYTHM: Final = (SOURCE, "rhythm")
"""Where the store keeps the state of the agenda."""
PURPOSE: Final = "track: how its answers change"
MOST_WAITING: Final = 50_000
"""Looks that are not stored yet; while there are more nothing is asked. Chosen: 2026-11-28; some
90 MB, and eight seconds at the 6,000 looks a second of docs/track.md, for a store that another
command has open."""


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


async def track(options: Options, tell: Tell, commands: "asyncio.Queue[Command]") -> None:
    """Track until every name is dead, the time or the budget is over, or a command says to stop.

    Raises UsageError for names out of scope, UnfluxError where it cannot begin or go on.
    """
    outside = [name for name in options.names if not options.scope.holds_name(name)]
    if outside:
        message = f"{outside[0]} is below no name of the scope ({len(outside)} such)"
        raise UsageError(message)
    lock = options.store.with_name(f"{options.store.name}.track-lock")
    with locked(lock), Ledger.kept(options.ledger) as ledger:
        permit = Permit(options.scope, ledger)
        resolvers = {vantage.resolver for vantage in options.vantages}
        async with Exchange(permit, resolvers, PURPOSE) as exchange:
            await _Tracking(options, permit, exchange, tell).run(commands)


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
            random.Random(),  # noqa: S311  jitter is no secret
        )
        self._following = Following(self._agenda, exchange, self._take)
        self._waiting: list[tuple[Look, bool]] = []
        self._outcomes = Counter[str]()
        self._is_ending = asyncio.Event()
        self._stopped = asyncio.Event()
        self._told_dead = set[str]()
        self._store_failure: str | None = None

    async def run(self, commands: "asyncio.Queue[Command]") -> None:
        """Begin where the last run ended; end with all stored."""
        with Store.open(self._options.store, wait_s=WAIT_S) as store:
            self._agenda.begin(time.time(), store.deployed(*RHYTHM))
        self._told_dead = self._agenda.dead
        obeying = asyncio.create_task(self._obey(commands))
        keeping = asyncio.create_task(self._keep_on())
        try:
            why = await self._follow()
        finally:
            obeying.cancel()
            self._is_ending.set()
            await keeping
        self._tell_status("ended", because=why)

    async def _follow(self) -> str:
        names, vantage = self._options.names, self._options.vantages[0]
        self._tell_status("tracking", names=len(names), vantages=len(self._options.vantages))
        if self._options.for_s is not None:
            asyncio.get_running_loop().call_later(self._options.for_s, self._stop)
        looking = asyncio.create_task(
            find_wildcards(self._agenda, self._exchange, vantage, names, most=FLIGHTS)
        )
        stopping = asyncio.create_task(self._stopped.wait())
        await asyncio.wait({looking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not looking.done():
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            return "told to end"
        try:
            found = looking.result()
        except BudgetSpentError as spent:
            return str(spent)
        for zone in sorted(found):
            if found[zone]:
                self._tell("wildcard", zone=zone)
        for zone in self._agenda.wild_zones:
            for twin in self._agenda.drop_twins(zone):
                self._tell("left-out", name=twin, because="its zone answers any name")
        return await self._following.run()

    def _stop(self) -> None:
        self._stopped.set()
        self._following.end()

    def _take(self, look: Look, is_change: bool) -> None:
        self._outcomes[look.reply.outcome] += 1
        self._waiting.append((look, is_change))
        if len(self._waiting) >= MOST_WAITING:
            self._following.room.clear()

    async def _obey(self, commands: "asyncio.Queue[Command]") -> None:
        while True:
            if await commands.get() is Command.STOP:
                self._stop()
            else:
                self._tell_status("status")

    # --- the store --------------------------------------------------------------------------

    async def _keep_on(self) -> None:
        """Store what came at every batch, and what came last at the end."""
        while not self._is_ending.is_set():
            try:
                async with asyncio.timeout(self._options.batch_s):
                    await self._is_ending.wait()
            except TimeoutError:
                pass
            await self._keep()
        await self._keep()
        if self._waiting:
            message = f"{len(self._waiting)} looks are lost: {self._store_failure}"
            raise UnfluxError(message)

    async def _keep(self) -> None:
        if not self._waiting:
            return
        looks, state = self._waiting, self._agenda.render()
        self._waiting = []
        try:
            await asyncio.to_thread(keep_looks, self._options, looks, state)
        except StoreError as error:
            if self._store_failure is None:
                self._tell("store-refused", because=str(error))
            self._store_failure = str(error)
            self._waiting = looks + self._waiting
            return
        self._store_failure = None
        if len(self._waiting) < MOST_WAITING:
            self._following.room.set()
        for name in sorted(self._agenda.dead - self._told_dead):
            self._told_dead.add(name)
            self._tell("dead", name=name)

    def _tell_status(self, event: str, **fields: str | int) -> None:
        counted = {outcome: self._outcomes[outcome] for outcome in sorted(self._outcomes)}
        drops = {"stray": sum(self._exchange.drops.values())}
        self._tell(event, **fields, **counted, **drops, left=self._permit.left)


def keep_looks(options: Options, looks: list[tuple[Look, bool]], state: str) -> None:
    """Put looks into the store as records and by vantage, and the state with them, or nothing.

    Raises StoreError.
    """
    read = _read(looks, options.reading)
    if read.error is not None:
        raise UnfluxError(read.error)
    with Store.open(options.store, wait_s=WAIT_S) as store, store.transaction():
        store.extend(
            read.rollup, SOURCE, Dnstap.NAME, read.drops.response_count, read.drops.reasons
        )
        store.add_looks(tally(looks))
        store.keep_deployed(*RHYTHM, state)


def _read(looks: list[tuple[Look, bool]], reading: ReadOptions) -> SourceRead:
    """Decode the replies, by the very reader of dnstap files."""
    frames = [
        compose_frame(look.wire, look.at, str(look.vantage))
        for look, _ in looks
        if look.wire is not None
    ]
    stream = io.BytesIO(compose_control_frame(START, CONTENT_TYPE) + b"".join(frames))
    return read_source(
        Location(name=STANDARD_INPUT), reading, standard_input=stream, with_digest=False
    )


def planned(options: Options) -> list[tuple[str, str, str]]:
    """Return what would be asked first, and nothing sent: name, type and vantage."""
    at_s = time.time()
    agenda = Agenda(
        options.vantages,
        options.names,
        options.qtypes,
        options.bounds,
        random.Random(0),  # noqa: S311
    )
    state = None
    if options.store.exists():
        with Store.open(options.store, read_only=True, wait_s=WAIT_S) as store:
            state = store.deployed(*RHYTHM)
    agenda.begin(at_s, state)
    for zone in agenda.wild_zones:
        agenda.drop_twins(zone)
    due: list[tuple[str, str, str]] = []
    while (item := agenda.take(at_s)) is not None:
        due.append((item.question.name, item.question.qtype, str(item.vantage)))
    return sorted(due)
