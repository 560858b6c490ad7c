"""How a command chooses where it delivers to, delivers, and tells what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from unflux.act.delivering import deliver, left_behind
from unflux.act.journal import Delivery
from unflux.act.output import Rendered
from unflux.act.state import FolderState, StoredState
from unflux.act.targets import Target, place_all
from unflux.cli.configuration import Configuration
from unflux.model.actions import Plan
from unflux.model.errors import UnfluxError, UsageError
from unflux.pipeline.deployment import Deployment, Place
from unflux.present.file_changes import MOST_LINES, describe_changes
from unflux.present.visible import make_visible

FOR_ALL: Final = 600
"""Lines of all diffs together that are shown."""


def choose_place(out: Path | None, told: Configuration | None, store: Path | None) -> Place | None:
    """Return the place that the options and a configuration name; null where they name none.

    Raises UsageError where they name two, or a place without a memory.
    """
    if out is not None and told is not None:
        message = "--out and --config name two places: run once for each"
        raise UsageError(message)
    if out is not None:
        return Place(state=FolderState(out), folder=out)
    return None if told is None else place_of(told, store)


def place_of(told: Configuration, store: Path | None) -> Place:
    """Return the place of a configuration; raises UsageError where it has no memory."""
    if told.state is not None:
        return Place(state=FolderState(told.state), targets=told.targets)
    if store is None:
        message = "--config: name a --store, or in it a state folder, to keep what stands"
        raise UsageError(message)
    return Place(state=StoredState(store, told.name), targets=told.targets)


def tell_journal(deployment: Deployment, console: Console) -> bool:
    """Say what an earlier run left undone or behind; return whether it left files behind."""
    for delivery in deployment.journal:
        if delivery.step != "done":
            _tell(console, "unfinished", f"{delivery}; a delivery does it again")
    left = left_behind(deployment.targets, deployment.journal)
    for output, paths in left.items():
        for path in paths:
            text = f"{path} ({output}) is no target any more, so nothing in it ends: remove it"
            _tell(console, "left behind", text)
    return bool(left)


def compare(deployment: Deployment, rendered: Mapping[str, Sequence[Rendered]]) -> Iterator[str]:
    """Yield the lines of the diff between what is deployed and what would be, of bounded length."""
    planned = place_all(deployment.targets, rendered)
    room = FOR_ALL
    untold = 0
    for target in deployment.targets:
        for path, after in _planned(target, deployment.journal, planned[target.output]).items():
            before = _content(path)
            if room <= 0:
                untold += before != after
                continue
            for line in describe_changes(str(path), before, after, most=min(room, MOST_LINES)):
                room -= 1
                yield line
    if untold:
        yield f"... and {untold:,} more files"


def _planned(
    target: Target, journal: Sequence[Delivery], files: Mapping[Path, bytes]
) -> dict[Path, bytes | None]:
    """Return what a target's files would hold; null for those that would be removed."""
    old = (name for delivery in journal if delivery.output == target.output
           for name in delivery.files)  # fmt: skip
    gone: dict[Path, bytes | None] = {path: None for path in map(Path, old) if target.holds(path)}
    return gone | dict(files)


def deliver_all(
    plan: Plan,
    serial: int,
    deployment: Deployment,
    rendered: Mapping[str, Sequence[Rendered]],
    console: Console,
) -> int:
    """Deliver every output and say what became of it; return how many failed."""
    failures = 0
    targets, state, journal = deployment.targets, deployment.state, deployment.journal
    for delivered in deliver(plan, targets, rendered, serial=serial, state=state, before=journal):
        for path in delivered.files:
            _tell(console, "wrote", str(path))
        if delivered.failure is not None:
            failures += 1
            _tell(console, "FAILED", f"{delivered.target.output}: {delivered.failure}")
        elif delivered.target.reload:
            _tell(console, "reloaded", f"{delivered.target.output}: {delivered.target.reload[0]}")
    if failures:
        text = f"{failures:,} of {len(targets):,} outputs; the next run tries again"
        _tell(console, "not delivered", text)
    return failures


def _content(path: Path) -> bytes | None:
    """Return what a file holds; null where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise UnfluxError(message) from error


def _tell(console: Console, label: str, text: str) -> None:
    line = f"  {label:<13} {make_visible(text)}"
    console.print(line, highlight=False, markup=False)
