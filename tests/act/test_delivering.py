"""Delivery goes on where it failed or was killed: real files, real commands, real kills."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from tests.act.deliveries import STATES, run, steps, targets_in
from tests.act.outputs.programs import find
from tests.act.plans import plan_of, small_plan

from unflux.act.delivering import deliver, left_behind
from unflux.act.journal import Delivery, read_journal
from unflux.act.output import Options, Rendered
from unflux.act.outputs.rpz import Rpz
from unflux.act.standing import read_standing
from unflux.act.state import FolderState
from unflux.model.errors import UnfluxError


@pytest.mark.parametrize("kind", STATES)
def test_outputs_are_written_loaded_and_done(tmp_path: Path, kind: str) -> None:
    state, log = STATES[kind](tmp_path), tmp_path / "log"
    targets = targets_in(tmp_path, ["sh", "-c", f"cat {tmp_path}/bind/db.rpz >> {log}"])
    told = run(small_plan(), targets, state)
    assert [delivered.failure for delivered in told.values()] == [None, None]
    assert log.read_bytes() == (tmp_path / "bind" / "db.rpz").read_bytes()  # loaded when whole
    assert b"bad.example" in log.read_bytes()
    assert steps(state) == {"rpz": "done", "list": "done"}
    assert read_standing(state).serial == 7
    assert {a.target for a in read_standing(state).actions} >= {"bad.example", "20.1.2.3"}

    run(plan_of(), targets, state, 8)
    assert "bad.example" not in (tmp_path / "bind" / "db.rpz").read_text()
    assert "20.1.2.3" not in (tmp_path / "lists" / "addresses.txt").read_text()
    assert read_standing(state).actions == ()


def test_a_reload_that_fails_is_told_kept_and_tried_again(tmp_path: Path) -> None:
    state, flag = FolderState(tmp_path / "state"), tmp_path / "flag"
    script = f"test -e {flag} || {{ echo 'no such zone'; exit 4; }}"
    targets = targets_in(tmp_path, ["sh", "-c", script])
    told = run(small_plan(), targets, state)
    assert told["rpz"].failure == "reload sh: exit status 4: no such zone"
    assert told["list"].failure is None  # one failure stops no other
    (zone,) = [d for d in read_journal(state) if d.output == "rpz"]
    assert (zone.step, zone.failure) == ("written", told["rpz"].failure)
    assert "bad.example" in (tmp_path / "bind" / "db.rpz").read_text()
    flag.touch()
    assert run(small_plan(), targets, state)["rpz"].failure is None
    assert steps(state) == {"rpz": "done", "list": "done"}


def test_a_file_that_cannot_be_written_stops_no_other_output(tmp_path: Path) -> None:
    state = FolderState(tmp_path / "state")
    (tmp_path / "bind").write_text("in the way")
    told = run(small_plan(), targets_in(tmp_path), state)
    assert "cannot be written" in (told["rpz"].failure or "")
    assert told["list"].failure is None
    assert steps(state) == {"rpz": "intent", "list": "done"}
    (tmp_path / "bind").unlink()
    assert run(small_plan(), targets_in(tmp_path), state)["rpz"].failure is None


def test_files_that_are_rendered_no_more_are_removed_and_nothing_else(tmp_path: Path) -> None:
    state = FolderState(tmp_path / "state")
    (target,) = targets_in(tmp_path)[1:]
    outside = tmp_path / "outside.txt"
    outside.write_text("theirs")

    def go(*names: str) -> None:
        files = {"list": [Rendered(name=name, content=b"x\n") for name in names]}
        list(deliver(plan_of(), [target], files, serial=1, state=state,
                     before=read_journal(state)))  # fmt: skip

    go("a.txt", "sub/b.txt")
    (tmp_path / "lists" / "mine.txt").write_text("mine")
    (held,) = read_journal(state)
    lying = replace(held, files=(*held.files, str(outside), str(tmp_path / "lists" / ".." / "x")))
    list(deliver(plan_of(), [target], {"list": [Rendered(name="a.txt", content=b"y\n")]},
                 serial=2, state=state, before=[lying]))  # fmt: skip
    kept = {
        p.relative_to(tmp_path / "lists").as_posix() for p in (tmp_path / "lists").rglob("*.txt")
    }
    assert kept == {"a.txt", "mine.txt"}
    assert outside.exists()


def test_what_is_no_target_any_more_is_told_until_it_is_gone(tmp_path: Path) -> None:
    state = FolderState(tmp_path / "state")
    run(small_plan(), targets_in(tmp_path), state)
    moved = [replace(targets_in(tmp_path)[0], path=tmp_path / "bind" / "new.rpz")]
    old = tmp_path / "bind" / "db.rpz"
    lists = set((tmp_path / "lists").iterdir())
    for _ in range(2):  # it is told again
        left = left_behind(moved, read_journal(state))
        assert left["rpz"] == [old]
        assert set(left["list"]) == lists
        run(small_plan(), moved, state)
    old.unlink()
    for path in lists:
        path.unlink()
    assert left_behind(moved, read_journal(state)) == {}
    run(small_plan(), moved, state)
    assert [d.output for d in read_journal(state)] == ["rpz"]


@pytest.mark.parametrize("damage", ["x\n", "{}\n", "[]\n", '{"schema":"unflux/delivery/2"}\n'])
def test_a_damaged_journal_stops_the_run(tmp_path: Path, damage: str) -> None:
    state = FolderState(tmp_path)
    state.write("deliveries", damage)
    with pytest.raises(UnfluxError, match="damaged"):
        read_journal(state)


def test_a_hostile_failure_is_one_line_of_the_journal(tmp_path: Path) -> None:
    state = FolderState(tmp_path / "state")
    script = r"printf 'a\n\033[31m\377b'; exit 1"
    run(small_plan(), targets_in(tmp_path, ["sh", "-c", script]), state)
    text = state.read("deliveries") or ""
    assert text.isascii()
    assert len(text.splitlines()) == 2
    assert any("\x1b" in (d.failure or "") for d in read_journal(state))


# --- killed at every step -----------------------------------------------------------------------

ROOT = Path(__file__).parents[2]
KILLED_AT = {"folder": ("rename", "vfork"), "store": ("rename", "vfork", "fsync")}
"""What puts a file in its place, starts a reload, and commits to the store."""


def go(folder: Path, kind: str, plan: str, serial: int, *strace: str) -> int:
    """Deliver in a process of its own; return how it ended."""
    done = subprocess.run(
        [*strace, sys.executable, "-m", "tests.act.deliveries", folder, kind, plan, str(serial)],
        check=False, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def whole_zone(path: Path) -> str:
    """Return which of the two zones a file is, byte for byte but for the serial."""
    serial = re.compile(r"(hostmaster\.localhost\.) \d+")
    text = serial.sub(r"\1", path.read_text())
    for name, plan in (("full", small_plan()), ("none", plan_of())):
        (file,) = Rpz().render(plan, Options())
        if text == serial.sub(r"\1", file.content.decode()):
            return name
    raise AssertionError(text)


@pytest.mark.slow
@pytest.mark.parametrize("kind", STATES)
def test_a_run_that_is_killed_anywhere_is_recovered_by_the_next(tmp_path: Path, kind: str) -> None:
    """SIGKILL at the n-th call of each kind, for every n until the run is over."""
    strace = find("strace")
    folder, kept = tmp_path / "here", tmp_path / "kept"
    state = STATES[kind](folder)
    folder.mkdir()
    assert go(folder, kind, "full", 1) == 0
    assert whole_zone(folder / "loaded") == "full"
    shutil.copytree(folder, kept)
    seen: set[tuple[str, ...]] = set()
    for call in KILLED_AT[kind]:
        for n in count(1):
            shutil.rmtree(folder)
            shutil.copytree(kept, folder)
            kill = ("-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                    "-e", f"inject={call}:signal=KILL:when={n}")  # fmt: skip
            ended = go(folder, kind, "none", 2, strace, *kill)
            journal = read_journal(state)
            standing = {action.target for action in read_standing(state).actions}
            # Killed or not: what is there is whole, and the state goes first.
            now = whole_zone(folder / "bind" / "db.rpz")
            assert standing == set() or (now == "full" and "bad.example" in standing)
            assert [delivery.output for delivery in journal] == ["rpz", "list"]
            seen.add(tuple(delivery.step for delivery in journal))
            if ended == 0:
                break
            assert ended in (-9, 137)
            assert go(folder, kind, "none", 3) == 0
            assert whole_zone(folder / "bind" / "db.rpz") == "none"
            assert whole_zone(folder / "loaded") == "none"
            assert steps(state) == {"rpz": "done", "list": "done"}
            assert not list(folder.rglob(".*.new"))
        assert n > 1, call
    # Runs died at every step of the journal.
    assert {("intent", "intent"), ("written", "intent"), ("reloaded", "intent"),
            ("reloaded", "written"), ("done", "done")} <= seen  # fmt: skip


def test_an_unfinished_delivery_says_how_far_it_came(tmp_path: Path) -> None:
    state = FolderState(tmp_path / "state")
    run(small_plan(), targets_in(tmp_path, ["false"]), state)
    (told,) = [str(d) for d in read_journal(state) if d.step != "done"]
    assert told == (
        "rpz: written by the run of 2026-11-24T12:00:00Z, no further: reload false: exit status 1"
    )
    assert isinstance(read_journal(state)[0], Delivery)
