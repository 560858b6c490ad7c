"""Deliveries of small plans; run as a program, one that a test may kill."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.act.plans import plan_of, small_plan

from unflux.act.delivering import Delivered, deliver
from unflux.act.journal import read_journal
from unflux.act.output import Options, Rendered
from unflux.act.outputs.plain_list import PlainList
from unflux.act.outputs.rpz import Rpz
from unflux.act.state import FolderState, State, StoredState
from unflux.act.targets import Target
from unflux.model.actions import Plan

STATES: dict[str, Callable[[Path], State]] = {
    "folder": lambda folder: FolderState(folder / "state"),
    "store": lambda folder: StoredState(folder / "dns.unflux", "default"),
}


def targets_in(folder: Path, reload: Sequence[str] = ()) -> list[Target]:
    return [
        Target(output="rpz", path=folder / "bind" / "db.rpz", reload=tuple(reload)),
        Target(output="list", path=folder / "lists", is_folder=True, reload=("true",)),
    ]


def rendered(plan: Plan, serial: int) -> dict[str, Sequence[Rendered]]:
    options = Options(serial=serial)
    return {"rpz": Rpz().render(plan, options), "list": PlainList().render(plan, options)}


def run(
    plan: Plan, targets: Sequence[Target], state: State, serial: int = 7
) -> dict[str, Delivered]:
    found = deliver(
        plan, targets, rendered(plan, serial), serial=serial, state=state,
        before=read_journal(state),
    )  # fmt: skip
    return {delivered.target.output: delivered for delivered in found}


def steps(state: State) -> dict[str, str]:
    return {delivery.output: delivery.step for delivery in read_journal(state)}


def main() -> None:
    """Deliver FOLDER KIND full|none SERIAL, with a reload that copies the zone."""
    folder, kind, wanted, serial = Path(sys.argv[1]), *sys.argv[2:5]
    decided = small_plan() if wanted == "full" else plan_of()
    reload = ["sh", "-c", f"cp {folder}/bind/db.rpz {folder}/loaded"]
    run(decided, targets_in(folder, reload), STATES[kind](folder), int(serial))


if __name__ == "__main__":
    main()
