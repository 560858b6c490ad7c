"""Events are added whole, and go to the new file once the old one is moved away."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from unflux.model.errors import UnfluxError
from unflux.watch.event_file import EventFile, EventStream


@contextmanager
def room_for(octets: int) -> Iterator[None]:
    """Have no file grow beyond so many octets, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


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


def test_a_file_that_is_rotated_while_it_is_written_to_is_cut_and_not_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, moved = tmp_path / "events", tmp_path / "events.1"
    events = EventFile(path)
    events.write(["before\n"])
    path.rename(moved)
    reopening = Thread(target=events.reopen)

    def fail(_: int) -> None:
        reopening.start()
        reopening.join(0.2)  # as far as it comes
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", fail)
        with pytest.raises(UnfluxError, match="No space left"):
            events.write(["lost\n"])
    reopening.join()
    events.write(["after\n"])
    events.close()
    assert (moved.read_text(), path.read_text()) == ("before\n", "after\n")


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(UnfluxError, match=r"/none/events: cannot be written \(No such file"):
        EventFile(Path("/none/events"))


def test_a_stream_without_room_refuses_and_its_lines_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "events"
    with path.open("wb") as stream:
        events = EventStream(stream)
        with room_for(6), pytest.raises(UnfluxError, match=r"cannot be written \(File too large"):
            events.write(["one\n", "two\n", "three\n"])
        with room_for(6), pytest.raises(UnfluxError):
            events.write(["two\n", "three\n"])
        events.write(["two\n", "three\n"])
    assert path.read_text() == "one\ntwo\ntwo\nthree\n"


def test_lines_that_a_stream_refused_do_not_come_later(tmp_path: Path) -> None:
    path = tmp_path / "events"
    with path.open("wb") as stream:
        events = EventStream(stream)
        with room_for(4), pytest.raises(UnfluxError):
            events.write(["one\n", "two\n"])
        events.write(["three\n"])
    assert path.read_text() == "one\nthree\n"


def test_a_stream_that_nobody_reads_is_broken() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stream, pytest.raises(BrokenPipeError):
        EventStream(stream).write(["one\n"])
