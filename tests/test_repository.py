"""Rules that hold for the whole repository, whoever wrote the file."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from functools import cache
from pathlib import Path

import typer

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "unflux"

NOT_OURS = {".git", "__pycache__", "dist", "build"}

# Written in pieces, so that this file passes its own test.
MACHINE_PATHS = re.compile(r"(?<![\w.<-])/(?:" + "work|root|home" + r")/\w")
DOWNLOAD_HOSTS = re.compile(
    r"\b(?:"
    + "|".join(
        (
            r"py" + r"pi\.org",
            r"python" + r"hosted\.org",
            r"np" + r"mjs\.(?:org|com)",
            r"deb" + r"\.debian\.org",
            r"security" + r"\.debian\.org",
            r"archive" + r"\.ubuntu\.com",
            r"un" + r"pkg\.com",
            r"js" + r"delivr\.net",
            r"cd" + r"njs\.cloudflare\.com",
            r"maven" + r"\.org",
            r"crates" + r"\.io",
            r"ana" + r"conda\.org",
            r"astral" + r"\.sh",
        )
    )
    + r")\b",
    re.IGNORECASE,
)
HOMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "base"}


@cache
def project_files() -> tuple[Path, ...]:
    """Return every file that belongs to the project: known to git, or new and not ignored."""
    asked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=False,
        capture_output=True,
        text=True,
    )
    if asked.returncode == 0 and (ROOT / ".git").exists():
        files = [ROOT / name for name in asked.stdout.split("\0") if name]
    else:  # an unpacked archive
        files = []
        for folder, below, names in os.walk(ROOT):
            below[:] = [
                name
                for name in below
                if name not in NOT_OURS and not name.startswith(".venv") and "cache" not in name
            ]
            files += [Path(folder) / name for name in names]
    return tuple(sorted(path for path in files if path.is_file() and not path.is_symlink()))


def texts() -> list[tuple[str, str]]:
    """Return name and content of every project file that is text."""
    found = []
    for path in project_files():
        content = path.read_bytes()
        if b"\0" not in content:
            found.append((path.relative_to(ROOT).as_posix(), content.decode(errors="replace")))
    return found


def python_files() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".py"]


def code(folder: Path) -> list[Path]:
    """Return the modules of a folder that hold more than a docstring and names."""
    return [path for path in folder.glob("*.py") if path.name not in ("__init__.py", "__main__.py")]


def test_the_project_is_seen() -> None:
    names = {name for name, _ in texts()}
    assert {"pyproject.toml", "unflux", "check", "src/unflux/__init__.py"} <= names
    assert not any(name.startswith(".venv") for name in names)


def test_no_file_names_a_path_of_one_machine() -> None:
    assert MACHINE_PATHS.search("see /" + "work/main")
    found = [
        f"{name}: {match.group()}"
        for name, text in texts()
        for match in MACHINE_PATHS.finditer(text)
    ]
    assert found == []


def test_no_file_names_a_download_host() -> None:
    """Indexes and mirrors are the machine's own configuration, in locks above all."""
    assert DOWNLOAD_HOSTS.search("https://files.python" + "hosted.org/x")
    found = [
        f"{name}: {match.group()}"
        for name, text in texts()
        for match in DOWNLOAD_HOSTS.finditer(text)
    ]
    assert found == []


def test_no_lock_names_any_host() -> None:
    locks = [(name, text) for name, text in texts() if name.endswith(".lock")]
    assert locks
    for name, text in locks:
        assert "://" not in text, name
        assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links)", text, re.M)


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files()
        if not path.is_relative_to(ROOT / "tests")  # their names are their sentences
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_no_module_is_without_a_noun() -> None:
    assert [
        path for path in project_files() if path.stem in HOMELESS and path.suffix == ".py"
    ] == []
    folders = {parent.name for path in python_files() for parent in path.parents}
    assert folders & HOMELESS == set()


def test_every_folder_with_code_has_tests_beside_it() -> None:
    missing = []
    for folder in {path.parent for path in python_files() if path.is_relative_to(SOURCE)}:
        twin = ROOT / "tests" / folder.relative_to(SOURCE)
        if code(folder) and not list(twin.glob("test_*.py")):
            missing.append(str(twin.relative_to(ROOT)))
    assert sorted(missing) == []


def is_name_or_tuple(node: ast.stmt) -> bool:
    """Say whether a statement is a docstring, a re-export or a constant such as a tuple."""
    if isinstance(node, ast.ImportFrom | ast.Import):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.value, ast.Tuple | ast.Constant)
    return isinstance(node, ast.Assign) and isinstance(
        node.value, ast.Tuple | ast.Constant | ast.List
    )


def test_package_files_hold_names_not_code() -> None:
    busy = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files()
        if path.name == "__init__.py"
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if not is_name_or_tuple(node)
    ]
    assert busy == []


def test_every_command_is_documented() -> None:
    from unflux.cli.app import app

    commands = getattr(typer.main.get_command(app), "commands", {})
    assert commands
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    undocumented = [
        name
        for name, command in commands.items()
        if not command.hidden
        and not re.search(rf"^#+ .*\bunflux {re.escape(name)}\b", text, re.MULTILINE)
    ]
    assert undocumented == []


def test_the_two_commands_can_be_run() -> None:
    for name in ("unflux", "check", ".ci/run", "scripts/lock", "scripts/find_python"):
        assert os.access(ROOT / name, os.X_OK), name
