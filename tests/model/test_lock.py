"""One run at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from unflux.model.errors import UnfluxError
from unflux.model.lock import locked

HOLD = """
import sys
from pathlib import Path
from unflux.model.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_told_who_works_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        told = pytest.raises(UnfluxError, match=f"process {other.pid}, .*nothing was done")
        with told, locked(path):
            pass
        other.kill()
        other.wait()
    with locked(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_lock_that_cannot_be_made_is_named() -> None:
    with pytest.raises(UnfluxError, match="cannot be locked"), locked(Path("/proc/none/lock")):
        pass
