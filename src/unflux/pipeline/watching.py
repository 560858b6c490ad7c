"""Watch: frames from name servers into the store, and events of what changes, until told to end."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from typing import Final

from unflux.model.endpoint import Endpoint
from unflux.model.errors import StoreBusyError, StoreError, StoreFullError, UnfluxError
from unflux.model.events import Event
from unflux.model.service_manager import ServiceManager
from unflux.model.telling import Tell
from unflux.pipeline.batch_reading import BatchRead
from unflux.pipeline.blocking import Acts, Blocker
from unflux.pipeline.inputs import Options as InputOptions
from unflux.pipeline.inputs import make_others, make_senders
from unflux.pipeline.posting import Post
from unflux.pipeline.rounds import Options as RoundOptions
from unflux.pipeline.rounds import Rounds
from unflux.present.verdict_event import render_event
from unflux.read.source import Drops
from unflux.watch.background import Background
from unflux.watch.event_file import EventSink
from unflux.watch.inbox import Batch, Inbox
from unflux.watch.inbox import Limits as InboxLimits
from unflux.watch.input import Input
from unflux.watch.listening import listen_tcp, listen_unix
from unflux.watch.packet_socket import PacketSocket
from unflux.watch.status import Status
from unflux.watch.status_page import StatusPage

AGAIN_S: Final = 1.0
"""Between two tries to store a batch that the store did not take."""
NO_DISK: Final = "response let go: the disk had no room for the store"
END_S: Final = 30.0
"""For the store to take the last batch; after that it is lost, and said to be."""


class Command(Enum):
    """What the operator asks of a watch that runs."""

    STOP = auto()
    REOPEN = auto()
    """The event file, which was rotated; lists and the configuration of blocks are read again."""
    STATUS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is listened to, and what is done with it."""

    rounds: RoundOptions
    inputs: InputOptions
    metrics: Endpoint | None = None
    judge_s: float = 10.0
    """From the end of a judgement to the next, if something changed; as long as the last one took
    where that is longer, so that half of the time at most is spent on it."""
    inbox: InboxLimits = field(default_factory=InboxLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where what is found goes."""

    sink: EventSink
    blocker: Blocker | None = None
    post: Post | None = None
    manager: ServiceManager = field(default_factory=ServiceManager)


async def watch(
    options: Options,
    outputs: Outputs,
    tell: Tell,
    commands: "asyncio.Queue[Command]",
    interfaces: Iterable[PacketSocket] = (),
) -> None:
    """Watch until a command says to stop; raises UnfluxError where it cannot begin or go on.

    ``interfaces`` were opened with privileges that this needs no more.
    """
    with ExitStack() as open_sockets:
        watching = _Watching(options, outputs, tell, interfaces)
        if outputs.post is not None:
            open_sockets.enter_context(outputs.post)
        listening = []
        for path in options.inputs.unix:
            listening.append(open_sockets.enter_context(listen_unix(path)))
            tell("listening", on=str(path))
        for endpoint in options.inputs.tcp:
            where = str(endpoint.address), endpoint.port
            listening.append(open_sockets.enter_context(listen_tcp(*where)))
            tell("listening", on=str(endpoint))
        if options.metrics is not None:
            where = str(options.metrics.address), options.metrics.port
            page = open_sockets.enter_context(listen_tcp(*where))
            open_sockets.enter_context(StatusPage(page, watching.look))
            tell("listening", on=str(options.metrics), pages="/metrics /health")
        watching.listen(listening)
        await watching.run(commands)


class _Watching:
    """A watch that runs, with all that it needs."""

    def __init__(
        self,
        options: Options,
        outputs: Outputs,
        tell: Tell,
        interfaces: Iterable[PacketSocket],
    ) -> None:
        self._options = options
        self._sink = outputs.sink
        self._tell = tell
        self._blocker = outputs.blocker
        self._post = outputs.post
        self._manager = outputs.manager
        self._rounds = Rounds(options.rounds, self._write, outputs.blocker, outputs.post)
        self._store_turn = asyncio.Lock()
        self._background = Background("judge")
        self._is_ending = asyncio.Event()
        self._received = Drops()
        self._read = Drops()
        self._shed = Counter[str]()
        self._events = Counter[str]()
        self._domains: dict[str, int] = {}
        self._batch_count = 0
        self._lag_s = self._judge_s = 0.0
        self._store_failure: str | None = None
        self._is_disk_full = False
        self._event_failure: str | None = None
        self._inbox = Inbox(options.inbox)
        self._senders = make_senders((), options.inputs, self._inbox, self._received)
        self._others = tuple(
            make_others(options.inputs, interfaces, self._inbox, self._rounds.positions)
        )

    def listen(self, listening: Iterable[socket.socket]) -> None:
        """Take frames from whoever connects to these sockets."""
        self._senders = make_senders(listening, self._options.inputs, self._inbox, self._received)

    async def run(self, commands: "asyncio.Queue[Command]") -> None:
        """Go on until told to stop; then store and judge what has come so far."""
        living = asyncio.create_task(self._live_on())
        keeping = asyncio.create_task(self._keep_on())
        judging = asyncio.create_task(self._judge_on())
        async with AsyncExitStack() as taking:
            for source in self._inputs:
                await taking.enter_async_context(source)
            self._manager.tell("READY=1")
            while not (keeping.done() or judging.done()):
                getting = asyncio.create_task(commands.get())
                await asyncio.wait({getting, keeping, judging}, return_when=asyncio.FIRST_COMPLETED)
                if not getting.done():
                    getting.cancel()
                elif getting.result() is Command.STOP:
                    break
                else:
                    await self._obey(getting.result())
        self._manager.tell("STOPPING=1")
        self._is_ending.set()
        self._inbox.close()
        await judging
        await keeping
        await self._judge()
        await self._keep_standing()
        self._background.close()
        living.cancel()
        self._tell_status("ended")

    def look(self) -> Status:
        """Return how it stands now; asked from another thread, too."""
        store = self._options.rounds.store
        tallies = {} if self._post is None else self._post.tallies()
        acts = Acts() if self._blocker is None else self._blocker.acts
        drops = Counter(dict(self._received.reasons))
        drops.update(dict(self._read.reasons))
        for source in self._inputs:
            drops.update(dict(source.drops))
        return Status(
            senders=self._senders.open_count,
            connections=self._senders.connection_count,
            frames=self._senders.record_count,
            records={source.name: source.record_count for source in self._inputs},
            responses=self._read.response_count,
            batches=self._batch_count,
            stalls=self._inbox.stall_count,
            held_octets=self._inbox.held_octets,
            lag_s=round(self._lag_s, 3),
            judge_s=round(self._judge_s, 3),
            store_octets=store.stat().st_size if store.exists() else 0,
            standing=len(self._rounds.standing),
            domains=dict(self._domains),
            events=dict(self._events),
            drops=dict(drops),
            shed=dict(self._shed),
            waiting={name: tally.waiting for name, tally in tallies.items()},
            sent={name: tally.sent for name, tally in tallies.items()},
            lost={name: tally.lost for name, tally in tallies.items()},
            receiver_failures={
                name: tally.failure for name, tally in tallies.items() if tally.failure is not None
            },
            actions=dict(acts.standing),
            begun=dict(acts.begun),
            withdrawn=dict(acts.withdrawn),
            refused=dict(acts.refused),
            delivered=dict(acts.delivered),
            delivery_failures=dict(acts.failed),
            failure=self._failure(),
        )

    @property
    def _inputs(self) -> tuple[Input, ...]:
        return self._senders, *self._others

    def _failure(self) -> str | None:
        failures = [source.failure for source in self._inputs]
        if self._blocker is not None:
            failures.append(self._blocker.acts.failure)
        return self._store_failure or self._event_failure or next(filter(None, failures), None)

    async def _live_on(self) -> None:
        """Tell the service manager, twice in its time, that this still runs."""
        while self._manager.watchdog_s is not None:
            self._manager.tell("WATCHDOG=1")
            await asyncio.sleep(self._manager.watchdog_s / 2)

    # --- batches ----------------------------------------------------------------------------

    async def _keep_on(self) -> None:
        """Take batches until the inbox is closed and empty."""
        while True:
            await self._inbox.wait()
            batch = self._inbox.take()
            if batch is not None:
                await self._take_in(batch)
            elif self._inbox.is_closed:
                return

    async def _take_in(self, batch: Batch) -> None:
        """Decode a batch and store it, however often that must be tried."""
        read = await asyncio.to_thread(self._rounds.read, batch, datetime.now(UTC))
        for error in read.errors:
            self._tell("batch-refused", because=error)
        ends_at_s = None
        while not await self._keep(read):
            if self._is_disk_full and self._inbox.is_full:
                self._let_go(read)
                return
            if self._is_ending.is_set():
                ends_at_s = ends_at_s or time.monotonic() + END_S
                if time.monotonic() >= ends_at_s:
                    message = f"{batch.record_count} records are lost: {self._store_failure}"
                    raise UnfluxError(message)
            await asyncio.sleep(AGAIN_S)
        self._read.add(read.drops)
        self._batch_count += 1
        self._lag_s = time.monotonic() - batch.began_at_s

    def _let_go(self, read: BatchRead) -> None:
        """Count a batch that the disk has no room for, so that the next can come."""
        count = read.drops.response_count
        self._tell("batch-let-go", responses=count, because=self._store_failure)
        read.drops.response_count = 0
        read.drops.drop(NO_DISK, count)
        self._read.add(read.drops)

    async def _keep(self, read: BatchRead) -> bool:
        """Store what was read; return whether the store took it."""
        try:
            async with self._store_turn:
                shed = await asyncio.to_thread(self._rounds.keep, read, datetime.now(UTC))
        except StoreError as error:
            if self._store_failure is None:
                self._tell("store-refused", because=str(error))
            self._store_failure = str(error)
            self._is_disk_full = isinstance(error, StoreFullError)
            return False
        if self._store_failure is not None:
            self._tell("store-takes-again")
            self._store_failure = None
        self._shed += shed
        return True

    # --- judgements -------------------------------------------------------------------------

    async def _judge_on(self) -> None:
        """Judge at its rhythm until the end."""
        while not self._is_ending.is_set():
            await self._judge()
            try:
                async with asyncio.timeout(max(self._options.judge_s, self._judge_s)):
                    await self._is_ending.wait()
            except TimeoutError:
                continue

    async def _judge(self) -> None:
        """Judge if it could come out otherwise than last time."""
        now = datetime.now(UTC)
        if not self._rounds.is_due(now):
            return
        try:
            window = await asyncio.to_thread(self._rounds.load, now)
            judged = await self._background.run(partial(self._rounds.judge, window, now))
            with suppress(StoreBusyError):  # the next batch brings it
                async with self._store_turn:
                    await asyncio.to_thread(self._rounds.keep_standing)
        except UnfluxError as error:
            if self._event_failure is None:
                self._tell("judgement-refused", because=str(error))
            self._event_failure = str(error)
            return
        self._event_failure = None
        self._domains = dict(judged.domains)
        self._judge_s = judged.seconds

    async def _keep_standing(self) -> None:
        """Have the store know at last what stands, however often that must be tried."""
        ends_at_s = time.monotonic() + END_S
        while True:
            try:
                await asyncio.to_thread(self._rounds.keep_standing)
            except StoreError as error:
                if time.monotonic() >= ends_at_s:
                    message = f"what stands is not kept, and told again next time: {error}"
                    raise UnfluxError(message) from error
                await asyncio.sleep(AGAIN_S)
            else:
                return

    def _write(self, events: Iterable[Event]) -> None:
        self._sink.write(map(render_event, events))
        self._events.update(event.change for event in events)

    # --- the operator -----------------------------------------------------------------------

    async def _obey(self, command: Command) -> None:
        if command is Command.STATUS:
            self._tell_status("status")
        if command is Command.REOPEN:
            await asyncio.to_thread(self._reopen)

    def _reopen(self) -> None:
        """Open the event file and read the lists, each also where the other cannot be."""
        steps = [self._sink.reopen]
        if self._blocker is not None:
            steps.append(self._blocker.reread)
        for step in steps:
            try:
                step()
            except UnfluxError as error:
                self._tell("reopen-refused", because=str(error))

    def _tell_status(self, event: str) -> None:
        status = self.look()
        self._tell(
            event,
            senders=status.senders,
            frames=status.frames,
            responses=status.responses,
            batches=status.batches,
            standing=status.standing,
            dropped=sum(status.drops.values()),
            shed_rows=sum(status.shed.values()),
            failure=status.failure,
        )
