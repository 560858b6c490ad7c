"""What the user names, and what comes out when it is opened."""

import gzip
import io
import lzma
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from unflux.model.errors import UnreadableSourceError
from unflux.read.opening import DAMAGED, HEAD_BYTES, Location, find_locations, open_source
from unflux.read.source import Drops


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.log", "a.log", "sub/c.log", ".hidden", "sub/.git/config", "sub/deep/d.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*arguments: str) -> list[str]:
    return [location.name for location in find_locations(arguments)]


def refusal(name: str) -> str:
    with pytest.raises(UnreadableSourceError) as caught:
        open_source(Location(name=name), Drops())
    return str(caught.value)


def content(path: Path) -> tuple[bytes, Drops]:
    drops = Drops()
    with open_source(Location(name=str(path)), drops) as opened:
        return opened.stream.read(), drops


@pytest.mark.usefixtures("tree")
def test_arguments() -> None:
    assert names("b.log", "a.log") == ["b.log", "a.log"]
    assert names("sub") == ["sub/c.log", "sub/deep/d.txt"]
    assert names(".") == ["a.log", "b.log", "sub/c.log", "sub/deep/d.txt"]
    assert names("*.log") == ["a.log", "b.log"]
    assert names("**/*.txt") == ["sub/deep/d.txt"]
    assert names("su?") == ["sub/c.log", "sub/deep/d.txt"]
    assert names("-", "-", "a.log", "./a.log", "*.log") == ["-", "a.log", "b.log"]
    assert names(".hidden") == [".hidden"]
    assert names("nothing*", "empty") == ["nothing*", "empty"]


def test_a_file_whose_name_looks_like_a_pattern(tree: Path) -> None:
    (tree / "[a].log").write_text("x")
    assert names("[a].log") == ["[a].log"]


def test_what_cannot_be_read_says_why(tree: Path) -> None:
    (tree / "void").touch()
    (tree / "void.gz").write_bytes(gzip.compress(b""))
    assert refusal("nothing") == "nothing: no such file"
    assert refusal("empty") == "empty: a folder without files to read"
    assert refusal("void") == "void: empty"
    assert refusal("void.gz") == "void.gz: empty"
    assert refusal("/dev/null") == "/dev/null: a device"
    assert "not a file name" in refusal("a\0b")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("here.sock")
        assert refusal("here.sock") == "here.sock: a socket"


def test_no_permission(tree: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (tree / "a.log").chmod(0)
    assert refusal("a.log") == "a.log: permission denied"


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda octets: octets,
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("compress", COMPRESSORS.values(), ids=COMPRESSORS)
def test_compression_is_told_by_content(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    plain = os.urandom(300_000)
    path = tmp_path / "name.tells.nothing"
    path.write_bytes(compress(plain))
    drops = Drops()
    counts: list[int] = []
    with open_source(Location(name=str(path)), drops, advance=counts.append) as opened:
        assert opened.head == plain[:HEAD_BYTES]
        assert opened.stream.read(100_000) == plain[:100_000]
        assert opened.stream.read() == plain[100_000:]
        digest = opened.digest()
    assert sum(counts) == path.stat().st_size
    assert not drops.reasons
    with open_source(Location(name=str(path)), Drops()) as unread:
        assert unread.digest() == digest  # whatever was read of the plain octets


def test_damage_keeps_the_first_part(tmp_path: Path) -> None:
    plain = b"".join(b"line %d\n" % (n * 7919) for n in range(50_000))
    octets = gzip.compress(plain)
    path = tmp_path / "cut.gz"
    path.write_bytes(octets[: len(octets) // 2])
    read, drops = content(path)
    assert plain.startswith(read)
    assert len(read) > len(plain) // 4
    assert drops.reasons == {DAMAGED: 1}
    path.write_bytes(octets[:12])
    assert refusal(str(path)).endswith("damaged from its first octet")


def test_one_layer_is_taken_off(tmp_path: Path) -> None:
    path = tmp_path / "twice.gz"
    path.write_bytes(gzip.compress(gzip.compress(b"text")))
    assert content(path)[0] == gzip.compress(b"text")


def test_pipes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def feed() -> None:
        with path.open("wb", buffering=0) as pipe:
            for octet in gzip.compress(b"text"):
                pipe.write(bytes([octet]))

    writer = threading.Thread(target=feed)
    writer.start()
    assert not Location(name=str(path)).is_shareable
    assert content(path)[0] == b"text"
    writer.join()


def test_standard_input() -> None:
    given = io.BytesIO(gzip.compress(b"text"))
    location = Location(name="-")
    with open_source(location, Drops(), standard_input=given) as opened:
        assert opened.stream.read() == b"text"
    assert not given.closed
    assert location.size_bytes is None
    assert not location.is_shareable
