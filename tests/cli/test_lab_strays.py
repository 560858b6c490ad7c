"""A testbed whose files are gone is found by its namespaces; one that has them is left alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.act.outputs.programs import checked, find
from tests.cli.conftest import Run
from tests.lab.testbed.beds import require

from unflux.lab.testbed import strays
from unflux.lab.testbed.namespaces import add_namespace, identify, namespaces_of, processes_in
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.programs import Programs
from unflux.lab.testbed.state import Record, State

pytestmark = pytest.mark.slow
GONE, OTHERS = "0f1e3a", "0f1e3b"


def lay_out(testbed: str, folder: Path) -> State:
    """Make a namespace of a testbed, somebody who runs there, and the files."""
    state = State(folder)
    state.claim()
    state.write(Record(testbed=testbed, options=Options(), phase="up", started_at_s=1.5))
    name = f"unflux-lab-{testbed}-core"
    add_namespace(Programs({"ip": find("ip")}), name, folder)
    checked(find("setsid"), "--fork", find("ip"), "netns", "exec", name,
            find("sh"), "-c", "exec sleep 600 >/dev/null 2>&1 </dev/null")  # fmt: skip
    return state


@pytest.fixture
def others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[State]:
    """Lay out two testbeds and lose the files of one."""
    require()
    monkeypatch.setattr(strays, "SETTLE_S", 0.1)
    state = lay_out(OTHERS, tmp_path / "others")
    try:
        shutil.rmtree(lay_out(GONE, tmp_path / "gone").folder)
        yield state
    finally:
        run("lab", "down", "--testbed", GONE)
        run("lab", "down", "--state", state.folder)
        assert not namespaces_of(GONE) and not namespaces_of(OTHERS)


def test_a_testbed_without_files_is_named_and_taken_down(
    run: Run, tmp_path: Path, others: State
) -> None:
    networks = identify(namespaces_of(GONE))
    assert processes_in(networks)
    for command in ("status", "down"):
        told = run("lab", command, "--state", tmp_path / "gone")
        assert (told.status, told.out) == (1, "")
        assert f"unflux lab down --testbed {GONE}" in told.err and OTHERS not in told.err
    assert processes_in(networks)
    taken = run("lab", "down", "--testbed", GONE)
    assert taken.status == 0, taken.err
    assert not namespaces_of(GONE) and not processes_in(networks)
    assert GONE not in run("lab", "down", "--state", tmp_path / "gone").err


def test_a_testbed_that_has_its_files_is_left_alone(
    run: Run, tmp_path: Path, others: State
) -> None:
    for testbed, says in (
        (OTHERS, f"take it down by --state {others.folder}"),
        ("0f1e3c", "no namespaces of a testbed 0f1e3c"),
        ("*", "are in|no namespaces"),
    ):
        told = run("lab", "down", "--testbed", testbed)
        assert told.status == 1 and any(part in told.err for part in says.split("|"))
    assert run("lab", "down", "--testbed", GONE, "--state", tmp_path / "gone").status == 2
    # Another testbed took the folder of the one that is gone.
    shutil.rmtree(others.folder)
    State(others.folder).claim()
    others.write(Record(testbed="0f1e3d", options=Options(), phase="up", started_at_s=1.5))
    (found,) = {OTHERS} & set(strays.find_strays())
    assert run("lab", "down", "--testbed", found).status == 0
