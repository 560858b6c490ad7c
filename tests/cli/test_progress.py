import io

import pytest
from rich.console import Console

from unflux.cli import progress


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
