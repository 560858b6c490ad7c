"""Make ``.venv`` beside the launcher from hashed requirements files, and keep it true to them.

    python3 -P scripts/environment.py requirements.lock [requirements-dev.lock ...]

Only the standard library is at hand here. A new environment is built in ``.venv.new`` and
renamed when it is whole, so an interrupted run leaves nothing that the next one would trust.
``.venv/locks`` holds a copy of every file that was installed: that is the stamp.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
BUILDING = ROOT / ".venv.new"
REPLACED = ROOT / ".venv.old"
LOCK = ROOT / ".venv.lock"

UV_REQUIREMENTS = ROOT / "requirements-uv.lock"
"""Pins uv itself, for machines that have none."""

SOURCE_BUILT = {"requirements-spark.lock": "pyspark", "requirements-judges.lock": "cpe"}
"""What is published as sources only. It is built with the setuptools of requirements-dev.lock,
because build isolation would fetch one without a hash."""


class SetupError(Exception):
    """The environment cannot be made; the text is the one line the user needs."""


class StepError(Exception):
    """One way of doing a step failed; the text is what the tool printed."""


def main(names: list[str]) -> int:
    """Bring ``.venv`` in line with the named requirements files; return the exit code."""
    try:
        with one_run_at_a_time():
            bring_in_line(names)
    except SetupError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"cannot set up {ENVIRONMENT}: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next run starts the setup again")
        return 130
    return 0


def bring_in_line(names: list[str]) -> None:
    """Do nothing, add requirements files to a sound environment, or build it anew."""
    stamped = stamped_names()
    wanted = names + [name for name in stamped if name not in names]
    if ENVIRONMENT.is_dir() and is_sound(stamped) and "requirements.lock" in stamped:
        for name in wanted:
            if name not in stamped:
                say(f"adding {name} to .venv")
                install(ENVIRONMENT, name)
        return
    ways = ways_to_create(BUILDING)
    if not ways:
        raise SetupError(what_to_install())
    say(f"setting up .venv from {' and '.join(wanted)} (about a minute, only this once)")
    remove(REPLACED)
    try:
        create(BUILDING, ways)
        for name in wanted:
            install(BUILDING, name)
        settle()
    finally:
        remove(BUILDING)
    say("ready")


def stamped_names() -> list[str]:
    """Return the requirements files that ``.venv`` was made from and that still exist."""
    stamps = sorted((ENVIRONMENT / "locks").glob("*.lock"), key=lambda stamp: len(stamp.name))
    return [stamp.name for stamp in stamps if (ROOT / stamp.name).is_file()]


def is_sound(stamped: list[str]) -> bool:
    """Say whether the environment's Python starts and every stamp equals its file."""
    if not runs([str(ENVIRONMENT / "bin" / "python"), "-I", "-c", "import unflux"]):
        return False
    return all(
        (ENVIRONMENT / "locks" / name).read_bytes() == (ROOT / name).read_bytes()
        for name in stamped
    )


def ways_to_create(environment: Path) -> list[list[str]]:
    """Return the commands that can make an empty environment here, best first.

    ``venv`` alone needs no pip (Debian ships it so), but something must install afterwards.
    The interpreter is named by its real path (``python3.11``, not ``python3``): when the system
    moves to another version, ``.venv/bin/python`` dangles and the next run builds anew.
    """
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    uv = shutil.which("uv")
    ways = []
    if find_spec("venv") and (uv or find_spec("ensurepip") or find_spec("pip")):
        ways.append([interpreter, "-I", "-m", "venv", "--without-pip", str(environment)])
    if uv:
        ways.append([uv, "venv", "--quiet", "--python", interpreter, str(environment)])
    if find_spec("virtualenv"):
        ways.append([sys.executable, "-m", "virtualenv", "--quiet", str(environment)])
    return ways


def create(environment: Path, ways: list[list[str]]) -> None:
    """Make an empty environment whose Python finds our own sources, or raise SetupError."""
    said = []
    for way in ways:
        remove(environment)
        try:
            run(way)
        except StepError as error:
            said.append(str(error))
            continue
        # A path relative to its own place, so that a moved clone keeps working.
        (packages,) = environment.glob("lib/python*/site-packages")
        sources = os.path.relpath(ROOT / "src", packages)
        (packages / "unflux_sources.pth").write_text(f"{sources}\n", encoding="utf-8")
        return
    show(said)
    raise SetupError("could not make .venv; the lines above say why")


