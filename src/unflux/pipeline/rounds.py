"""Rounds of a watch: a batch into the store, the window judged, what changed told and kept."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final

import pyarrow as pa

from unflux.engine.retention import AGED, Bounds, hold
from unflux.engine.store import WAIT_S, Store
from unflux.engine.store_part import Span
from unflux.link.components import MEMBERS
from unflux.model.errors import StoreError, StoreFullError
from unflux.model.events import Conviction, Event
from unflux.model.memory import give_back
from unflux.model.times import format_moment
from unflux.pipeline import gathering
from unflux.pipeline.batch_reading import AHEAD, BatchRead, read_batch
from unflux.pipeline.blocking import Blocker
from unflux.pipeline.findings import compose_verdicts
from unflux.pipeline.posting import Post
from unflux.pipeline.running_analysis import Part, RunningAnalysis
from unflux.pipeline.steps import CONVICTED, TOTALS
from unflux.watch.changes import find_changes, follow
from unflux.watch.inbox import Batch
from unflux.watch.thinning import Limits as ThinningLimits

SOURCE: Final = "watch"
"""The name of the watch's records among the sources of a store."""
CONVICTIONS: Final = (SOURCE, "convictions")
"""Where the store keeps what stands."""
POSITIONS: Final = (SOURCE, "positions")
"""Where the store keeps how far inputs were read."""
BATCHES: Final = (SOURCE, "batches")
"""Where the store keeps how many batches it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is kept, and what is judged of it."""

    store: Path
    scanning: gathering.Options = field(default_factory=gathering.Options)
    bounds: Bounds = field(default_factory=Bounds)
    """Of the store; records seen within its window are judged."""
    thinning: ThinningLimits = field(default_factory=ThinningLimits)
    """Of one batch."""
    store_bytes: int | None = None
    """Memory of the store while it is open; null: four fifths of the machine's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a judgement came to."""

    events: tuple[Event, ...]
    domains: Mapping[str, int]
    """By verdict."""
    seconds: float


