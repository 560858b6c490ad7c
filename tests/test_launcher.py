"""The two commands of a newcomer, ``./unflux`` and ``./check``, on machines that lack things.

Each test works in a small clone of its own: the real launcher and scripts, a program of four
lines, and a lock that pins one package from a folder of wheels written here. Nothing is fetched.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

TOOLS = ("sh", "cmp", "readlink", "dirname", "env", "id", "sleep")
"""All the launcher may expect of a machine beside Python."""

PROGRAM = """\
import sys, tinydep
print(tinydep.VERSION, sys.argv[1:], sys.stdin.read())
sys.exit(7 if "fail" in sys.argv else 0)
"""

HIDING = """\
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in {names!r} else found(name, *rest)
"""


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> str:
    """Write a wheel and return the requirement line that pins it by its hash."""
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = []
    for path, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record.append(f"{path},sha256={digest.decode()},{len(text.encode())}\n")
    record.append(f"{info}/RECORD,,\n")
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**contents, f"{info}/RECORD": "".join(record)}.items():
            archive.writestr(path, text)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def tinydep(folder: Path, version: str) -> str:
    """Write the one dependency of the program; it brings a command along, as many do."""
    return write_wheel(
        folder,
        "tinydep",
        version,
        {
            "tinydep.py": f"VERSION = {version!r}\ndef main() -> None:\n    print('tinytool')\n",
            f"tinydep-{version}.dist-info/entry_points.txt": "[console_scripts]\n"
            "tinytool = tinydep:main\n",
        },
    )


def write_script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@dataclass(kw_only=True)
class Machine:
    """A clone and the bare machine it lies on."""

    clone: Path
    wheels: Path
    commands: Path
    home: Path
    settings: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return {
            "PATH": str(self.commands),
            "HOME": str(self.home),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_NO_INDEX": "1",
            "UV_OFFLINE": "1",
            "UV_FIND_LINKS": str(self.wheels),
            **self.settings,
        }

    def run(
        self,
        *arguments: str,
        command: Path | None = None,
        cwd: Path | None = None,
        given: str = "",
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(command or self.clone / "unflux"), *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=given,
            cwd=cwd or self.home,
            env=self.environment(),
            timeout=120,
        )

    def lock(self, version: str) -> None:
        (self.clone / "requirements.lock").write_text(tinydep(self.wheels, version))

    def offer(self, name: str, target: str | Path) -> None:
        """Put a command on PATH."""
        write_script(self.commands / name, f'#!/bin/sh\nexec "{target}" "$@"\n')

    def withdraw(self, *names: str) -> None:
        """Take commands off PATH."""
        for name in names:
            (self.commands / name).unlink()

    def hide(self, *modules: str) -> None:
        """Make ``python3`` an interpreter that lacks these modules, as Debian's may."""
        thin = self.home.parent / "thin"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(thin)], check=True)
        (packages,) = thin.glob("lib/python*/site-packages")
        (packages / "sitecustomize.py").write_text(HIDING.format(names=set(modules)))
        self.offer("python3", thin / "bin" / "python")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with Python 3.11 or newer and uv, and a fresh clone in a path with spaces."""
    made = Machine(
        clone=tmp_path / "a fresh clone",
        wheels=tmp_path / "wheels",
        commands=tmp_path / "bin",
        home=tmp_path / "home",
    )
    for folder in (made.clone, made.wheels, made.commands, made.home):
        folder.mkdir()
    for name in TOOLS:
        (made.commands / name).symlink_to(str(shutil.which(name)))
    for name in ("unflux", "check"):
        shutil.copy(ROOT / name, made.clone / name)
    shutil.copytree(ROOT / "scripts", made.clone / "scripts")
    package = made.clone / "src" / "unflux"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM)
    made.lock("1.0")
    (made.clone / "requirements-uv.lock").write_text(
        write_wheel(
            made.wheels,
            "uv",
            "9.9",
            {"uv-9.9.data/scripts/uv": "#!/bin/sh\necho no index is configured\nexit 1\n"},
        )
    )
    made.offer("python3", sys.executable)
    uv = shutil.which("uv") or str(Path(sys.prefix) / "bin" / "uv")
    assert Path(uv).is_file(), "uv is in requirements-dev.lock"
    made.offer("uv", uv)
    return made


def setups(error: str) -> int:
    return error.count("setting up .venv from")


def files_of(folder: Path) -> dict[str, int]:
    return {
        str(path): path.lstat().st_mtime_ns
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts and path.is_file()
    }


def test_the_first_run_sets_up_and_then_runs_what_was_asked(machine: Machine) -> None:
    done = machine.run("scan", "a b", "-", given="piped")
    assert (done.returncode, done.stdout) == (0, "1.0 ['scan', 'a b', '-'] piped\n")
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    assert all(line.startswith("unflux: ") for line in lines)
    leftovers = {path.name for path in machine.clone.glob(".venv*")}
    assert leftovers == {".venv", ".venv.lock"}


def test_a_later_run_needs_and_touches_nothing(machine: Machine) -> None:
    machine.run()
    before = files_of(machine.clone / ".venv")
    shutil.rmtree(machine.clone / "scripts")
    machine.withdraw("python3", "uv")
    done = machine.run("fail")
    assert (done.returncode, done.stdout, done.stderr) == (7, "1.0 ['fail'] \n", "")
    assert files_of(machine.clone / ".venv") == before


def test_it_runs_through_links_from_anywhere(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(machine.clone / "unflux")
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "unflux").symlink_to("../link")
    done = machine.run(command=tmp_path / "away" / "unflux")
    assert done.stdout == "1.0 [] \n", done.stderr
    assert (machine.clone / ".venv").is_dir()
    by_name = machine.run("unflux", command=machine.commands / "sh", cwd=machine.clone)
    assert (by_name.stdout, by_name.stderr) == ("1.0 [] \n", "")


def test_files_in_the_current_folder_are_not_imported(machine: Machine, tmp_path: Path) -> None:
    hostile = tmp_path / "captures"
    (hostile / "unflux").mkdir(parents=True)
    (hostile / "unflux" / "__main__.py").write_text("print('not ours')\n")
    (hostile / "tinydep.py").write_text("VERSION = 'not ours'\n")
    for _ in range(2):
        assert machine.run(cwd=hostile).stdout == "1.0 [] \n"


def test_a_changed_lock_is_followed(machine: Machine) -> None:
    machine.run()
    machine.lock("2.0")
    done = machine.run()
    assert (done.stdout, setups(done.stderr)) == ("2.0 [] \n", 1)
    assert machine.run().stderr == ""


def test_a_lock_that_was_added_is_kept_when_another_changes(machine: Machine) -> None:
    machine.run()
    (machine.clone / "requirements-dev.lock").write_text(
        write_wheel(machine.wheels, "devtool", "1.0", {"devtool.py": ""})
    )
    environment = machine.clone / "scripts" / "environment.py"
    names = ["requirements.lock", "requirements-dev.lock"]
    added = machine.run("-P", str(environment), *names, command=Path(sys.executable))
    assert (added.returncode, setups(added.stderr)) == (0, 0), added.stderr
    assert "adding requirements-dev.lock" in added.stderr
    machine.lock("2.0")
    assert machine.run().stdout == "2.0 [] \n"
    python = machine.clone / ".venv" / "bin" / "python"
    assert machine.run("-c", "import devtool", command=python).returncode == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda clone: (clone / ".venv" / "bin" / "python").unlink(),
        lambda clone: shutil.rmtree(clone / ".venv" / "locks"),
        lambda clone: shutil.rmtree(clone / ".venv"),
        lambda clone: (clone / ".venv").rename(clone / ".venv.new"),
        lambda clone: (clone / ".venv").rename(clone / ".venv.old"),
    ],
    ids=[
        "no python",
        "no stamp",
        "no folder",
        "interrupted build",
        "interrupted rename",
    ],
)
def test_a_broken_environment_is_repaired(machine: Machine, damage: object) -> None:
    machine.run()
    assert callable(damage)
    damage(machine.clone)
    done = machine.run()
    assert (done.stdout, setups(done.stderr)) == ("1.0 [] \n", 1), done.stderr
    assert machine.run().stderr == ""


def test_a_moved_clone_keeps_working(machine: Machine, tmp_path: Path) -> None:
    machine.run()
    machine.clone = machine.clone.rename(tmp_path / "elsewhere")
    assert (machine.run().stdout, machine.run().stderr) == ("1.0 [] \n", "")


def test_another_system_python_is_noticed(machine: Machine) -> None:
    """The environment hangs on ``python3.11`` and dangles when that goes; never on ``python3``."""
    machine.run()
    links = [path.readlink() for path in (machine.clone / ".venv" / "bin").glob("python*")]
    outside = [link for link in links if link.is_absolute()]
    assert outside
    assert all(link == link.resolve() for link in outside)


def test_commands_of_the_environment_know_their_final_place(machine: Machine) -> None:
    machine.run()
    done = machine.run(command=machine.clone / ".venv" / "bin" / "tinytool")
    assert done.stdout == "tinytool\n", done.stderr


def test_two_first_runs_at_once_set_up_once(machine: Machine) -> None:
    both = [
        subprocess.Popen(
            [str(machine.clone / "unflux"), str(number)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=machine.environment(),
        )
        for number in range(2)
    ]
    outputs = [run.communicate(timeout=120) for run in both]
    assert [output for output, _ in outputs] == ["1.0 ['0'] \n", "1.0 ['1'] \n"]
    assert sum(setups(error) for _, error in outputs) == 1


@pytest.mark.slow
def test_a_package_with_another_hash_is_refused_and_the_reason_shown(machine: Machine) -> None:
    lock = machine.clone / "requirements.lock"
    good = lock.read_text()
    lock.write_text(good[:-5] + "0000\n")
    done = machine.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert "hash" in done.stderr.lower()
    assert "could not install requirements.lock" in done.stderr.splitlines()[-1]
    assert {path.name for path in machine.clone.glob(".venv*")} == {".venv.lock"}
    lock.write_text(good)
    assert machine.run().returncode == 0


def test_a_folder_that_cannot_be_written_is_one_line(machine: Machine) -> None:
    (machine.clone / ".venv.lock").mkdir()
    done = machine.run()
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("unflux: cannot set up")


def old_python(machine: Machine) -> None:
    write_script(machine.commands / "python3", '#!/bin/sh\n[ "$1" = -I ] && exit 1\necho 3.9\n')


def test_a_python_that_is_too_old_is_one_line(machine: Machine) -> None:
    old_python(machine)
    done = machine.run()
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "needs Python 3.11 or newer" in line
    assert "python3 is Python 3.9" in line


def test_a_newer_python_beside_an_old_one_is_found(machine: Machine) -> None:
    old_python(machine)
    machine.offer("python3.12", sys.executable)
    assert machine.run().stdout == "1.0 [] \n"


def test_a_python_can_be_named(machine: Machine) -> None:
    machine.withdraw("python3")
    machine.settings["UNFLUX_PYTHON"] = sys.executable
    assert machine.run().stdout == "1.0 [] \n"


def test_no_python_at_all_is_one_line(machine: Machine) -> None:
    machine.withdraw("python3")
    done = machine.run()
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "there is no Python" in line


def test_without_venv_uv_makes_the_environment(machine: Machine) -> None:
    machine.hide("venv", "ensurepip", "pip")
    assert machine.run().stdout == "1.0 [] \n"


@pytest.mark.parametrize("missing", [("venv", "ensurepip", "pip", "virtualenv"), ("ensurepip",)])
def test_with_no_way_left_one_line_says_what_to_install(
    machine: Machine, missing: Sequence[str]
) -> None:
    machine.hide(*missing, "pip", "virtualenv")
    machine.withdraw("uv")
    write_script(machine.commands / "apt-get", "#!/bin/sh\n")
    done = machine.run()
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert line.endswith(f"apt-get install python{version}-venv")


@pytest.mark.slow
@pytest.mark.parametrize("lacks", [(), ("ensurepip",)], ids=["ensurepip", "pip of the machine"])
def test_pip_goes_on_where_uv_cannot(machine: Machine, lacks: Sequence[str]) -> None:
    """The uv that pip brings finds no index (it reads no pip.conf); pip itself has one."""
    if lacks:
        machine.hide(*lacks)
        (packages,) = (machine.home.parent / "thin").glob("lib/python*/site-packages")
        outer = Path(pytest.importorskip("pip").__file__).parent
        (packages / "pip").symlink_to(outer)
    machine.withdraw("uv")
    done = machine.run()
    assert done.stdout == "1.0 [] \n", done.stderr
    assert (machine.clone / ".venv" / "bin" / "uv").is_file()
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.slow
def test_the_real_lock_installs_on_a_fresh_home(machine: Machine, tmp_path: Path) -> None:
    """The real requirements, from the cache that setting up this environment has filled."""
    uv = str(Path(sys.prefix) / "bin" / "uv")
    asked = subprocess.run([uv, "cache", "dir"], check=False, capture_output=True, text=True)
    cache = asked.stdout.strip()
    for name in ("requirements.lock", "requirements-uv.lock"):
        shutil.copy(ROOT / name, machine.clone / name)
    (machine.clone / "src" / "unflux" / "__main__.py").write_text(
        "import ibis, scipy, sys\nibis.duckdb.connect()\nprint(sys.prefix)\n"
    )
    machine.settings = {"UV_CACHE_DIR": cache, "UV_NO_INDEX": "0"}
    machine.home = tmp_path / "fresh"
    machine.home.mkdir()
    done = machine.run()
    if done.returncode and "cache" in done.stderr:
        pytest.skip(f"uv's cache does not hold the locked packages: {cache}")
    assert done.stdout == f"{machine.clone / '.venv'}\n", done.stderr


STEPS = ["ruff format", "ruff check", "mypy", "lint-imports", "pytest"]


def stub_tools(machine: Machine) -> None:
    """Replace the environment by tools that only say their name, or fail where told."""
    (machine.clone / "scripts" / "environment.py").write_text("")
    tool = '#!/bin/sh\ncase "$*" in *"$FAILING"*) exit 1 ;; esac\necho "ran {0}$*"\n'
    write_script(machine.clone / ".venv" / "bin" / "python", tool.format(""))
    write_script(
        machine.clone / ".venv" / "bin" / "lint-imports",
        tool.format("lint-imports ").replace('"$*"', '"lint-imports"'),
    )


def test_check_runs_every_step_in_order_and_ends_on_pytest(machine: Machine) -> None:
    stub_tools(machine)
    machine.settings["FAILING"] = "nothing"
    done = machine.run("fast", command=machine.clone / "check")
    assert (done.returncode, done.stderr) == (0, "")
    ran = [line for line in done.stdout.splitlines() if line.startswith("ran ")]
    assert all(step in line for step, line in zip(STEPS, ran, strict=True)), ran
    assert done.stdout.splitlines()[-1] == ran[-1]
    assert ran[-1].endswith("-m not slow")


@pytest.mark.parametrize("failing", STEPS)
def test_check_stops_at_the_first_failure(machine: Machine, failing: str) -> None:
    stub_tools(machine)
    machine.settings["FAILING"] = failing
    done = machine.run("fast", command=machine.clone / "check")
    assert done.returncode == 1
    assert sum(line.startswith("ran ") for line in done.stdout.splitlines()) == STEPS.index(failing)
    last = done.stdout.splitlines()[-1]
    assert "check: " in last
    assert failing in last


def test_check_names_the_programs_that_are_missing(machine: Machine) -> None:
    stub_tools(machine)
    machine.settings["FAILING"] = "nothing"
    machine.withdraw("id")
    write_script(machine.commands / "id", "#!/bin/sh\necho 1000\n")
    done = machine.run(command=machine.clone / "check")
    assert done.returncode == 0
    missing = next(line for line in done.stdout.splitlines() if "not installed" in line)
    assert "not installed: chromium java" in missing
    assert "apt-get install chromium default-jre-headless" in missing


def test_check_refuses_an_unknown_argument(machine: Machine) -> None:
    done = machine.run("slow", command=machine.clone / "check")
    assert (done.returncode, done.stderr) == (2, "usage: ./check [fast]\n")
