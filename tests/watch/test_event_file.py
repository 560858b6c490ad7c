"""Events are added whole, and go to the new file once the old one is moved away."""

from pathlib import Path

import pytest

from unflux.model.errors import UnfluxError
from unflux.watch.event_file import EventFile


def test_lines_are_added_and_a_rotated_file_is_left_alone(tmp_path: Path) -> None:
    path, moved = tmp_path / "events", tmp_path / "events.1"
    path.write_text("before\n")
    events = EventFile(path)
    events.write(["one\n", "two\n"])
    path.rename(moved)
    events.write(["three\n"])
    events.reopen()
    events.write(["four\n"])
    events.close()
    assert moved.read_text() == "before\none\ntwo\nthree\n"
    assert path.read_text() == "four\n"


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(UnfluxError, match=r"/none/events: cannot be written \(No such file"):
        EventFile(Path("/none/events"))
