"""A log that is followed, as Zeek, logrotate and gzip leave it."""

import gzip
import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from unflux.pipeline.inputs import decompress_log
from unflux.watch.log_place import Place
from unflux.watch.log_reader import DAMAGED, GONE, LONG_LINE, LOST, READ_BYTES, Limits, LogReader

NOW = Limits(settle_s=0.0)
_ticks = count(1)


class Follower:
    """A reader of a log and all that it gave, which may be killed and begin again."""

    def __init__(self, path: Path, limits: Limits = NOW) -> None:
        self._path, self._limits = path, limits
        self._place: str | None = None
        self.got: list[bytes] = []
        self.headers: list[bytes] = []
        self.reader = LogReader(path, None, decompress_log, limits)

    def catch_up(self) -> list[bytes]:
        """Return the lines since the last time."""
        start = len(self.got)
        while (lines := self.reader.read()) is not None:
            assert lines.count == lines.octets.count(b"\n")
            assert lines.octets.endswith(b"\n") or not lines.octets
            self.got += lines.octets.splitlines()
            self.headers.append(lines.header)
            self._place = lines.place.render()
        return self.got[start:]

    def restart(self) -> None:
        self.reader.close()
        place = None if self._place is None else Place.scan(self._place)
        self.reader = LogReader(self._path, place, decompress_log, self._limits)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "dns.log"


@pytest.fixture
def follower(log: Path) -> Iterator[Follower]:
    following = Follower(log)
    yield following
    following.reader.close()


def write(path: Path, *lines: str, mode: str = "a") -> None:
    with path.open(mode) as file:
        file.writelines(f"{line}\n" for line in lines)
    # Files of a test are seconds apart, as real ones are, and in order.
    moment = 1_700_000_000 + next(_ticks)
    os.utime(path, (moment, moment))


def compress(path: Path) -> None:
    """Do as gzip does: the time stays, the file goes."""
    status = path.stat()
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(packed, (status.st_atime, status.st_mtime))
    path.unlink()


def test_lines_come_once_and_whole(log: Path, follower: Follower) -> None:
    assert follower.catch_up() == []
    assert follower.reader.failure == "No such file or directory"
    write(log, "a", "b")
    assert follower.catch_up() == [b"a", b"b"]
    assert follower.reader.failure is None
    with log.open("a") as file:
        file.write("half")
        file.flush()
        assert follower.catch_up() == []
        file.write(" and half\n")
    assert follower.catch_up() == [b"half and half"]
    follower.restart()
    assert follower.catch_up() == []
    write(log, "c")
    assert follower.catch_up() == [b"c"]
    assert not follower.reader.drops


def test_a_rename_is_followed_to_the_last_line(log: Path, follower: Follower) -> None:
    write(log, "a")
    assert follower.catch_up() == [b"a"]
    former = log.rename(log.with_name("dns.log.1"))
    write(former, "b")
    assert follower.catch_up() == [b"b"]
    with former.open("a") as file:
        file.write("no end")
    write(log, "c")
    assert follower.catch_up() == [b"no end", b"c"]
    assert not follower.reader.drops


def test_a_renamed_log_is_read_on_until_it_is_quiet(log: Path) -> None:
    follower = Follower(log, Limits(settle_s=3600.0))
    write(log, "a")
    assert follower.catch_up() == [b"a"]
    former = log.rename(log.with_name("dns.log.1"))
    write(log, "c")
    assert follower.catch_up() == []
    write(former, "b")
    assert follower.catch_up() == [b"b"]
    follower.reader.close()


def test_rotations_while_nobody_read_are_caught_up_in_order(log: Path, follower: Follower) -> None:
    write(log, "old")
    log.rename(log.with_name("dns.log.9"))
    write(log, "a", "b")
    assert follower.catch_up() == [b"a", b"b"]
    write(log, "c")
    follower.restart()
    first = log.rename(log.with_name("dns.2026-11-28-12-00-00.log"))
    compress(first)
    write(log, "d")
    log.with_name("dns.log.7").mkdir()
    second = log.rename(log.with_name("dns.2026-11-28-13-00-00.log"))
    write(log, "e")
    shutil.copy2(second, second.with_name(second.name + "~"))
    packed = second.with_name(second.name + ".gz")
    packed.write_bytes(gzip.compress(second.read_bytes()))  # the moment before gzip removes it
    assert follower.catch_up() == [b"c", b"d", b"e"]
    assert not follower.reader.drops


def test_truncation_begins_anew(log: Path, follower: Follower) -> None:
    write(log, "a" * 80, "b")
    follower.catch_up()
    shutil.copy(log, log.with_name("dns.log.1"))
    write(log, "c", mode="w")
    assert follower.catch_up() == [b"c"]
    write(log, "longer than before " * 9, mode="w")
    assert follower.catch_up() == [b"longer than before " * 9]
    follower.restart()
    assert follower.catch_up() == []
    shutil.copy(log, log.with_name("dns.log.1"))
    write(log.with_name("dns.log.1"), "the rest")
    write(log, "d", mode="w")
    follower.restart()
    assert follower.catch_up() == [b"the rest", b"d"]