def install(environment: Path, name: str) -> None:
    """Install one requirements file, by uv or else by pip, and stamp it; raise SetupError.

    uv is faster and reads the environment's settings, but not pip's configuration files: on a
    machine that names its index only there, uv fails and pip goes on.
    """
    python = str(environment / "bin" / "python")
    arguments = ["--require-hashes", "--no-deps", "--only-binary", ":all:"]
    if built := SOURCE_BUILT.get(name):
        arguments += ["--no-binary", built, "--no-build-isolation"]
    arguments += ["-r", str(ROOT / name)]
    said = []
    for installer in installers(environment):
        target = ["--python", python] if Path(installer[0]).name == "uv" else []
        try:
            run([*installer, "install", "--quiet", *target, *arguments])
        except StepError as error:
            said.append(str(error))
            continue
        (environment / "locks").mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, environment / "locks" / name)
        return
    if not said:
        raise SetupError(what_to_install())
    show(said)
    raise SetupError(f"could not install {name}; the lines above say why")


def installers(environment: Path) -> Iterator[list[str]]:
    """Yield the commands that can install into the environment, best first.

    uv from PATH, uv brought into the environment by pip, pip itself.
    """
    if uv := shutil.which("uv"):
        yield [uv, "pip"]
    pip = pip_for(environment)
    own_uv = environment / "bin" / "uv"
    if not own_uv.exists() and pip and not shutil.which("uv"):
        quietly = ["install", "--quiet", "--require-hashes", "--only-binary", ":all:"]
        runs([*pip, *quietly, "-r", str(UV_REQUIREMENTS)])
    if own_uv.exists():
        yield [str(own_uv), "pip"]
    if pip:
        yield pip


def pip_for(environment: Path) -> list[str] | None:
    """Return the pip command for the environment: its own, or the machine's aimed at it."""
    python = str(environment / "bin" / "python")
    own = [python, "-I", "-m", "pip"]
    if runs([*own, "--version"]):
        return own
    if find_spec("ensurepip") and runs([python, "-I", "-m", "ensurepip"]):
        return own
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", python]
    return None


def settle() -> None:
    """Put the new environment in its place, and give its scripts their final path."""
    was, becomes = os.fsencode(BUILDING), os.fsencode(ENVIRONMENT)
    for script in [BUILDING / "pyvenv.cfg", *(BUILDING / "bin").iterdir()]:
        if script.is_symlink() or not script.is_file():
            continue
        text = script.read_bytes()
        if was in text and b"\0" not in text:
            script.write_bytes(text.replace(was, becomes))
    if ENVIRONMENT.exists() or ENVIRONMENT.is_symlink():
        ENVIRONMENT.rename(REPLACED)
    BUILDING.rename(ENVIRONMENT)
    remove(REPLACED)


def what_to_install() -> str:
    """Return the one line that gets a user on whose Python can make no environment."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for tool, packages in (
        ("apt-get", f"python{version}-venv"),
        ("dnf", "python3-pip"),
        ("zypper", f"python{sys.version_info.major}{sys.version_info.minor}-pip"),
    ):
        if shutil.which(tool):
            return f"{sys.executable} has neither venv with pip nor uv: {tool} install {packages}"
    return f"{sys.executable} has neither venv with pip nor uv: install pip or uv for it"


@contextmanager
def one_run_at_a_time() -> Iterator[None]:
    """Wait until no other run sets up this clone; the kernel drops the lock of a killed one."""
    with LOCK.open("a", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is setting up .venv; waiting for it")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def run(command: list[str]) -> None:
    """Run a command without input; raise StepError with what it printed if it fails."""
    # A user's "install into my home" setting cannot hold inside an environment.
    settings = {**os.environ, "PIP_USER": "0", "PIP_NO_INPUT": "1"}
    settings.pop("UV_SYSTEM_PYTHON", None)
    try:
        done = subprocess.run(  # noqa: S603  (every command is spelled out in this file)
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=settings,
            cwd=ROOT,
        )
    except OSError as error:
        raise StepError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        raise StepError(done.stdout.decode(errors="replace").strip() or f"{command[0]} failed")


def runs(command: list[str]) -> bool:
    """Say whether the command succeeds."""
    try:
        run(command)
    except StepError:
        return False
    return True


def remove(path: Path) -> None:
    """Remove a folder, or a link to one, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def show(outputs: list[str]) -> None:
    """Print what the tools that failed had to say."""
    for output in outputs:
        print(output, file=sys.stderr)


def say(text: str) -> None:
    """Print one line of our own; standard output belongs to the command that follows."""
    print(f"unflux: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
