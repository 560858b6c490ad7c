"""What was told is found again by the next process."""

from pathlib import Path

import pytest
from tests.act.test_announcements import ROUTE

from unflux.act.told import Told
from unflux.model.errors import UnfluxError


def test_what_was_told_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "told"
    assert Told(path).routes == frozenset()
    for routes in ({ROUTE, ROUTE.replace("20.1.2.3", "20.1.2.4")}, set[str]()):
        Told(path).keep(routes)
        assert Told(path).routes == routes


def test_a_disk_that_takes_nothing_leaves_what_was_told(tmp_path: Path) -> None:
    path, other = tmp_path / "told", ROUTE.replace("20.1.2.3", "20.1.2.4")
    Told(path).keep({ROUTE})
    (tmp_path / ".told.new").mkdir()
    told = Told(path)
    for _ in range(2):
        with pytest.raises(UnfluxError, match="cannot be written"):
            told.keep({ROUTE, other})
    assert told.routes == Told(path).routes == {ROUTE}


def test_what_cannot_be_kept_is_told_before_anything_is_announced(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnfluxError, match="cannot be"):
        Told(tmp_path / "file" / "told")


@pytest.mark.parametrize("bad", [b"route 0.0.0.0/0 next-hop 1.1.1.1\n", b"shutdown\n", b"\xff\n"])
def test_another_file_is_not_told_to_anybody(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "told"
    path.write_bytes(bad)
    with pytest.raises(UnfluxError, match=str(path)):
        Told(path)
    assert path.read_bytes() == bad
