import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.sample_records import write_records, write_routes

from unflux.cli.app import main


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process, as the shell would see it."""

    def run_unflux(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["unflux", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capfd.readouterr()
        code = exit_.value.code
        return Ran(status=code if isinstance(code, int) else 0, out=out, err=err)

    return run_unflux


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return write_records(tmp_path / "records.csv")


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    return write_routes(tmp_path / "routes.csv")
