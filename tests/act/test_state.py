"""Both states keep their parts apart, whole, and through another run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from unflux.act.state import PARTS, FolderState, State, StoredState
from unflux.engine.store import Store
from unflux.model.errors import StoreError, UnfluxError

STATES: list[Callable[[Path], State]] = [
    lambda folder: FolderState(folder / "state"),
    lambda folder: StoredState(folder / "dns.unflux", "default"),
]


@pytest.mark.parametrize("open_state", STATES, ids=["folder", "store"])
def test_parts_are_kept_and_replaced(tmp_path: Path, open_state: Callable[[Path], State]) -> None:
    state = open_state(tmp_path)
    assert [state.read(part) for part in PARTS] == [None, None]
    state.write("standing", "one\n")
    with state.kept_open():
        state.write("standing", "two\n")
        state.write("deliveries", "x" * 1_000_000)
    again = open_state(tmp_path)
    assert again.read("standing") == "two\n"
    assert again.read("deliveries") == "x" * 1_000_000
    assert state.lock.parent.is_dir()
    assert "standing" in state.name("standing")


def test_deployments_of_one_store_are_apart_and_beside_its_records(tmp_path: Path) -> None:
    path = tmp_path / "dns.unflux"
    with Store.open(path) as store:
        assert store.deployed("edge", "standing") is None
    StoredState(path, "edge").write("standing", "edge\n")
    StoredState(path, "core").write("standing", "core\n")
    assert StoredState(path, "edge").read("standing") == "edge\n"
    assert StoredState(path, "core").read("standing") == "core\n"
    with Store.open(path) as store:
        assert store.rollup().sightings.num_rows == 0


def test_what_is_no_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "text.unflux"
    path.write_text("no store, but long enough to be told")
    with pytest.raises(StoreError, match="not a store"):
        StoredState(path, "default").read("standing")


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "standing.jsonl").mkdir()
    with pytest.raises(UnfluxError, match="cannot be read"):
        FolderState(tmp_path).read("standing")
