"""Lines are added whole; what a kill left of the last one is taken off."""

import fcntl
import threading
from pathlib import Path

import pytest

from unflux.model.added_lines import add_lines, prepare_lines
from unflux.model.errors import UnfluxError


@pytest.mark.parametrize(
    ("before", "left"),
    [
        (b"", b""), (b"one\n", b"one\n"), (b"one\ntw", b"one\n"), (b"on", b""),
        (b"one\n" + b"x" * 200_000, b"one\n"), (b"x" * 200_000, b""), (b"one\n\n", b"one\n\n"),
    ],
    ids=lambda octets: f"{octets[:9]!r} {len(octets)}",
)  # fmt: skip
def test_a_rest_is_taken_off(tmp_path: Path, before: bytes, left: bytes) -> None:
    path = tmp_path / "lines"
    path.write_bytes(before)
    prepare_lines(path)
    assert path.read_bytes() == left
    add_lines(path, ["more\n", "and more\n"])
    assert path.read_bytes() == left + b"more\nand more\n"


def test_a_file_begins_when_it_is_added_to(tmp_path: Path) -> None:
    add_lines(tmp_path / "lines", ["one\n"])
    assert (tmp_path / "lines").read_bytes() == b"one\n"
    with pytest.raises(UnfluxError, match="cannot be written"):
        add_lines(tmp_path, ["one\n"])


def test_runs_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with path.open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(b"on")
        other = threading.Thread(target=add_lines, args=(path, ["two\n"]))
        other.start()
        other.join(0.2)
        file.write(b"e\n")
    other.join()
    assert path.read_bytes() == b"one\ntwo\n"