class Rounds:
    """Takes batches and judges, one call at a time; what stands survives in the store.

    A conviction that was told is kept after its event was written: a kill in between tells it
    twice, never not at all.
    """

    def __init__(
        self,
        options: Options,
        write: Callable[[Iterable[Event]], None],
        blocker: Blocker | None = None,
        post: Post | None = None,
    ) -> None:
        self._options = options
        self._write = write
        self._blocker = blocker
        self._post = post
        self._unposted: list[Event] = []
        with self._open() as store:
            self.standing = _scan_standing(store.deployed(*CONVICTIONS))
            self.positions: dict[str, str] = json.loads(store.deployed(*POSITIONS) or "{}")
            known = (source.format for source in store.sources() if source.name == SOURCE)
            self._formats = {name for formats in known for name in formats.split(", ")}
        self._kept = self.standing
        self._is_changed = True
        self._analysis = RunningAnalysis(options.scanning)
        self._reading = Lock()
        """Held by who reads records: a store frees nothing beside that."""
        self._leaves_at: datetime | None = None
        self._tried: BatchRead | None = None
        """What the store has not said yet that it took."""
        self._before = 0
        """Batches in the store when it was tried first."""
        self._gone = Counter[str]()
        """Rows that were let go for it."""

    def read(self, batch: Batch, now: datetime) -> BatchRead:
        """Decode a batch, by the very readers of files."""
        options = self._options
        return read_batch(
            batch, options.scanning.reading, now, options.bounds.oldest,
            limits=options.thinning, kept=self.standing,
        )  # fmt: skip

    def keep(self, read: BatchRead, now: datetime) -> Counter[str]:
        """Add a batch to the store; return the rows that were let go for it, by reason.

        Raises StoreError where it cannot be added; then nothing was, and no input went on.
        """
        try:
            with self._open() as store:
                self._take_in(store, read, now)
                with suppress(StoreError):  # the batch is in, and what stands can wait
                    self._keep_standing(store)
        except BaseException as error:
            self._analysis.forget()
            if not isinstance(error, StoreFullError) or not self._is_in(read):
                raise
            self._go_on_after(read)
        self._tried = None
        gone, self._gone = self._gone, Counter()
        return Counter(read.shed) + gone

    def _take_in(self, store: Store, read: BatchRead, now: datetime) -> None:
        """Add a batch that is not in yet."""
        number = _scan_number(store)
        if self._tried is not None and number != self._before:
            # A commit came through although what followed it did not.
            self._go_on_after(self._tried)
            if self._tried is read:
                return
        self._tried, self._before = read, number
        bounds = self._options.bounds
        left = bounds.max_rows - read.rollup.row_count
        bounds = replace(bounds, max_rows=left)
        for gone in hold(store, bounds, now, self.standing, self._reading):
            self._gone += gone
        store.extend(
            read.rollup,
            SOURCE,
            ", ".join(sorted(self._formats | read.formats)),
            read.drops.response_count,
            read.drops.reasons,
            deployed={
                BATCHES: str(number + 1), POSITIONS: json.dumps(self._positions_after(read)),
            },
        )  # fmt: skip
        self._go_on_after(read)

    def _is_in(self, read: BatchRead) -> bool:
        """Tell whether a batch that was tried is in the store, as far as that can be asked."""
        try:
            with self._open() as store:
                return self._tried is read and _scan_number(store) != self._before
        except StoreError:
            return False

    def _go_on_after(self, read: BatchRead) -> None:
        """Go on from a batch that is in the store."""
        self._analysis.note(read.rollup)
        if self._gone.keys() - {AGED}:
            self._analysis.forget()
        self.positions, self._formats = self._positions_after(read), self._formats | read.formats
        self._is_changed |= read.rollup.row_count > 0

    def _positions_after(self, read: BatchRead) -> dict[str, str]:
        return {**self.positions, **read.positions}

    def is_due(self, now: datetime) -> bool:
        """Tell whether a judgement could differ from the last one: records came, or left."""
        return (
            self._is_changed
            or (self._leaves_at is not None and now >= self._leaves_at)
            or (self._blocker is not None and self._blocker.is_due(now))
        )

    def load(self, now: datetime) -> Part:
        """Take what changed in the window out of the store, also while a batch is added."""
        self._is_changed = False
        try:
            with self._open_to_read() as store:
                # What was stored before the clock went back waits until its time has come.
                span = Span(since=now - self._options.bounds.window, until=now + AHEAD)
                return self._analysis.load(store, span)
        except BaseException:
            self._is_changed = True
            raise

    def judge(self, part: Part, now: datetime) -> Judged:
        """Judge the window and write what changed; raises UnfluxError where that cannot be written.

        What could not be written is found again next time.
        """
        began_at_s = time.monotonic()
        try:
            self._analysis.measure(part)
            with self._analysis.concluded(self._open_to_read, _members(self.standing)) as (
                engine, analysis,
            ):  # fmt: skip
                counted = engine.take(TOTALS).to_pydict()
                convicted = engine.take(CONVICTED)["domain"].to_pylist()
                asked = {*convicted, *self.standing}
                verdicts = compose_verdicts(engine, analysis, sorted(asked))
                if self._blocker and (convicted or self._blocker.is_concerned(now)):
                    self._blocker.act(engine, analysis, now)
            events = find_changes(self.standing, verdicts, now)
            if events:
                self._write(events)
        except BaseException:
            self._analysis.forget()
            self._is_changed = True
            raise
        if events:
            self._unposted += events
            self.standing = follow(self.standing, events)
        last = [v.last_seen for v in verdicts if v.domain in self.standing and v.last_seen]
        self._leaves_at = min(last) + self._options.bounds.window if last else None
        give_back()
        domains = dict(zip(counted["verdict"], counted["domains"], strict=True))
        return Judged(events=events, domains=domains, seconds=time.monotonic() - began_at_s)

    def keep_standing(self) -> None:
        """Have the store know what stands; raises StoreError where that cannot be kept now, and the
        next batch brings it.
        """
        if self.standing is not self._kept:
            with self._open() as store:
                self._keep_standing(store)

    def _open(self) -> Store:
        """Open the store; one thread writes to it faster than two that wait for each other."""
        options = self._options
        return Store.open(options.store, wait_s=WAIT_S, workers=1, memory_bytes=options.store_bytes)

    @contextmanager
    def _open_to_read(self) -> Iterator[Store]:
        """Open the store for transactions that take long."""
        with self._reading, self._open() as store:
            yield store

    def _keep_standing(self, store: Store) -> None:
        """Keep what stands, and what tells of it to receivers, in one transaction."""
        standing = self.standing  # a judgement may replace it meanwhile
        if standing is self._kept:
            return
        events = tuple(self._unposted)
        text = _render_standing(standing)
        if self._post is None:
            store.keep_deployed(*CONVICTIONS, text)
        else:
            with self._post.turn:
                store.keep_deployed(*CONVICTIONS, text, partial(self._post.put, events=events))
                self._post.wake()
        del self._unposted[: len(events)]
        self._kept = standing


def _members(standing: Mapping[str, Conviction]) -> pa.Table:
    """Return in which network each of those that stand was told to be."""
    told = {c.domain: c.network for c in standing.values() if c.network is not None}
    columns = pa.array(told.keys(), pa.string()), pa.array(told.values(), pa.string())
    return pa.table(list(columns), schema=MEMBERS)


def _scan_number(store: Store) -> int:
    return int(store.deployed(*BATCHES) or 0)


def _render_standing(standing: Mapping[str, Conviction]) -> str:
    return json.dumps(
        {
            conviction.domain: [
                conviction.kind, conviction.network, format_moment(conviction.since)
            ]
            for conviction in standing.values()
        }
    )  # fmt: skip


def _scan_standing(text: str | None) -> dict[str, Conviction]:
    return {
        domain: Conviction(
            domain=domain, kind=kind, network=network, since=datetime.fromisoformat(since)
        )
        for domain, (kind, network, since) in json.loads(text or "{}").items()
    }
