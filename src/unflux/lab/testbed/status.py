"""What stands of a testbed: its namespaces, its processes, who is on line."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from unflux.lab.testbed.blueprint import SEGMENTS, Blueprint, Segment
from unflux.lab.testbed.namespaces import identify, namespace_name, namespaces_of, processes_in
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.state import State
from unflux.lab.testbed.strays import refuse_strays
from unflux.lab.testbed.truth import count_refused
from unflux.model.errors import UnfluxError

Standing = Literal["up", "broken", "rising"]
PROGRAMS: Final[Mapping[str, int]] = {"named": 4, "nginx": 10, "python": 2}
"""How many of each run at least; with less a testbed is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One look at a testbed."""

    testbed: str
    folder: Path
    standing: Standing
    options: Options
    started_at_s: float
    namespaces: dict[Segment, str]
    """Segment to the name of its namespace, those that are there."""
    processes: dict[str, int]
    """How many run in the namespaces, by the name of their program."""
    agents: int
    """All there will ever be."""
    agents_online: int
    resolvers: dict[Segment, str]
    honeypot: str
    updates_refused: int
    """Record sets that a server did not take."""
    missing: tuple[str, ...]
    """Namespaces and programs that should be there."""


def look(state: State) -> Status:
    """Look at the testbed of a state.

    Raises UnfluxError where there is none, which names those whose files are gone.
    """
    if not state.is_there():
        refuse_strays(state.folder)
    record = state.read()
    blueprint = draw_blueprint(record.options)
    there = set(namespaces_of(record.testbed))
    names = {segment: namespace_name(record.testbed, segment) for segment in SEGMENTS}
    processes = Counter(_program(process) for process in processes_in(identify(there)))
    missing = tuple(name for name in names.values() if name not in there) + tuple(
        program
        for program, least in expected_programs(blueprint).items()
        if sum(count for name, count in processes.items() if name.startswith(program)) < least
    )
    moment_s = min(time.time() - record.started_at_s, blueprint.last_s)
    agents = [agent for _, agent in blueprint.agents()]
    standing: Standing = "broken" if missing else "up"
    return Status(
        testbed=record.testbed,
        folder=state.folder,
        standing="rising" if record.phase == "rising" else standing,
        options=record.options,
        started_at_s=record.started_at_s,
        namespaces={segment: name for segment, name in names.items() if name in there},
        processes=dict(sorted(processes.items())),
        agents=len(agents),
        agents_online=sum(agent.is_online(moment_s) for agent in agents),
        resolvers=blueprint.names.resolvers,
        honeypot=blueprint.hosts["honeypot"][0],
        updates_refused=count_refused(state.folder),
        missing=missing,
    )


def expected_programs(blueprint: Blueprint) -> dict[str, int]:
    """Return how many processes of each program run at least; no agent may be of HAProxy."""
    balanced = {agent.segment for _, agent in blueprint.agents() if agent.software == "haproxy"}
    return {**PROGRAMS, "haproxy": len(balanced)}


def _program(process: int) -> str:
    try:
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "gone"


def require_up(state: State) -> Status:
    """Return the status of a testbed that is up and whole; raises UnfluxError otherwise."""
    status = look(state)
    if status.standing != "up":
        missing = f": missing {', '.join(status.missing)}" if status.missing else ""
        message = f"{state.folder}: the testbed is {status.standing}{missing}"
        raise UnfluxError(message)
    return status
