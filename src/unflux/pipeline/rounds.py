"""Rounds of a watch: a batch into the store, the window judged, what changed told and kept."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from unflux.engine.store import WAIT_S, Store
from unflux.model.errors import StoreBusyError
from unflux.model.events import Conviction, Event
from unflux.model.memory import give_back
from unflux.model.rollup import Rollup, tables_of
from unflux.model.times import format_moment
from unflux.pipeline import gathering
from unflux.pipeline.batch_reading import BatchRead, read_batch
from unflux.pipeline.blocking import Blocker
from unflux.pipeline.findings import compose_verdicts
from unflux.pipeline.gathering import Gathered
from unflux.pipeline.posting import Post
from unflux.pipeline.scanning import analysed
from unflux.pipeline.steps import CONVICTED, TOTALS
from unflux.watch.changes import find_changes, follow
from unflux.watch.inbox import Batch

SOURCE: Final = "watch"
"""The name of the watch's records among the sources of a store."""
CONVICTIONS: Final = (SOURCE, "convictions")
"""Where the store keeps what stands."""
POSITIONS: Final = (SOURCE, "positions")
"""Where the store keeps how far inputs were read."""
AGED: Final = "older than --keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is kept, and what is judged of it."""

    store: Path
    scanning: gathering.Options = field(default_factory=gathering.Options)
    window: timedelta = timedelta(days=1)
    """Records seen within it are judged."""
    keep: timedelta | None = None
    """Records seen last before it are deleted; null: none are."""
    max_rows: int = 2_000_000
    """Of the store within the window."""


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
        with Store.open(options.store, wait_s=WAIT_S) as store:
            self.standing = _scan_standing(store.deployed(*CONVICTIONS))
            self.positions: dict[str, str] = json.loads(store.deployed(*POSITIONS) or "{}")
            known = (source.format for source in store.sources() if source.name == SOURCE)
            self._formats = {name for formats in known for name in formats.split(", ")}
        self._kept = self.standing
        self._is_changed = True
        self._leaves_at: datetime | None = None

    def read(self, batch: Batch, now: datetime) -> BatchRead:
        """Decode a batch, by the very readers of files."""
        return read_batch(batch, self._options.scanning.reading, now, self._options.keep)

    def keep(self, read: BatchRead, now: datetime) -> Counter[str]:
        """Add a batch to the store; return the rows that were let go for it, by reason.

        Raises StoreError where it cannot be added; then nothing was, and no input went on.
        """
        options, shed = self._options, Counter[str]()
        positions = {**self.positions, **read.positions}
        formats = self._formats | read.formats
        with Store.open(options.store, wait_s=WAIT_S) as store:
            store.extend(
                read.rollup,
                SOURCE,
                ", ".join(sorted(formats)),
                read.drops.response_count,
                read.drops.reasons,
                deployed={POSITIONS: json.dumps(positions)} if read.positions else {},
            )
            self.positions, self._formats = positions, formats
            self._is_changed |= any(table.num_rows for table in tables_of(read.rollup))
            if options.keep is not None:
                shed[AGED] = store.forget(now - options.keep)
            shed += store.shed(now - options.window, options.max_rows, self.standing)
            self._keep_standing(store)
        return shed

    def is_due(self, now: datetime) -> bool:
        """Tell whether a judgement could differ from the last one: records came, or left."""
        return (
            self._is_changed
            or (self._leaves_at is not None and now >= self._leaves_at)
            or (self._blocker is not None and self._blocker.is_due(now))
        )

    def load(self, now: datetime) -> Rollup:
        """Take the window out of the store."""
        with Store.open(self._options.store, wait_s=WAIT_S) as store:
            rollup = store.rollup(since=now - self._options.window)
        self._is_changed = False
        return rollup

    def judge(self, window: Rollup, now: datetime) -> Judged:
        """Judge a window and write what changed; raises UnfluxError where that cannot be written.

        What could not be written is found again next time.
        """
        began_at_s = time.monotonic()
        gathered = Gathered(rollup=window)
        try:
            with analysed(gathered, self._options.scanning) as (engine, analysis):
                counted = engine.take(TOTALS).to_pydict()
                convicted = engine.take(CONVICTED)["domain"].to_pylist()
                asked = {*convicted, *self.standing}
                verdicts = compose_verdicts(engine, analysis, sorted(asked))
                if self._blocker and (convicted or self._blocker.is_concerned(now)):
                    self._blocker.act(engine, analysis, gathered, now)
            events = find_changes(self.standing, verdicts, now)
            if events:
                self._write(events)
        except BaseException:
            self._is_changed = True
            raise
        if events:
            self._unposted += events
            self.standing = follow(self.standing, events)
        last = [v.last_seen for v in verdicts if v.domain in self.standing and v.last_seen]
        self._leaves_at = min(last) + self._options.window if last else None
        give_back()
        domains = dict(zip(counted["verdict"], counted["domains"], strict=True))
        return Judged(events=events, domains=domains, seconds=time.monotonic() - began_at_s)

    def keep_standing(self) -> None:
        """Have the store know what stands; where it is busy, the next batch brings it."""
        if self.standing is self._kept:
            return
        try:
            with Store.open(self._options.store, wait_s=WAIT_S) as store:
                self._keep_standing(store)
        except StoreBusyError:
            return

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
