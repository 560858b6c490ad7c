import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from unflux import __version__


def test_version_is_printed(run: Run) -> None:
    ran = run("--version")
    assert (ran.status, ran.out.strip()) == (0, f"unflux {__version__}")


def test_help_names_every_command_and_the_exit_status(run: Run) -> None:
    ran = run("--help")
    assert ran.status == 0
    for word in ("scan", "explain", "demo", "lab", "Exit status"):
        assert word in ran.out


def test_every_option_of_every_command_is_explained(run: Run) -> None:
    for command in (("scan",), ("explain",), ("demo",), ("serve",), ("lab", "generate")):
        text = run(*command, "--help").out
        options = text[text.index("Options:") :].split("\n  -")
        for option in options[1:]:
            words = " ".join(option.split())
            assert len(words.split("  ")[-1]) > 20, option


def test_unknown_command_and_option_are_wrong_usage(run: Run) -> None:
    assert run("resolve").status == 2
    assert run("scan", "--no-such-option").status == 2


def test_no_arguments_show_the_help(run: Run) -> None:
    ran = run()
    assert "Usage" in ran.out + ran.err


@pytest.mark.parametrize(
    "arguments", [("--version",), ("track", "flux.example", "--store", "nowhere")]
)
def test_a_full_disk_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    command = (sys.executable, "-c", "from unflux.cli.app import main; main()", *arguments)
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == "unflux: [Errno 28] No space left on device"
    assert "Traceback" not in ran.stderr
    assert "Exception" not in ran.stderr


def test_an_error_cannot_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    ran = run("scan", tmp_path, "--asn", tmp_path / "a\x1b]0;pwned\x07\x1b[2J.mmdb")
    assert ran.status == 1
    assert r"a\x1b]0;pwned\x07\x1b[2J.mmdb" in ran.err
    assert all(line.isprintable() for line in ran.err.splitlines())
