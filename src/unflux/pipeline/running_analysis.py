"""An analysis that runs on: of a store that grows, only domains that changed are measured again."""

from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.engine.connection import Engine
from unflux.engine.store import Store
from unflux.engine.store_part import (
    Around,
    Span,
    domains_from,
    owners_behind,
    records_around,
    records_of,
)
from unflux.model.columns import MOMENT, TEXT
from unflux.model.memory import give_back
from unflux.model.rollup import Rollup, tables_of
from unflux.model.times import microseconds_of
from unflux.pipeline import steps
from unflux.pipeline.analysis import Analysis, conclude, measure_records, put_records
from unflux.pipeline.gathering import Options
from unflux.pipeline.scanning import locate_records, open_for

OpenStore = Callable[[], AbstractContextManager[Store]]

KEPT: Final = tuple(step.name for step in steps.MEASURED_ALONE)
LEAVING: Final = pa.schema([pa.field("domain", TEXT), pa.field("leaves_at", MOMENT)])
MOST_CHANGED: Final = 0.5
"""Of the domains, beyond which all are measured: the store gives all rows faster than so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What all measurements depend on."""

    is_hourly: bool
    """Whether buckets are read by the hour."""
    is_hourly_at_start: bool
    """Whether those around the window's start are stored so: a sum may reach into it again."""
    tables: tuple[tuple[Path, int, int], ...]
    """The user's range tables: path, time of the last change in nanoseconds, octets."""


@dataclass(slots=True, kw_only=True)
class Part:
    """What must be measured again."""

    span: Span
    domains: Set[str] | None
    """Null: all."""
    rollup: Rollup
    """Empty once it was measured."""
    state: State


class RunningAnalysis:
    """Keeps what was measured of each domain alone.

    What depends on other domains, too, who shares an address or a name server, who is linked with
    whom, and the verdicts, is made anew each time of what is kept. One thread at a time loads,
    measures and concludes; another may tell of changes meanwhile.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._turn = Lock()
        self._changed: set[str] | None = None
        self._kept: dict[str, pa.Table] = {}
        self._leaving = LEAVING.empty_table()
        self._last: Part | None = None

    def note(self, rollup: Rollup) -> None:
        """Take notice of rows that the store took in."""
        with self._turn:
            if self._changed is not None:
                self._changed.update(*map(_distinct, _domains_of(rollup)))
                if len(self._changed) > self._most_changed:
                    self._changed = None

    def forget(self) -> None:
        """Measure all domains next time: others than those noted changed, or nobody knows which."""
        with self._turn:
            self._changed = None

    def load(self, store: Store, span: Span) -> Part:
        """Take out of the store the records of what changed since the last part was measured."""
        with self._turn:
            changed, self._changed = self._changed, set()
        try:
            with store.transaction():
                state = _state_of(store, span, self._options)
                domains = self._affected(store, span, state, changed)
                if domains is None:
                    rollup = store.rollup(since=span.since, until=span.until, is_sorted=False)
                else:
                    rollup = records_of(store, span, domains)
        except BaseException:
            self.forget()
            raise
        return Part(span=span, domains=domains, rollup=rollup, state=state)

    def measure(self, part: Part) -> None:
        """Measure what was loaded; what is kept of other domains holds.

        Where this fails, or what is done with it, all must be forgotten.
        """
        leaving = _leaving(part)
        if part.domains is None:
            self._kept = {}  # makes room for what follows
        tables = self._locate(part.rollup)
        part.rollup = Rollup.empty()
        with open_for(self._options) as engine:
            put_records(engine, tables)
            measure_records(engine)
            found = {name: engine.rows(name) for name in KEPT}
        if part.domains is None:
            self._kept, self._leaving = found, leaving
        else:
            changed = pa.array(part.domains, TEXT)
            for name, rows in found.items():
                self._kept[name] = _replaced(self._kept[name], rows, changed)
            self._leaving = _replaced(self._leaving, leaving, changed)
        self._last = part
        give_back()

    @contextmanager
    def concluded(
        self, open_store: OpenStore, held: pa.Table | None = None
    ) -> Iterator[tuple[Engine, Analysis]]:
        """Judge all domains; the analysis lives as long as the engine.

        ``held``: domain and network of who was convicted before, whose networks keep their ids.
        """
        with open_for(self._options) as engine:
            for name, rows in self._kept.items():
                engine.put(name, rows)
            yield engine, conclude(engine, partial(self._bring, engine, open_store), held)

    @property
    def _most_changed(self) -> float:
        return MOST_CHANGED * len(self._leaving)

    def _affected(
        self, store: Store, span: Span, state: State, changed: set[str] | None
    ) -> set[str] | None:
        """Return the domains of which something may come out otherwise; null: all."""
        last = self._last
        if (
            changed is None
            or last is None
            or span.since < last.span.since
            or span.until < last.span.until
            or state != last.state
        ):
            return None
        is_gone = pc.less(self._leaving["leaves_at"], pa.scalar(span.since, MOMENT))
        changed |= _distinct(self._leaving.filter(is_gone)["domain"])
        changed.update(domains_from(store, last.span.until, span.until))
        changed.update(owners_behind(store, span, changed))
        return changed if len(changed) <= self._most_changed else None

    def _bring(self, engine: Engine, open_store: OpenStore, around: Around) -> None:
        """Have the engine hold the records around some domains."""
        assert self._last is not None  # noqa: S101  something was measured
        with open_store() as store:
            tables = self._locate(records_around(store, self._last.span, around))
        put_records(engine, tables)
        engine.run(steps.INCIDENCES)
        engine.run(steps.PLACES)

    def _locate(self, rollup: Rollup) -> dict[str, pa.Table]:
        return locate_records(rollup, self._options.routes, Counter())


def _state_of(store: Store, span: Span, options: Options) -> State:
    files = ((path, path.stat()) for path in options.routes if path.exists())
    return State(
        is_hourly=store.is_read_hourly(span.since, span.until),
        is_hourly_at_start=store.fine_since_us > microseconds_of(span.since),
        tables=tuple((path, file.st_mtime_ns, file.st_size) for path, file in files),
    )


def _domains_of(rollup: Rollup) -> list[pa.ChunkedArray]:
    """Return the columns that name whom a row is about."""
    return [*(table["domain"] for table in tables_of(rollup)), rollup.sightings["owner_domain"]]


def _leaving(part: Part) -> pa.Table:
    """Return of each domain when the first of its records leaves the window, or before that.

    A row leaves when it was seen last; one that is the sum of an hour loses the first of it before.
    """
    column = "first_at" if part.state.is_hourly else "last_at"
    rollup = part.rollup
    moments = [table[column] for table in (*tables_of(rollup), rollup.sightings)]
    columns = zip(_domains_of(rollup), moments, strict=True)
    rows = pa.concat_tables(pa.table(list(pair), LEAVING.names) for pair in columns)
    return rows.group_by("domain").aggregate([("leaves_at", "min")]).rename_columns(LEAVING.names)


def _replaced(kept: pa.Table, found: pa.Table, domains: pa.Array) -> pa.Table:
    """Return what is kept, with what was found of some domains in place of what was."""
    others = kept.filter(pc.invert(pc.is_in(kept["domain"], value_set=domains)))
    theirs = found.filter(pc.is_in(found["domain"], value_set=domains))
    return pa.concat_tables([others, theirs]).combine_chunks()


def _distinct(column: pa.ChunkedArray) -> set[str]:
    return set(pc.unique(column).to_pylist())
