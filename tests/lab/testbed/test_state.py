"""A state belongs to one testbed and one user, whatever others put in its place."""

import json
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from unflux.lab.testbed import raising
from unflux.lab.testbed.blueprint import Blueprint
from unflux.lab.testbed.clearing import take_down
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.raising import raise_testbed
from unflux.lab.testbed.state import MOST_CHARACTERS, Record, State
from unflux.model.errors import UnfluxError

RECORD = Record(testbed="0123ab", options=Options(seed=3), phase="rising", started_at_s=1.5)


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state")
    state.claim()
    return state


def test_what_is_written_is_read(state: State) -> None:
    state.write(RECORD)
    assert state.read() == RECORD and state.is_there()


@pytest.mark.parametrize("testbed", ["", "..", "0123AB", "0123ab/..", "*", "0123abc", None, 7])
def test_a_forged_name_is_no_testbed(state: State, testbed: object) -> None:
    (state.folder / "testbed.json").write_text(json.dumps({"testbed": testbed}))
    with pytest.raises(UnfluxError, match="names no testbed"):
        take_down(state)
    assert state.folder.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", "\x00"])
def test_a_damaged_record_is_told(state: State, text: str) -> None:
    (state.folder / "testbed.json").write_text(text)
    for step in (state.read, state.testbed):
        with pytest.raises(UnfluxError, match="cannot be read"):
            step()


def test_what_another_version_wrote_can_be_taken_down(state: State) -> None:
    (state.folder / "testbed.json").write_text('{"testbed": "0123ab", "schema": "later/9"}')
    assert take_down(state)
    assert not state.folder.exists()


def test_down_follows_no_link_and_trusts_nobody(state: State, tmp_path: Path) -> None:
    state.write(RECORD)
    link = tmp_path / "link"
    link.symlink_to(state.folder)
    with pytest.raises(UnfluxError, match="not a folder of this user"):
        take_down(State(link))
    state.folder.chmod(0o770)
    with pytest.raises(UnfluxError, match="others may write"):
        take_down(state)
    assert state.is_there()


@pytest.mark.parametrize("name", ["a b", "a;b", 'a"b', "a{b", "a\nb", "ä"])
def test_odd_paths_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnfluxError, match="letters, digits"):
        State(tmp_path / name).claim()
    assert not (tmp_path / name).exists()


def test_a_path_that_no_namespace_can_tell_is_refused(tmp_path: Path) -> None:
    long = tmp_path / ("long/" * MOST_CHARACTERS)
    with pytest.raises(UnfluxError, match="255 characters at most"):
        State(long).claim()
    assert not (tmp_path / "long").exists()


def test_a_crash_before_the_record_leaves_nothing(state: State) -> None:
    for left in ("lock", "testbed.new"):
        (state.folder / left).touch()
    state.claim()
    assert not take_down(state)
    assert not state.folder.exists()


class Life:
    """Ends after so many steps; null: never."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self, do: Callable[..., None]) -> Callable[..., None]:
        """Return a step that takes some of it."""

        def done(*arguments: Any, **options: Any) -> None:
            if self.left == 0:
                raise KeyboardInterrupt
            if self.left is not None:
                self.left -= 1
            do(*arguments, **options)

        return done


def test_a_removal_that_is_ended_anywhere_is_done_again(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended before the n-th file or folder goes, for every n until it comes to its end."""
    life = Life()
    for name in ("unlink", "rmdir"):
        monkeypatch.setattr(os, name, life.step(getattr(os, name)))
    for steps in count():
        state.claim()
        state.write(RECORD)
        for path in ("a.key", "z.key", "north/named.conf", "www/site/index.html", "lock"):
            (state.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (state.folder / path).touch()
        life.left = steps
        try:
            state.remove()
        except KeyboardInterrupt:
            names = {path.name for path in state.folder.iterdir()}
            assert "testbed.json" in names or names <= {"lock"}
            life.left = None
            take_down(state)
            assert not state.folder.exists()
        else:
            break
    # Four files and their folders, the record, a draft that is not there, the lock, the folder.
    assert steps == 11


def test_what_cannot_be_removed_is_told(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    state.write(RECORD)
    (state.folder / "lab.key").touch()
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(UnfluxError, match=r"could not be removed: .*not permitted"):
        state.remove()
    assert state.is_there()


def test_two_commands_do_not_work_on_one_testbed(state: State) -> None:
    state.write(RECORD)
    with state.locked(), pytest.raises(UnfluxError, match="another run is at work"):
        take_down(state)


def test_without_root_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raising, "find_programs", lambda _: None)
    monkeypatch.setattr(raising, "find_stream_module", lambda _: "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(raising, "draw_blueprint", lambda _: pytest.fail("drawn in vain"))
    with pytest.raises(UnfluxError, match="needs root"):
        raise_testbed(Options(), State(tmp_path / "state"))
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("options", "is_drawn"),
    [
        (Options(agents=200, minutes=1440, compress=600), False),
        (Options(agents=200, minutes=480, renumbered=0.5), False),
        (Options(agents=200, minutes=310), True),
    ],
)
def test_too_many_agents_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Options, *, is_drawn: bool
) -> None:
    """Before they are drawn where there are many too many, which takes minutes."""
    drawn: list[Options] = []

    def draw(asked: Options) -> Blueprint:
        drawn.append(asked)
        return draw_blueprint(asked)

    (tmp_path / "tun").touch()
    for name, value in (
        ("find_programs", lambda _: None), ("find_stream_module", lambda _: ""),
        ("draw_blueprint", draw), ("TUN", str(tmp_path / "tun")),
    ):  # fmt: skip
        monkeypatch.setattr(raising, name, value)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(UnfluxError, match=r"some [\d,]+ agents would come and go"):
        raise_testbed(options, State(tmp_path / "state"))
    assert bool(drawn) is is_drawn
    assert not (tmp_path / "state").exists()
