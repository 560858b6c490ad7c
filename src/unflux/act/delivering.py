"""Delivering: each output put in place and loaded, one after the other, with a journal.

A failure of one output stops no other: what is withdrawn must go wherever it can. A run that is
killed at any point leaves whole files, and a journal that says how far it came.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from unflux.act.journal import Delivery, write_journal
from unflux.act.output import Rendered
from unflux.act.placing import place, remove
from unflux.act.reloading import run_reload
from unflux.act.standing import write_standing
from unflux.act.state import State
from unflux.act.targets import Target, place_all
from unflux.model.actions import BLOCKS, Plan
from unflux.model.errors import UnfluxError


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of one output."""

    target: Target
    files: tuple[Path, ...]
    """What was written, where it was written."""
    failure: str | None = None


def deliver(
    plan: Plan,
    targets: Sequence[Target],
    rendered: Mapping[str, Sequence[Rendered]],
    *,
    serial: int,
    state: State,
    before: Sequence[Delivery],
) -> Iterator[Delivered]:
    """Keep what stands, then yield each output when it is delivered or has failed.

    ``serial``: of the policy zone that was rendered. ``before``: the journal.

    Raises UnfluxError where the state cannot be written, and UsageError where outputs do not fit
    their targets, before anything else is done.
    """
    files = place_all(targets, rendered)
    journal = _Journal(state, targets, before)
    with state.kept_open():
        journal.intend(files, plan.decided_at)
        write_standing(state, plan.of_kind(*BLOCKS), serial)
        for target in targets:
            yield _deliver(target, files[target.output], journal)
        journal.finish()


def left_behind(targets: Sequence[Target], before: Sequence[Delivery]) -> dict[str, list[Path]]:
    """Return by output the files that were delivered, are still there, and are no target any more.

    They are written no more, so nothing in them ends.
    """
    found: dict[str, list[Path]] = {}
    for delivery in before:
        own = [target for target in targets if target.output == delivery.output]
        for path in map(Path, delivery.files):
            if not any(target.holds(path) for target in own) and path.exists():
                found.setdefault(delivery.output, []).append(path)
    return found


class _Journal:
    """The journal while a run goes on."""

    def __init__(self, state: State, targets: Sequence[Target], before: Sequence[Delivery]) -> None:
        self._state = state
        self._left = left_behind(targets, before)
        self._before = {delivery.output: delivery for delivery in before}
        self._held: dict[str, Delivery] = {}

    def intend(self, files: Mapping[str, Mapping[Path, bytes]], at: datetime) -> None:
        """Say what will be touched, with what may be there from before."""
        self._held = {
            output: replace(self._before[output], files=tuple(map(str, paths)))
            for output, paths in self._left.items()
        }
        for output, contents in files.items():
            old = self._before[output].files if output in self._before else ()
            paths = tuple(dict.fromkeys([*old, *map(str, contents)]))
            self._held[output] = Delivery(output=output, step="intent", at=at, files=paths)
        self._write()

    def gone(self, target: Target, files: Mapping[Path, bytes]) -> list[Path]:
        """Return the target's files of before that are written no more."""
        old = map(Path, self._held[target.output].files)
        return [path for path in old if target.holds(path) and path not in files]

    def written(self, output: str, files: Mapping[Path, bytes]) -> None:
        left = self._left.get(output, ())
        paths = tuple(map(str, [*left, *files]))
        self._held[output] = replace(self._held[output], step="written", files=paths)
        self._write()

    def reloaded(self, output: str) -> None:
        self._held[output] = replace(self._held[output], step="reloaded")
        self._write()

    def failed(self, output: str, failure: str) -> None:
        self._held[output] = replace(self._held[output], failure=failure)
        self._write()

    def finish(self) -> None:
        """Say of what has come to its end that the run came to its own."""
        self._held = {
            output: replace(delivery, step="done") if delivery.step == "reloaded" else delivery
            for output, delivery in self._held.items()
        }
        self._write()

    def _write(self) -> None:
        write_journal(self._state, self._held.values())


def _deliver(target: Target, files: Mapping[Path, bytes], journal: _Journal) -> Delivered:
    try:
        for path, content in files.items():
            place(path, content)
        for path in journal.gone(target, files):
            remove(path)
    except UnfluxError as error:
        journal.failed(target.output, str(error))
        return Delivered(target=target, files=(), failure=str(error))
    journal.written(target.output, files)
    said = run_reload(target.reload, target.reload_timeout_s) if target.reload else None
    if said is not None:
        failure = f"reload {target.reload[0]}: {said}"
        journal.failed(target.output, failure)
        return Delivered(target=target, files=tuple(files), failure=failure)
    journal.reloaded(target.output)
    return Delivered(target=target, files=tuple(files))
