"""A file is replaced at once, and keeps whose it was."""

import os
import stat
from pathlib import Path

import pytest

from unflux.act.placing import place, remove
from unflux.model.errors import UnfluxError


def test_a_new_file_and_its_folder_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    place(path, b"one")
    assert path.read_bytes() == b"one"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_owner_and_mode_of_what_was_there_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.chown(path, 1234, 4321)
    path.chmod(0o640)
    place(path, b"new")
    held = path.stat()
    assert (held.st_uid, held.st_gid, stat.S_IMODE(held.st_mode)) == (1234, 4321, 0o640)
    assert path.read_bytes() == b"new"


def test_an_open_reader_goes_on_with_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    place(path, b"old and long")
    with path.open("rb") as reader:
        place(path, b"new")
        assert reader.read() == b"old and long"
    assert path.read_bytes() == b"new"


def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "file", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    place(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_what_a_killed_run_left_beside_is_no_hindrance(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"theirs")
    beside = tmp_path / ".file.new"
    beside.symlink_to(outside)
    place(tmp_path / "file", b"new")
    assert outside.read_bytes() == b"theirs"
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not beside.is_symlink()


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name in ("folder", "fifo"):
        with pytest.raises(UnfluxError, match="is no file"):
            place(tmp_path / name, b"new")
    with pytest.raises(UnfluxError, match="cannot be written"):
        place(Path("/proc/none/file"), b"new")


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    place(tmp_path / "file", b"x")
    remove(tmp_path / "file")
    remove(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UnfluxError, match="cannot be removed"):
        remove(tmp_path)
