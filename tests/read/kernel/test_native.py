"""The kernel is compiled once for a user, kept where nobody else can change it, and found again."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.read.two_ways import kernel

from unflux.read.kernel import native
from unflux.read.kernel.native import cache_folder, find_kernel, kernel_digest

PACKAGE = Path(native.__file__).parents[2]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, with the kernel of this machine in it."""
    kernel()
    (object_file,) = cache_folder().glob(f"kernel-{kernel_digest()[:24]}.o")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    copy = cache_folder() / object_file.name
    copy.write_bytes(object_file.read_bytes())
    return copy


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch, kept: Path) -> list[list[str]]:
    """The commands that would compile; what they make is a copy of the kept kernel."""
    octets, commands = kept.read_bytes()[32:], []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        Path(command[-1]).write_bytes(octets)
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr("unflux.read.kernel.native.subprocess.run", run)
    return commands


def test_a_kept_kernel_is_loaded_without_a_word(kept: Path) -> None:
    said: list[str] = []
    assert find_kernel(said.append) is not None
    assert said == []


def test_a_missing_or_damaged_one_is_compiled_once(
    kept: Path, compilations: list[list[str]]
) -> None:
    for damage in (b"", b"garbage", kept.read_bytes()[:-1], None):
        if damage is None:
            kept.unlink()
        else:
            kept.write_bytes(damage)
        said: list[str] = []
        for _ in range(2):
            assert find_kernel(said.append) is not None
        assert said == ["compiling the reader for this machine, once (some 20 seconds)"]
    assert len(compilations) == 4
    assert {path.name for path in kept.parent.iterdir()} == {kept.name, "kernel.lock"}


def test_where_nothing_can_be_kept_each_process_compiles(
    compilations: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    said: list[str] = []
    assert find_kernel(said.append) is not None
    assert said[0].startswith("the compiled reader cannot be kept: ")
    assert len(compilations) == 1


def test_a_folder_that_others_may_write_to_is_not_trusted(
    kept: Path, compilations: list[list[str]]
) -> None:
    kept.parent.chmod(0o777)
    said: list[str] = []
    assert find_kernel(said.append) is not None
    assert len(compilations) == 1


def test_what_cannot_be_compiled_is_read_without(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.unlink()
    monkeypatch.setattr(native, "COMPILER", "unflux.no_such_module")
    said: list[str] = []
    assert find_kernel(said.append) is None
    assert said[1].startswith("reading without compiled code, many times slower: ")
    assert "no_such_module" in said[1]


def test_without_a_kernel_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from unflux.read import capture, dnstap, passes, reading
    from unflux.read.opening import Location
    from unflux.read.source import Options

    golden = Path(__file__).parents[2] / "golden/read"
    names = (
        "capture/input.pcap", "dnstap/input.fstrm", "table/input.csv", "zeek/input.log",
        "zeek/input.json", "eve/input.json", "cof/input.json",
    )  # fmt: skip
    for name in names:
        location = Location(name=str(golden / name))
        with_kernel = reading.read_source(location, Options())
        with monkeypatch.context() as patch:
            for module in (capture, dnstap, passes, reading):
                patch.setattr(module, "load_kernel", lambda: None)
            assert reading.read_source(location, Options()) == with_kernel


def imported_by(module: Path) -> set[Path]:
    """Return the modules of ours that one imports."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            path = PACKAGE.parent / (name.replace(".", "/") + ".py")
            if path.is_file() and PACKAGE in path.parents:
                found.add(path)
    return found


def test_the_digest_covers_all_that_is_compiled() -> None:
    """Every module of the compiled functions, and those that give them numbers."""
    start = PACKAGE / "read/kernel/compilation.py"
    folder, kernel_modules, others = start.parent, {start}, set()
    waiting = [start]
    while waiting:
        for module in imported_by(waiting.pop()):
            if folder not in module.parents:
                others.add(module)
            elif module not in kernel_modules:
                kernel_modules.add(module)
                waiting.append(module)
    expected = {str(path.relative_to(PACKAGE)) for path in kernel_modules | others}
    assert expected - {"model/rollup.py"} <= set(native.MADE_OF) | {"model/errors.py"}
    assert set(native.MADE_OF) <= expected


def test_starting_and_reading_need_no_compiler(tmp_path: Path) -> None:
    """Once it is compiled, neither numba nor what it brings is loaded."""
    kernel()
    golden = Path(__file__).parents[2] / "golden/read"
    sources = [str(golden / name) for name in ("capture/input.pcap", "table/input.csv")]
    for number, name in enumerate(("zeek/input.log", "zeek/input.json", "eve/input.json")):
        log = tmp_path / f"{number}.log"
        log.write_bytes((golden / name).read_bytes() * 20)  # enough to be read in columns
        sources.append(str(log))
    script = (
        "import sys\nfrom unflux.read.reading import read_all\n"
        "from unflux.read.source import Options\n"
        f"for one in read_all({sources!r}, Options()):\n"
        "    assert one.error is None and one.drops.response_count\n"
        "assert 'llvmlite' in sys.modules and 'numba' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False,
        env=dict(os.environ), timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-400:]
