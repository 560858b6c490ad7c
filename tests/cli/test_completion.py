import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "expected"),
    [("unflux sc", "scan"), ("unflux scan --fo", "--format"), ("unflux scan --format js", "json")],
)
def test_the_shell_completes_commands_options_and_values(words: str, expected: str) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "_UNFLUX_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "unflux"], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert expected in done.stdout.split()
