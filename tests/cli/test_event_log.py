"""The log of a command that runs on, where it cannot be written."""

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from unflux.cli.event_log import tell_lines


def test_a_log_without_room_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115  closing it fails, too
    monkeypatch.setattr(sys, "stderr", full)
    tell_lines(as_json=False)("status", senders=1)
    with pytest.raises(OSError, match="No space left"):
        full.flush()
    with suppress(OSError):
        full.close()
