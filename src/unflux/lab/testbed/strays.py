"""Testbeds that live on without their files: found by their namespaces, and by nothing else."""

import os
import time
from pathlib import Path
from typing import Final

from unflux.lab.testbed.namespaces import folder_of, namespaces_of, testbeds_named
from unflux.lab.testbed.programs import find_programs
from unflux.lab.testbed.state import State
from unflux.model.errors import UnfluxError

SETTLE_S: Final = 1.0
"""Who looks strange is looked at again after so long: it may be being made or taken down."""


def find_strays() -> tuple[str, ...]:
    """Return the testbeds whose namespaces are here and whose files are not where they were.

    Who may not enter namespaces sees none.
    """
    strays = _look()
    if strays:
        time.sleep(SETTLE_S)
        strays &= _look()
    return tuple(sorted(strays))


def require_stray(testbed: str) -> None:
    """Raise UnfluxError where this is no testbed without files, or where nobody may tell."""
    if os.geteuid():
        message = "a testbed needs root, also to be taken down"
        raise UnfluxError(message)
    if testbed in find_strays():
        return
    folder = _home(testbed) if namespaces_of(testbed) else None
    message = (
        f"no namespaces of a testbed {testbed} are here"
        if folder is None
        else f"the files of testbed {testbed} are in {folder}: take it down by --state {folder}"
    )
    raise UnfluxError(message)


def refuse_strays(folder: Path) -> None:
    """Raise UnfluxError that names testbeds without files, if any, where none is in a folder."""
    if strays := find_strays():
        message = (
            f"no testbed is in {folder}, but some are here whose files are gone: "
            + ", ".join(f"unflux lab down --testbed {testbed}" for testbed in strays)
        )
        raise UnfluxError(message)


def _look() -> set[str]:
    if os.geteuid():
        return set()
    return {testbed for testbed in testbeds_named() if _home(testbed) is None}


def _home(testbed: str) -> Path | None:
    """Return the folder where the files of a testbed are; null: they are gone, or nobody knows."""
    folder = folder_of(find_programs({"ip": "iproute2"}), testbed)
    if folder is None:
        return None
    state = State(folder)
    try:
        return folder if state.is_there() and state.testbed() == testbed else None
    except (OSError, UnfluxError):
        # A record that cannot be read is no reason to take anybody's testbed down.
        return folder
