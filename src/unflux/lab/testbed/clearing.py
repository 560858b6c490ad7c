"""Take a testbed down: processes, namespaces, files; also what a crash left."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from unflux.lab.testbed.namespaces import (
    Identity,
    commands_about,
    identify,
    namespaces_of,
    processes_in,
)
from unflux.lab.testbed.programs import find_programs
from unflux.lab.testbed.state import State
from unflux.lab.testbed.strays import require_stray
from unflux.model.errors import UnfluxError

PATIENCE_S: Final = 10.0
_POLL_S: Final = 0.05


def take_down(state: State) -> bool:
    """Remove the testbed of a state and tell whether there was one.

    Whatever runs in its namespaces is ended, whoever started it. Raises UnfluxError where another
    command works on it or something would not go.
    """
    if not state.folder.is_dir():
        return False
    state.require_own()
    with state.locked():
        was_there = state.is_there()
        clear(state)
    return was_there


def clear(state: State) -> None:
    """Remove all of a testbed; the caller holds its lock."""
    if state.is_there():
        _clear_namespaces(state.testbed())
    state.remove()


def take_down_stray(testbed: str) -> None:
    """Remove a testbed whose files are gone; raises UnfluxError where it is none."""
    require_stray(testbed)
    _clear_namespaces(testbed)


def _clear_namespaces(testbed: str) -> None:
    programs = find_programs({"ip": "iproute2"})
    # One that was about to make a namespace when its starter was killed.
    _end_all(partial(commands_about, testbed))
    while names := namespaces_of(testbed):
        find = partial(_processes_of, testbed, identify(names))
        # By names alone can the next find them, where this one is killed.
        _end_all(find)
        for name in names:
            programs.run("ip", "netns", "delete", name)
        # One that was about to enter.
        _end_all(find)


def _processes_of(testbed: str, networks: frozenset[Identity]) -> tuple[int, ...]:
    """Return those who run in its namespaces after those who are on their way there."""
    return commands_about(testbed) + processes_in(networks)


def _end_all(find: Callable[[], tuple[int, ...]]) -> None:
    """End every process that is found, one that is born meanwhile too."""
    ends = time.monotonic() + PATIENCE_S
    sent = signal.SIGTERM
    while found := find():
        if time.monotonic() > ends:
            message = f"processes {', '.join(map(str, found))} of the testbed would not end"
            raise UnfluxError(message)
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, sent)
        time.sleep(_POLL_S)
        sent = signal.SIGKILL