def test_a_compressed_file_that_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dns.log.gz"
    follower = Follower(path)
    path.write_bytes(gzip.compress(b"a\nb\n" + b"x" * 99 + b"\n")[:-9])
    assert follower.catch_up()[:2] == [b"a", b"b"]
    path.write_bytes(gzip.compress(b"a\nb\n" + b"x" * 99 + b"\n") + gzip.compress(b"c\n"))
    assert follower.catch_up()[-1] == b"c"
    assert follower.got.count(b"a") == 1
    other = tmp_path / "new"
    other.write_bytes(gzip.compress(b"d\ne"))
    other.rename(path)
    assert follower.catch_up() == [b"d"]
    follower.restart()
    third = tmp_path / "new"
    third.write_bytes(gzip.compress(b"f\n"))
    third.rename(path)
    assert follower.catch_up() == [b"f"]
    assert follower.reader.drops == {LOST: 1}
    follower.reader.close()


def test_damage_is_counted_when_the_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "dns.log.gz"
    follower = Follower(path)
    path.write_bytes(gzip.compress(b"a\n" * 9)[:-9])
    follower.catch_up()
    assert not follower.reader.drops
    other = tmp_path / "new"
    other.write_bytes(gzip.compress(b"b\n"))
    other.rename(path)
    assert follower.catch_up()[-1] == b"b"
    assert follower.reader.drops == {DAMAGED: 1}
    follower.reader.close()


def test_a_log_that_went_is_a_failure_until_it_comes_back(log: Path, follower: Follower) -> None:
    write(log, "a")
    follower.catch_up()
    log.unlink()
    assert follower.catch_up() == []
    assert follower.reader.failure == GONE
    write(log, "b")
    assert follower.catch_up() == [b"b"]
    assert follower.reader.failure is None


def test_the_header_holds_for_what_follows(log: Path, follower: Follower) -> None:
    write(log, "#separator \\x09", "#fields\tts", "1")
    follower.catch_up()
    write(log, "2", "#close\tnow", "#separator \\x20", "#fields other", "3")
    follower.catch_up()
    follower.restart()
    write(log, "4")
    follower.catch_up()
    first, other = b"#separator \\x09\n#fields\tts\n", b"#separator \\x20\n#fields other\n"
    assert follower.headers == [b"", first, other]


def test_a_line_without_end_is_passed_over(log: Path, follower: Follower) -> None:
    write(log, "a", "#" * (READ_BYTES * 2 + 5), "b")
    assert follower.catch_up() == [b"a", b"b"]
    assert follower.reader.drops == {LONG_LINE: 1}
    assert set(follower.headers) == {b""}


def test_what_is_no_file_is_refused_without_waiting(log: Path, follower: Follower) -> None:
    os.mkfifo(log)
    assert follower.catch_up() == []
    assert follower.reader.failure == "not a regular file"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dns.log.{:04}", "dns.2026-11-28-{:04}.log"])
def test_rotation_compression_and_restarts_at_once(log: Path, name: str) -> None:
    chance, line_count = random.Random(7), 6000
    log.write_text("#open 0\n")
    follower = Follower(log, Limits(settle_s=0.1))
    writer = threading.Thread(target=write_and_rotate, args=(log, name, line_count))
    writer.start()
    while writer.is_alive() or follower.got[-1:] != [b"%d" % (line_count - 1)]:
        follower.catch_up()
        if chance.random() < 0.05:
            follower.restart()
            time.sleep(chance.random() * 0.2)
        time.sleep(0.002)
    writer.join()
    follower.reader.close()
    lines = [int(line) for line in follower.got if not line.startswith(b"#")]
    assert lines == list(range(line_count))
    assert not follower.reader.drops


def write_and_rotate(log: Path, name: str, line_count: int) -> None:
    """Write numbered lines, rename the log now and then, and have most files compressed."""
    chance = random.Random(8)
    compressing: list[threading.Timer] = []
    file = log.open("a", buffering=1)
    for number in range(line_count):
        file.write(f"{number}\n")
        if number % 50 == 0:
            time.sleep(0.005)
        if chance.random() < 0.004:
            former = log.rename(log.with_name(name.format(len(compressing))))
            time.sleep(chance.random() * 0.02)
            file.close()
            file = log.open("a", buffering=1)
            file.write(f"#open {number}\n")
            later = threading.Timer(chance.random() * 0.2, compress, [former])
            later.start()
            compressing.append(later)
    file.close()
    for later in compressing:
        later.join()
