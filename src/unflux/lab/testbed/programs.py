"""The programs a testbed is made of: found before anything is made, run with bounded patience."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from unflux.model.errors import UnfluxError

PACKAGES: Final[Mapping[str, str]] = {
    "ip": "iproute2",
    "ethtool": "ethtool",
    "setsid": "util-linux",
    "named": "bind9",
    "nginx": "nginx and libnginx-mod-stream",
    "haproxy": "haproxy",
    "openssl": "openssl",
}
"""What ``up`` needs, and the Debian package that has it."""
CAPTURE_PACKAGES: Final[Mapping[str, str]] = {
    "ip": "iproute2",
    "timeout": "coreutils",
    "setpriv": "util-linux",
    "rndc": "bind9-utils",
    "tcpdump": "tcpdump",
    "softflowd": "softflowd",
    "nfcapd": "nfdump",
    "nfdump": "nfdump",
}
"""What ``capture`` needs."""
SYSTEM_FOLDERS: Final = ("/usr/local/sbin", "/usr/sbin", "/sbin")
PATIENCE_S: Final = 30.0
KEPT_CHARACTERS: Final = 600
"""Of what a failing program says, its last."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Paths of programs by their names."""

    paths: Mapping[str, str]

    def run(
        self,
        command: str,
        *arguments: str | Path,
        given: str | None = None,
        folder: Path | None = None,
    ) -> str:
        """Run a program to its end and return what it wrote; raises UnfluxError if it fails."""
        done = self._finish(
            command, arguments, None, input=given,
            stdin=subprocess.DEVNULL if given is None else None, stderr=subprocess.STDOUT,
            cwd=folder, timeout=PATIENCE_S,
        )  # fmt: skip
        return done.stdout

    def write(
        self, path: Path, command: str, *arguments: str | Path, patience_s: float = PATIENCE_S
    ) -> None:
        """Run a program to its end and have what it writes in a file; raises UnfluxError as run."""
        self._finish(
            command, arguments, path, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=patience_s,
        )  # fmt: skip

    def _finish(
        self, command: str, arguments: Sequence[str | Path], path: Path | None, **how: Any
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end; ``path``: where what it writes goes, null: into the result."""
        words = [self.paths[command], *map(str, arguments)]
        try:
            with nullcontext(subprocess.PIPE) if path is None else path.open("wb") as sink:
                done = subprocess.run(  # noqa: S603  found by name, words are ours
                    words, stdout=sink, text=True, errors="replace", check=False,
                    env=utc_environment(), **how,
                )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"{command} could not be run to its end: {error}"
            raise UnfluxError(message) from error
        if done.returncode:
            said = (done.stdout if done.stderr is None else done.stderr).strip()
            message = f"{command} failed: {said[-KEPT_CHARACTERS:]}"
            raise UnfluxError(message)
        return done

    def bound_to_this(self, signal_name: str) -> tuple[str, ...]:
        """Return the words before a command that gets a signal when this process ends.

        Where it ended before that was arranged, the command is not begun.
        """
        return (
            self.paths["setpriv"], "--pdeathsig", signal_name,
            "/bin/sh", "-c", 'test "$PPID" = "$0" && exec "$@"', str(os.getpid()),
        )  # fmt: skip


def utc_environment() -> dict[str, str]:
    """Return this process's environment, with UTC for the moments that a program writes."""
    return {**os.environ, "TZ": "UTC"}


def last_words(log: Path) -> str:
    """Return the end of what a program wrote into its log."""
    return log.read_text(encoding="utf-8", errors="replace").strip()[-KEPT_CHARACTERS:]


def find_programs(packages: Mapping[str, str]) -> Programs:
    """Find all of the programs; raises UnfluxError that names those missing and their packages."""
    folders = os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS))
    found = {command: shutil.which(command, path=folders) for command in packages}
    missing = sorted({packages[command] for command, path in found.items() if path is None})
    if missing:
        message = f"not installed: {', '.join(missing)}"
        raise UnfluxError(message)
    return Programs({command: path for command, path in found.items() if path is not None})
