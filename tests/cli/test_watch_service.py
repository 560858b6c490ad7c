"""The unit and the rotation of a watch, by systemd's and logrotate's own tools."""

import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from tests.act.outputs.programs import checked, find
from tests.cli.test_watch import folder, watching

__all__ = ["folder"]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
MOST_EXPOSED = "20"
"""Of 100, as systemd-analyze(1) counts."""


def test_systemd_takes_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    analyze = find("systemd-analyze")
    unit = tmp_path / "unflux-watch.service"
    text = (EXAMPLES / "unflux-watch.service").read_text()
    unit.write_text(text.replace("/usr/bin/unflux", "/bin/true"))
    said = checked(analyze, "verify", "--man=no", unit)
    assert said.strip() == ""
    checked(analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)


@pytest.mark.slow
def test_it_says_when_it_is_ready_lives_and_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taking:
        taking.bind(str(folder / "notify"))
        taking.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        with watching(folder) as watch:
            heard = {taking.recv(100) for _ in range(4)}
            assert heard == {b"READY=1", b"WATCHDOG=1"}
            assert watch.end(signal.SIGTERM) == 0
            taking.settimeout(5)
            while (told := taking.recv(100)) == b"WATCHDOG=1":
                pass
            assert told == b"STOPPING=1"


@pytest.mark.slow
def test_logrotate_rotates_the_events_of_a_watch_that_goes_on(folder: Path) -> None:
    logrotate = find("logrotate")
    with watching(folder) as watch:
        events = folder / "events.jsonl"
        events.write_text("before\n")
        text = (EXAMPLES / "unflux-watch.logrotate").read_text()
        owner = f"{events.owner()} {events.group()}"
        text = text.replace("/var/log/unflux/", f"{folder}/").replace("unflux unflux", owner)
        reload = "/bin/systemctl try-reload-or-restart unflux-watch.service"
        assert reload in text
        conf = folder / "logrotate.conf"
        conf.write_text(text.replace(reload, f"kill -HUP {watch.process.pid}"))
        conf.chmod(0o600)
        folder.chmod(0o700)
        checked(logrotate, "--force", "--state", folder / "state", conf)
        assert (folder / "events.jsonl.1").read_text() == "before\n"
        watch.until(lambda: events.samefile(_opened(watch.process.pid, events)))
        assert watch.end(signal.SIGTERM) == 0


def _opened(process: int, path: Path) -> Path:
    """Return what a process has open under a path; another file where that is none."""
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed
            if link.exists() and link.readlink() == path:
                return link
    return Path("/proc/self/exe")
