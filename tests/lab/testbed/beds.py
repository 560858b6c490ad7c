"""Testbeds for tests: raised where this machine can, always taken down."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.act.outputs.programs import checked, find

from unflux.lab.testbed.blueprint import Blueprint, Segment
from unflux.lab.testbed.clearing import take_down
from unflux.lab.testbed.namespaces import namespace_name
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.programs import PACKAGES, Programs
from unflux.lab.testbed.raising import TUN, raise_testbed
from unflux.lab.testbed.state import Record, State
from unflux.lab.testbed.web_servers import find_stream_module
from unflux.model.errors import UnfluxError


@dataclass(frozen=True)
class Bed:
    """A testbed that lives."""

    state: State
    record: Record
    blueprint: Blueprint

    def run(self, segment: Segment, *command: str | Path) -> str:
        """Run a program in one of its namespaces; the test fails where it does."""
        name = namespace_name(self.record.testbed, segment)
        return checked(find("ip"), "netns", "exec", name, *command)


def require() -> None:
    """Skip the test where no testbed can be raised."""
    programs = Programs({command: find(command) for command in PACKAGES})
    try:
        find_stream_module(programs)
    except UnfluxError as error:
        pytest.skip(str(error))
    if os.geteuid() or not Path(TUN).exists():
        pytest.skip("no network namespaces or tun devices here")


@contextmanager
def raised(folder: Path, options: Options | None = None) -> Iterator[Bed]:
    """Raise a testbed, and take it down at the end of the block."""
    require()
    options = options or Options(minutes=10, compress=120)
    state = State(folder)
    record = raise_testbed(options, state)
    try:
        yield Bed(state, record, draw_blueprint(options))
    finally:
        take_down(state)
