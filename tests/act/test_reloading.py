"""A reload gets its time and no more, and what it says is heard."""

import os
import sys
import time
from pathlib import Path

import pytest

from unflux.act.reloading import KEPT_OCTETS, run_reload


def test_a_command_that_ends_well_says_nothing() -> None:
    assert run_reload(["true"], 10) is None
    assert run_reload(["sh", "-c", "echo fine; exit 0"], 10) is None


def test_a_failure_is_its_status_and_its_words() -> None:
    told = run_reload(["sh", "-c", "echo out; echo err >&2; exit 3"], 10)
    assert told is not None
    assert told.startswith("exit status 3: ")
    assert {"out", "err"} <= set(told.split())
    assert run_reload(["sh", "-c", "kill -9 $$"], 10) == "ended by signal 9"
    missing = run_reload(["/nowhere/reload"], 10)
    assert missing == "/nowhere/reload: cannot be run (No such file or directory)"


def test_words_are_no_shell() -> None:
    told = run_reload(
        [sys.executable, "-c", "import sys; sys.exit(sys.argv[1])", "$(id); `id`"], 10
    )
    assert told == "exit status 1: $(id); `id`"


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 60 & echo $! > {pids}; echo waiting; sleep 60"
    began = time.monotonic()
    told = run_reload(["sh", "-c", script], 3)
    assert told == "no end after 3 s, so it was killed: waiting"
    assert time.monotonic() - began < 20
    with pytest.raises(ProcessLookupError):
        for _ in range(100):  # until init has buried it
            os.kill(int(pids.read_text()), 0)
            time.sleep(0.1)


def test_what_goes_on_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    began = time.monotonic()
    assert run_reload(["sh", "-c", f"sleep 60 & echo $! > {pids}"], 30) is None
    assert time.monotonic() - began < 20
    os.kill(int(pids.read_text()), 9)


def test_of_many_words_the_last_are_kept() -> None:
    script = "import sys; sys.stdout.write('x' * 1_000_000 + 'the end'); sys.exit(1)"
    told = run_reload([sys.executable, "-c", script], 30)
    assert told is not None
    assert told.endswith("the end")
    assert len(told) < KEPT_OCTETS + 100
