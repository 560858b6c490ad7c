"""Serve: the policy zone that ``act`` wrote, to the resolvers that load it, until told to end."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import Final

from unflux.model.endpoint import LOOPBACK, Endpoint, Network
from unflux.model.errors import UnfluxError
from unflux.model.telling import Tell
from unflux.serve.access import Access
from unflux.serve.history import History
from unflux.serve.key_file import Keys, read_keys
from unflux.serve.notifying import Notifier, Secondary
from unflux.serve.primary import Primary
from unflux.serve.responder import Responder
from unflux.serve.server import Limits, Server
from unflux.serve.watching import Watch

LOOK_S: Final = 1.0
"""Between two looks at the zone file. Chosen: 2026-11-24; a look costs one system call."""


class Command(Enum):
    """What the operator asks of a server that runs."""

    STOP = auto()
    REREAD = auto()
    """Keys and zone file, changed or not."""
    STATUS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is served, where, and to whom."""

    zone_file: Path
    history: Path
    listen: tuple[Endpoint, ...]
    networks: tuple[Network, ...] = LOOPBACK
    key_file: Path | None = None
    is_unsigned_allowed: bool = False
    secondaries: tuple[Secondary, ...] = ()
    limits: Limits = field(default_factory=Limits)


async def serve(options: Options, tell: Tell, commands: "asyncio.Queue[Command]") -> None:
    """Serve until a command says to stop; raises UnfluxError where it cannot begin."""
    keys = _read_keys(options)
    with History(options.history, tell) as history:
        serving = _Serving(options, keys, history, tell)
        async with serving.server:
            await serving.begin()
            while await serving.step(commands):
                pass
        serving.tell_status("ended")


class _Serving:
    """A server that runs, with all that it needs."""

    def __init__(self, options: Options, keys: Keys, history: History, tell: Tell) -> None:
        self._options = options
        self._tell = tell
        self._primary = Primary(history, tell)
        access = Access(
            networks=options.networks, keys=keys, is_unsigned_allowed=options.is_unsigned_allowed
        )
        self._responder = Responder(lambda: self._primary.edition, access)
        self._notifier = Notifier(options.secondaries, options.listen, tell)
        self._watch = Watch(options.zone_file, self._primary, tell)
        self.server = Server(self._responder, options.listen, options.limits, tell)

    async def begin(self) -> None:
        """Take the newest version there is, and tell secondaries, who may have missed some."""
        await self._watch.look()
        await self._announce()

    async def step(self, commands: "asyncio.Queue[Command]") -> bool:
        """Wait for a command, or until it is time to look at the file; return whether to go on."""
        command = None
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                command = await commands.get()
        if command is Command.STOP:
            await self._notifier.stop()
            return False
        if command is Command.STATUS:
            self.tell_status("status")
        if command is Command.REREAD:
            self._reread_keys()
        if await self._watch.look(again=command is Command.REREAD):
            await self._announce()
        return True

    def tell_status(self, event: str) -> None:
        """Tell what is served, and how often what was asked."""
        edition = self._primary.edition
        serial = None if edition is None else edition.zone.serial
        self._tell(event, serial=serial, **dict(sorted(self.server.counts.items())))

    async def _announce(self) -> None:
        edition = self._primary.edition
        if edition is None:
            return
        self._tell(
            "serving",
            zone=edition.zone.origin.to_text(),
            serial=edition.zone.serial,
            records=len(edition.zone.records) + 1,
            differences=len(edition.differences),
        )
        await self._notifier.notify(edition.zone, self._responder.access.keys)

    def _reread_keys(self) -> None:
        """Take the keys as they are now; what cannot be read changes nothing."""
        try:
            keys = _read_keys(self._options)
        except UnfluxError as error:
            self._tell("keys-refused", because=str(error))
        else:
            self._responder.access = replace(self._responder.access, keys=keys)


def _read_keys(options: Options) -> Keys:
    """Return the keys; raises UnfluxError where one that a NOTIFY needs is not among them."""
    keys = {} if options.key_file is None else read_keys(options.key_file)
    for secondary in options.secondaries:
        if secondary.key_name is not None and secondary.key_name not in keys:
            message = f"no key {secondary.key_name} is known, which {secondary.endpoint} needs"
            raise UnfluxError(message)
    return keys
