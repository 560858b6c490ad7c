"""What a crash in the middle leaves is found and taken away."""

import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest
from tests.act.outputs.programs import checked, find
from tests.lab.testbed.beds import require

from unflux.lab.testbed.clearing import take_down
from unflux.lab.testbed.namespaces import (
    NAMED,
    add_namespace,
    commands_about,
    identify,
    namespaces_of,
    processes_in,
)
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.programs import Programs
from unflux.lab.testbed.state import Record, State
from unflux.model.errors import UnfluxError

pytestmark = pytest.mark.slow
DEADLINE_S = 60.0


FIFO = "unflux-lab-0f1e2d-isp"
ABOUT = {
    "make": ("ip", "-batch", FIFO),
    "enter": ("sh", "-c", f"read words <{FIFO}", "log", "ip", "netns", "exec", FIFO, "python",
              "-m", "unflux.lab.testbed.driver"),
}  # fmt: skip
"""Commands that are about to make a namespace, or to start a process in one."""


@pytest.mark.parametrize("what", ABOUT)
def test_a_command_that_is_about_to_do_it_is_ended(tmp_path: Path, what: str) -> None:
    """It waits for its words here, as one may for a processor when its starter is killed."""
    program, *words = ABOUT[what]
    require()
    state = State(tmp_path / "state")
    state.claim()
    state.write(Record(testbed="0f1e2d", options=Options(), phase="rising", started_at_s=1.5))
    os.mkfifo(tmp_path / FIFO)
    late = subprocess.Popen([find(program), *words], cwd=tmp_path)
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


KILLED_AT = ("kill", "vfork", "umount2", "unlink")
"""What ends a process, starts ``ip``, and takes away a namespace, its name and a file."""


def lay_out(state: State) -> None:
    """Make what a testbed is made of: namespaces, who runs there, and files."""
    state.claim()
    state.write(Record(testbed="0f1e2e", options=Options(), phase="up", started_at_s=1.5))
    (state.folder / "lab.key").touch()
    for segment in ("core", "isp"):
        name = f"unflux-lab-0f1e2e-{segment}"
        add_namespace(Programs({"ip": find("ip")}), name, state.folder)
        checked(find("setsid"), "--fork", find("ip"), "netns", "exec", name,
                find("sh"), "-c", "exec sleep 600 >/dev/null 2>&1 </dev/null")  # fmt: skip


def test_a_down_that_is_killed_anywhere_is_done_again(tmp_path: Path) -> None:
    """SIGKILL at the n-th call of each kind, also in ``ip``, for every n until it is over."""
    require()
    strace = find("strace")
    state = State(tmp_path / "state")
    down = (
        "from pathlib import Path; from unflux.lab.testbed.clearing import take_down; "
        "from unflux.lab.testbed.state import State; "
        f"take_down(State(Path('{state.folder}')))"
    )
    for call in KILLED_AT:
        for n in count(1):
            lay_out(state)
            networks = identify(namespaces_of("0f1e2e"))
            kill = ("-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                    "-e", f"inject={call}:signal=KILL:when={n}")  # fmt: skip
            ended = subprocess.run(
                [strace, *kill, sys.executable, "-P", "-c", down],
                check=False, capture_output=True, text=True, timeout=DEADLINE_S, env=os.environ,
            )  # fmt: skip
            assert "Traceback" not in ended.stderr or "UnfluxError: ip failed" in ended.stderr
            left = {path.name for path in state.folder.glob("*")}
            assert "testbed.json" in left or left <= {"lock"}, (call, n)
            take_down(state)
            assert not state.folder.exists(), (call, n)
            assert not namespaces_of("0f1e2e") and not processes_in(networks), (call, n)
            if ended.returncode == 0:
                break
        assert n > 1, call


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
        # It goes no further, however late the next lines run.
        raising.send_signal(signal.SIGSTOP)
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
