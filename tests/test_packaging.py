"""What leaves the house: the sdist and the wheel, and the locks that must agree with both."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
RUN_TIME = PROJECT["project"]["dependencies"]


def pins(name: str) -> list[Requirement]:
    """Return the pinned requirements of a lock."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.split("--hash")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def satisfied(requirement: Requirement, lock: str, python: str) -> bool:
    """Say whether a lock holds a version that the requirement accepts, on a Python version."""
    environment = {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.0",
        "extra": "",
    }
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    (pin,) = (
        pin
        for pin in pins(lock)
        if pin.name == name and (pin.marker is None or pin.marker.evaluate(environment))
    )
    (specifier,) = pin.specifier
    return requirement.specifier.contains(specifier.version)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_one_exact_version_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+==\S+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+", line)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", RUN_TIME),
        ("requirements-dev.lock", RUN_TIME + PROJECT["dependency-groups"]["dev"]),
        (
            "requirements-spark.lock",
            RUN_TIME + PROJECT["project"]["optional-dependencies"]["spark"],
        ),
        (
            "requirements-sharing.lock",
            RUN_TIME + PROJECT["project"]["optional-dependencies"]["sharing"],
        ),
        (
            "requirements-kafka.lock",
            RUN_TIME + PROJECT["project"]["optional-dependencies"]["kafka"],
        ),
        ("requirements-judges.lock", RUN_TIME + PROJECT["dependency-groups"]["judges"]),
        ("requirements-uv.lock", PROJECT["dependency-groups"]["bootstrap"]),
    ],
)
def test_the_locks_follow_pyproject(lock: str, wanted: list[str], python: str) -> None:
    """If this fails, pyproject.toml changed: run scripts/lock."""
    stale = [text for text in wanted if not satisfied(Requirement(text), lock, python)]
    assert stale == []


def test_the_locks_agree_with_each_other() -> None:
    def releases(lock: str) -> set[str]:
        """Return what is pinned; one lock may want a package on more systems than another."""
        return {f"{pin.name}{pin.specifier}" for pin in pins(lock)}

    for lock in set(LOCKS) - {"requirements-uv.lock"}:
        assert releases("requirements.lock") <= releases(lock)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, and the wheel made from the unpacked sdist, as an index would get them."""
    folder = tmp_path_factory.mktemp("built")
    build(ROOT, "sdist", folder)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as unpacked:
        unpacked.extractall(folder, filter="data")
    build(next(folder.glob("unflux-*/")), "wheel", folder)
    return folder


def build(source: Path, target: str, folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "-d", str(folder)],
        check=True,
        capture_output=True,
        cwd=source,
    )


def package_files() -> Iterator[str]:
    """Yield every file of the package, code and data, relative to ``src``."""
    for path in sorted((ROOT / "src" / "unflux").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(ROOT / "src").as_posix()


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    files = set(package_files())
    assert {"unflux/py.typed", "unflux/cli/app.py"} <= files
    assert {Path(name).parts[:3] for name in files} >= {
        ("unflux", "measure", "data"),
        ("unflux", "present", "templates"),
    }
    assert files - held == set()
    licences = {name for name in held if "/licenses/" in name}
    assert {Path(name).name for name in licences} >= {"LICENSE", "NOTICE"}


@pytest.mark.slow
def test_the_sdist_holds_what_a_wheel_needs_and_what_a_reader_wants(built: Path) -> None:
    (source,) = built.glob("unflux-*/")
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "NOTICE", "docs"):
        assert (source / name).exists(), name


@pytest.mark.slow
def test_installing_the_project_gives_the_command(built: Path, tmp_path: Path) -> None:
    """``pip install .`` in a throwaway environment; what it depends on is lent by this one."""
    (source,) = built.glob("unflux-*/")
    fresh = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(fresh)], check=True)
    (packages,) = fresh.glob("lib/python*/site-packages")
    # The folder itself, not its .pth files: those would lend our sources too.
    lent = sysconfig.get_path("purelib")
    (packages / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(fresh / "bin" / "python")]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    subprocess.run(
        [*pip, "install", "--quiet", *offline, "."],
        check=True,
        cwd=shutil.copytree(source, tmp_path / "source"),
        env=environment,
    )
    done = subprocess.run(
        [str(fresh / "bin" / "unflux"), "--version"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert PROJECT["project"]["version"] in done.stdout
    place = subprocess.run(
        [str(fresh / "bin" / "python"), "-P", "-c", "import unflux; print(unflux.__file__)"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert place.stdout.startswith(str(packages))


ONLY_LOCKED = """\
import importlib.metadata, sys

allowed = set(sys.argv.pop(1).split(","))
owners = importlib.metadata.packages_distributions()


class Refuse:
    def find_spec(self, name, path=None, target=None):
        of_name = {o.lower().replace("_", "-") for o in owners.get(name.partition(".")[0], ())}
        if of_name and not of_name & allowed:
            raise ModuleNotFoundError(f"{name} is not in requirements.lock", name=name)


sys.meta_path.insert(0, Refuse())
from unflux.cli.app import main

main()
"""


@pytest.mark.slow
def test_a_scan_needs_nothing_beyond_the_run_time_lock(tmp_path: Path) -> None:
    """The tests' environment holds more than a user's: refuse to import any of that."""
    records = tmp_path / "records.csv"
    records.write_text("ts,qname,rrtype,rdata,ttl\n1772323200,a.example,A,192.0.2.1,60\n")
    allowed = ",".join(["unflux", *(pin.name.lower() for pin in pins("requirements.lock"))])
    report = tmp_path / "report.html"
    done = subprocess.run(
        [sys.executable, "-c", ONLY_LOCKED, allowed,
         "scan", str(records), "--all", "--report", str(report)],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"domain":"a.example"' in done.stdout
    assert report.exists()
