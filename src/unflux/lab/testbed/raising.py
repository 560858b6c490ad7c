"""Raise a testbed: namespaces, servers, and the processes that give it life."""

import os
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from unflux.lab.testbed.blueprint import Blueprint, Segment, refuse_foreign
from unflux.lab.testbed.clearing import clear
from unflux.lab.testbed.name_servers import start_name_servers
from unflux.lab.testbed.namespaces import namespace_name, namespaces_of
from unflux.lab.testbed.operations import expected_agents
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.programs import PACKAGES, Programs, find_programs
from unflux.lab.testbed.state import Record, State
from unflux.lab.testbed.truth import write_truth
from unflux.lab.testbed.web_servers import find_stream_module, start_web_servers
from unflux.lab.testbed.wiring import wire
from unflux.model.errors import UnfluxError

START_S: Final = 60.0
MOST_AGENTS: Final = 3000
"""Each listens at four ports or less, of one nginx that has 8,192 places. Chosen: 2026-11-28; 2,489
ran, 359 of them on line at a time."""
SURE_RATIO: Final = 1.2
"""Where so many times the most are expected, drawing them is spared. Chosen: 2026-11-29; in twelve
choices of options 0.95 to 1.04 of the expected number were drawn."""
TUN: Final = "/dev/net/tun"


def raise_testbed(options: Options, state: State) -> Record:
    """Make a testbed and return when it lives; what was made of one that fails is taken down.

    Raises UnfluxError where this process may not, where programs are missing, where the folder is
    in use, and where anything of the blueprint could be somebody's.
    """
    programs = find_programs(PACKAGES)
    find_stream_module(programs)
    if os.geteuid():
        message = "a testbed needs root: it makes network namespaces"
        raise UnfluxError(message)
    if not Path(TUN).exists():
        message = f"a testbed needs {TUN}: its long lines are tun devices"
        raise UnfluxError(message)
    _refuse_many(expected_agents(options), SURE_RATIO * MOST_AGENTS)
    blueprint = draw_blueprint(options)
    refuse_foreign(blueprint)
    _refuse_many(sum(1 for _ in blueprint.agents()), MOST_AGENTS)
    state.claim()
    with state.locked():
        # Another command may have been at work here in between.
        state.claim()
        record = Record(
            testbed=secrets.token_hex(3), options=options, phase="rising", started_at_s=time.time()
        )
        if namespaces_of(record.testbed):
            message = f"namespaces of a testbed {record.testbed} are there already, and not ours"
            raise UnfluxError(message)
        state.write(record)
        try:
            return _raise(programs, blueprint, record, state)
        except BaseException as error:
            clear(state)
            if isinstance(error, OSError):
                message = f"the testbed could not be raised: {error}"
                raise UnfluxError(message) from error
            raise


def _refuse_many(agents: float, most: float) -> None:
    if agents > most:
        message = (
            f"some {agents:,.0f} agents would come and go, and {MOST_AGENTS:,} are the most: ask "
            "for fewer at a time, for less time, or for less compression"
        )
        raise UnfluxError(message)


def _raise(programs: Programs, blueprint: Blueprint, record: Record, state: State) -> Record:
    wire(programs, record.testbed, blueprint, state.folder)
    _start(programs, record.testbed, state, "core", "line")
    start_name_servers(programs, record.testbed, blueprint, state.folder)
    start_web_servers(programs, record.testbed, blueprint, state.folder)
    write_truth(blueprint, state.folder)
    state.wait_for("line", START_S)
    # The clock starts when all servers are there.
    record = replace(record, phase="up", started_at_s=time.time())
    state.write(record)
    _start(programs, record.testbed, state, "core", "driver")
    state.wait_for("driver", START_S)
    return record


def _start(programs: Programs, testbed: str, state: State, segment: Segment, part: str) -> None:
    """Start a process of ours that outlives this one, its words in the state's folder."""
    log = state.log(part)
    programs.run(
        "setsid", "--fork", "sh", "-c", 'exec "$@" >"$0" 2>&1 </dev/null', log,
        programs.paths["ip"], "netns", "exec", namespace_name(testbed, segment),
        sys.executable, "-P", "-m", f"unflux.lab.testbed.{part}", state.folder,
    )  # fmt: skip
