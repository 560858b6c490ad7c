"""The process that gives a testbed life: operators, providers, agents and clients."""

import asyncio
import sys
import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from unflux.lab.testbed.blueprint import REGISTRY_VIEW, Blueprint, Segment
from unflux.lab.testbed.people import people
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.programs import PACKAGES, find_programs
from unflux.lab.testbed.rotating import (
    Pool,
    Work,
    rotate_answers,
    rotate_innocent,
    rotate_name_servers,
    switch_lines,
)
from unflux.lab.testbed.sockets import HostSockets
from unflux.lab.testbed.state import Record, State
from unflux.lab.testbed.truth import Chronicle, Moved
from unflux.lab.testbed.updating import Updater
from unflux.lab.testbed.wiring import set_reachable

_POLL_S: Final = 0.05


async def drive(blueprint: Blueprint, record: Record, state: State) -> None:
    """Let operators and people do what they do until the testbed's time is over."""
    started = time.monotonic() - (time.time() - record.started_at_s)
    sockets = HostSockets(record.testbed)
    chronicle = Chronicle(state.folder)

    def clock() -> float:
        return time.monotonic() - started

    def stream(part: str) -> Random:
        return Random(f"{blueprint.seed}/driver/{part}")  # noqa: S311 - a simulation

    def employ(segment: Segment, address: str, part: str) -> Work:
        return Work(
            updater=Updater(sockets, segment, address, state.folder),
            chronicle=chronicle,
            clock=clock,
            rng=stream(part),
            length_s=blueprint.length_s,
        )

    steps: list[Coroutine[None, None, None]] = []
    for operation in blueprint.operations:
        work = employ("origins", operation.controller, operation.title)
        pool = Pool(operation, work.rng)
        steps.append(rotate_answers(operation, pool, work))
        if operation.relays_names:
            steps.append(rotate_name_servers(operation, pool, work))
    for rotation in blueprint.rotations:
        work = employ("names", rotation.server, f"{rotation.owner}/{rotation.view}")
        steps.append(rotate_innocent(rotation, work))
    change = partial(set_reachable, find_programs(PACKAGES), record.testbed)
    steps.append(switch_lines(blueprint, change, chronicle, clock))
    working = asyncio.gather(*steps)
    await _wait_for_names(blueprint, chronicle)
    state.tell_ready("driver")
    await asyncio.gather(working, *people(blueprint, sockets, stream("people"), clock))
    # Silent from here on, and still there: whether all of a testbed runs is seen by its processes.
    await asyncio.Event().wait()


async def _wait_for_names(blueprint: Blueprint, chronicle: Chronicle) -> None:
    """Wait until every name that moves has had its first records, so that nobody caches none."""
    expected = names_that_move(blueprint)
    while not expected <= chronicle.noted:
        await asyncio.sleep(_POLL_S)


def names_that_move(blueprint: Blueprint) -> set[Moved]:
    """Return each name that moves, with every server and view where it does."""
    moving = {
        Moved(owner=rotation.owner, server=rotation.server, view=rotation.view)
        for rotation in blueprint.rotations
    }
    for operation in blueprint.operations:
        for domain in operation.domains:
            answers_from, view = operation.answers_from, operation.answers_view
            moving.add(Moved(owner=domain, server=answers_from, view=view))
            for host in operation.name_hosts(domain):
                moving |= {
                    Moved(owner=host, server=operation.mothership, view=operation.own_view),
                    Moved(owner=host, server=operation.name_server, view=REGISTRY_VIEW),
                }
    return moving


def main(state_folder: str) -> None:
    """Drive the testbed whose state lies in the folder."""
    state = State(Path(state_folder))
    record = state.read()
    asyncio.run(drive(draw_blueprint(record.options), record, state))


if __name__ == "__main__":
    main(sys.argv[1])
