"""What a crash in the middle leaves is found and taken away."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.act.outputs.programs import find
from tests.lab.testbed.beds import require

from unflux.lab.testbed.clearing import take_down
from unflux.lab.testbed.namespaces import (
    NAMED,
    commands_about,
    identify,
    namespaces_of,
    processes_in,
)
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.state import Record, State
from unflux.model.errors import UnfluxError

pytestmark = pytest.mark.slow
DEADLINE_S = 60.0


def test_a_command_that_is_about_to_make_a_namespace_is_ended(tmp_path: Path) -> None:
    """It waits for its words here, as one may for a processor when its starter is killed."""
    require()
    state = State(tmp_path / "state")
    state.claim()
    state.write(Record(testbed="0f1e2d", options=Options(), phase="rising", started_at_s=1.5))
    os.mkfifo(tmp_path / "unflux-lab-0f1e2d-isp")
    late = subprocess.Popen([find("ip"), "-batch", "unflux-lab-0f1e2d-isp"], cwd=tmp_path)
    try:
        # A process that was just begun has no command line for a moment.
        ends = time.monotonic() + DEADLINE_S
        while late.pid not in commands_about("0f1e2d"):
            assert time.monotonic() < ends
            time.sleep(0.01)
        assert take_down(state)
        assert late.wait(DEADLINE_S) == -signal.SIGTERM
    finally:
        late.kill()
        late.wait()


@pytest.mark.parametrize("after", ["testbed.json", "names", "nginx-origins"])
def test_a_killed_up_is_cleared(tmp_path: Path, after: str) -> None:
    """Killed when the file appears: before namespaces, among name servers, among web servers."""
    require()
    state = State(tmp_path / "state")
    raising = subprocess.Popen(
        [sys.executable, "-P", "-m", "unflux", "lab", "up", "--state", state.folder],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ,
    )  # fmt: skip
    try:
        ends = time.monotonic() + DEADLINE_S
        while not (state.folder / after).exists():
            assert raising.poll() is None and time.monotonic() < ends
            time.sleep(0.01)
        with pytest.raises(UnfluxError, match="another run is at work"):
            take_down(state)
    finally:
        raising.send_signal(signal.SIGKILL)
        raising.wait()
    testbed = state.read().testbed
    assert state.read().phase == "rising"
    networks = identify(namespaces_of(testbed))
    # A program that the killed process had just asked to start may start yet: down sees it too.
    assert take_down(state)
    assert not state.folder.exists()
    assert namespaces_of(testbed) == ()
    assert processes_in(networks) == ()
    assert not list(NAMED.glob(f"*{testbed}*"))
