"""Keeping of a track: what came goes into the store at every batch, and the rest at the end."""

import asyncio
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from unflux.engine.store import WAIT_S, Store
from unflux.model.control_frames import CONTENT_TYPE, START, compose_control_frame
from unflux.model.errors import StoreBusyError, StoreError, UnfluxError
from unflux.model.telling import Tell
from unflux.read.dnstap import Dnstap
from unflux.read.dnstap_frame import compose_frame
from unflux.read.opening import STANDARD_INPUT, Location
from unflux.read.reading import SourceRead, read_source
from unflux.read.source import Options as ReadOptions
from unflux.track.allowance import Allowance, Kept
from unflux.track.exchange import Look
from unflux.track.rhythm import Turn
from unflux.track.tally import tally

SOURCE: Final = "track"
"""The name of the records among the sources of a store."""
RHYTHM: Final = (SOURCE, "rhythm")
"""Where the store keeps the state of the agenda."""
MOST_WAITING: Final = 50_000
"""Looks that are not stored yet; while there are more nothing is asked. Chosen: 2026-11-28; some
90 MB, and eight seconds at the 6,000 looks a second of docs/track.md, for a store that another
command has open."""
MOST_WAITING_OCTETS: Final = 32 << 20
"""Of their replies likewise: by TCP each may be 65,535 octets, and looks alone would be 3 GB.
Chosen: 2026-11-28; plain answers are a tenth of it."""
MOST_TRIES: Final = 64
"""Parts that are tried at the end where the whole cannot be stored. Chosen: 2026-11-28; halving
``MOST_WAITING`` down to one look takes 33."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where looks are kept."""

    store: Path
    batch_s: float
    reading: ReadOptions
    allowance: Allowance = field(default_factory=Allowance)

    def keep(self, looks: Sequence[Kept], state: str) -> Counter[str]:
        """Put looks into the store as records and by vantage, and the state with them, or nothing.

        Returns what went beyond the allowance, which is counted in the store too. Raises
        StoreError, and UnfluxError for replies that cannot be read as records.
        """
        looks, shed = self.allowance.admit(looks)
        read = _read(looks, self.reading)
        if read.error is not None:
            raise UnfluxError(read.error)
        with Store.open(self.store, wait_s=WAIT_S) as store, store.transaction():
            reasons = Counter(read.drops.reasons) + shed
            store.extend(read.rollup, SOURCE, Dnstap.NAME, read.drops.response_count, reasons)
            store.add_looks(tally(looks))
            store.keep_deployed(*RHYTHM, state)
        return shed

    def state(self) -> str | None:
        """Return the state that was kept last; null where there is none."""
        with Store.open(self.store, wait_s=WAIT_S) as store:
            return store.deployed(*RHYTHM)


class Keeper:
    """Takes looks, and stores them; ``room`` is clear while it can take no more.

    ``shed``: what went beyond the allowance and was not stored.
    """

    def __init__(self, shelf: Shelf, render: Callable[[], str], tell: Tell) -> None:
        self._shelf = shelf
        self._render = render
        self._tell = tell
        self._waiting: list[Kept] = []
        self._octets = 0
        self._refusal: str | None = None
        self.shed = Counter[str]()
        self.room = asyncio.Event()
        self.room.set()

    def take(self, look: Look, turn: Turn) -> None:
        """Take a look, to be stored with the next batch."""
        self._waiting.append((look, turn))
        self._octets += len(look.wire or b"")
        self._make_room()

    async def keep_on(self, ending: asyncio.Event, stored: Callable[[], None]) -> None:
        """Store what came at every batch until it ends, and tell each time.

        A store that cannot be written is tried again at the next batch. Raises what else goes
        wrong; nothing that was taken is forgotten then.
        """
        while not ending.is_set():
            try:
                async with asyncio.timeout(self._shelf.batch_s):
                    await ending.wait()
            except TimeoutError:
                pass
            if self._waiting and await self._keep():
                stored()

    async def _keep(self) -> bool:
        looks, octets, state = self._waiting, self._octets, self._render()
        self._waiting, self._octets = [], 0
        try:
            self.shed += await asyncio.to_thread(self._shelf.keep, looks, state)
        except BaseException as error:
            self._waiting, self._octets = looks + self._waiting, octets + self._octets
            if not isinstance(error, StoreError):
                raise
            if self._refusal is None:
                self._tell("store-refused", because=str(error))
            self._refusal = str(error)
            return False
        self._refusal = None
        self._make_room()
        return True

    def _make_room(self) -> None:
        if len(self._waiting) < MOST_WAITING and self._octets < MOST_WAITING_OCTETS:
            self.room.set()
        else:
            self.room.clear()

    async def keep_last(self) -> None:
        """Store what waits; of what cannot be stored as a whole, the parts that can.

        Raises UnfluxError where looks are lost.
        """
        state, parts = self._render(), [self._waiting] if self._waiting else []
        lost, failure = 0, None
        self._waiting, self._octets = [], 0
        for _ in range(MOST_TRIES):
            if not parts:
                break
            looks = parts.pop()
            keeping = asyncio.to_thread(self._shelf.keep, looks, state)
            (came,) = await asyncio.gather(keeping, return_exceptions=True)
            if not isinstance(came, BaseException):
                self.shed += came
                continue
            failure, half = came, len(looks) // 2
            if isinstance(came, StoreBusyError):  # every try would wait as long again
                parts.append(looks)
                break
            if half:
                parts += [looks[half:], looks[:half]]
            else:
                lost += 1
        lost += sum(map(len, parts))
        if failure is not None and lost:
            noun = "look is" if lost == 1 else "looks are"
            message = f"{lost:,} {noun} lost: {describe_failure(failure)}"
            raise UnfluxError(message) from failure


def describe_failure(failure: BaseException) -> str:
    """Say what went wrong, with the kind of error where its text was not written for users."""
    if isinstance(failure, UnfluxError):
        return str(failure)
    return f"{type(failure).__name__}: {failure}"


def _read(looks: Sequence[Kept], reading: ReadOptions) -> SourceRead:
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
