import io
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.conftest import Run

from unflux.cli import progress
from unflux.pipeline import gathering
from unflux.read.kernel.native import Say


def test_nothing_is_drawn_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    with progress.shown_progress() as advance:
        assert advance is None
    assert capfd.readouterr() == ("", "")


def test_a_terminal_sees_reading_and_then_judging(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80, _environ={})
    monkeypatch.setattr(progress, "Console", lambda **_: terminal)
    with progress.shown_progress() as advance:
        assert advance is not None
        advance(10, 100)
        terminal.print("kept")
        advance(100, 100)
        terminal.print("kept")
    drawn = screen.getvalue()
    assert drawn.index("reading") < drawn.index("judging")


@pytest.mark.slow
def test_compiling_the_reader_is_said(
    run: Run, records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_kernel(say: Say) -> None:
        say("compiling the reader for this machine, once")

    monkeypatch.setattr(gathering, "load_kernel", load_kernel)
    ran = run("scan", records, "--format", "json")
    assert ran.err.startswith("unflux: compiling the reader for this machine, once\n")
    assert "compiling" not in ran.out
    ran = run("explain", "nothing.example", records)
    assert ran.err.startswith("unflux: compiling")


def test_nothing_is_compiled_for_wrong_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "load_kernel", lambda say: pytest.fail("compiled"))
    assert run("scan").status == 2


def test_a_line_cannot_steer_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    progress.say("stopped: \x1b[2J\nunflux: all is well")
    assert capfd.readouterr().err == "unflux: stopped: \\x1b[2J\\x0aunflux: all is well\n"
