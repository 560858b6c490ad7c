"""What a run costs is what the kernel says of the whole tree of processes."""

import sys
from importlib import import_module
from types import ModuleType

import pytest

MIB = 1 << 20


@pytest.fixture
def process_run() -> ModuleType:
    return import_module("timing.process_run")


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


CHILD = """
import time
held = b"x" * (60 << 20)
until = time.process_time() + 0.15
while time.process_time() < until:
    pass
"""


def test_memory_and_time_of_children_count(process_run: ModuleType) -> None:
    parent = (
        "import subprocess, sys; held = b'x' * (50 << 20); "
        f"subprocess.run([sys.executable, '-c', {CHILD!r}])"
    )
    run = process_run.run_process(python(parent), cores=1, timeout_s=60)
    assert 110 * MIB < run.peak_bytes < 200 * MIB
    assert run.cpu_s > 0.15
    assert run.wall_s > 0.15
    assert run.report == {}


def test_the_last_line_is_the_report(process_run: ModuleType) -> None:
    text = "import os; print('first'); print(f'[{len(os.sched_getaffinity(0))}]')"
    run = process_run.run_process(python(text), cores=1, timeout_s=60, has_report=True)
    assert run.report == [1]


def test_failures_name_no_path(process_run: ModuleType) -> None:
    with pytest.raises(process_run.FailedRunError) as failed:
        process_run.run_process(
            python("raise SystemExit('/some/where')"), cores=1, timeout_s=60, has_report=True
        )
    said, details = failed.value.args
    assert said == "ended with 1"
    assert "/some/where" in details


def test_a_run_without_end_is_ended(process_run: ModuleType) -> None:
    with pytest.raises(process_run.FailedRunError, match="not done after"):
        process_run.run_process(python("import time; time.sleep(60)"), cores=1, timeout_s=0.3)
