import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_command_reference_is_what_the_commands_say(tmp_path: Path) -> None:
    written = tmp_path / "commands.md"
    subprocess.run(
        [sys.executable, "-m", "typer", "unflux.cli.app", "utils", "docs",
         "--name", "unflux", "--output", written],
        check=True, capture_output=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert (ROOT / "docs" / "commands.md").read_text() == written.read_text()
