"""A collector of IPFIX on the loopback of a namespace: nfcapd."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from unflux.lab.testbed.programs import Programs, last_words, utc_environment
from unflux.model.errors import UnfluxError

PORT: Final = 2055
PATIENCE_S: Final = 20.0
ROTATION_S: Final = 86_400
"""nfcapd begins another file at each multiple of it, so at midnight (UTC)."""
MOST_WAITING_OCTETS: Final = 32_768
"""What may wait at the collector, by the kernel's count. Chosen: 2026-11-28; a seventh of what a
socket holds by default."""
_POLL_S: Final = 0.02


class Collector:
    """One that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._process, self._folder = process, folder
        self._log = folder / "collector.log"

    def wait_until_listening(self) -> None:
        """Wait for its socket; raises UnfluxError where there is none."""
        self._wait(None)

    def wait_for_room(self) -> None:
        """Wait until it takes more without losing it."""
        self._wait(MOST_WAITING_OCTETS)

    def end(self) -> int:
        """Return how many flows it got, when it has taken all that waits and has ended.

        Raises UnfluxError where it does not say so.
        """
        self._wait(0)
        self.stop()
        said = self._log.read_text(encoding="utf-8", errors="replace")
        told = re.findall(r"Ident: .* Flows: (\d+),", said)
        if not told:
            message = f"nfcapd does not say what it collected: {last_words(self._log)}"
            raise UnfluxError(message)
        # Once for each file.
        return sum(map(int, told))

    def stop(self) -> None:
        """End it as it is."""
        self._process.terminate()
        self._process.wait()

    def bring_together(self, programs: Programs, path: Path) -> None:
        """Have all that it wrote in one file."""
        wrote = re.compile(r"nfcapd\.\d+")
        files = sorted(file for file in self._folder.iterdir() if wrote.fullmatch(file.name))
        if not files:
            message = f"nfcapd left no file for {path}"
            raise UnfluxError(message)
        if len(files) == 1:
            files[0].replace(path)
            return
        span = f"./{files[0].name}:{files[-1].name}"
        programs.run("nfdump", "-R", span, "-w", path.absolute(), folder=self._folder)

    def _wait(self, most_octets: int | None) -> None:
        """Wait until no more than so much waits for it; null: until it listens."""
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            waiting = _waiting_octets(self._process.pid)
            if waiting is not None and (most_octets is None or waiting <= most_octets):
                return
            if self._process.poll() is not None:
                break
            time.sleep(_POLL_S)
        message = f"nfcapd does not collect: {last_words(self._log)}"
        raise UnfluxError(message)


@contextmanager
def collecting(
    programs: Programs, namespace: str, folder: Path, *, most_s: float
) -> Iterator[Collector]:
    """Collect what comes to the loopback of a namespace into a folder while the block runs.

    One that nobody ends does so itself after ``most_s``, or with this process.
    """
    with (folder / "collector.log").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603  words are ours
            [
                *programs.bound_to_this("TERM"), programs.paths["ip"], "netns", "exec", namespace,
                programs.paths["timeout"], str(most_s), programs.paths["nfcapd"], "-l", folder,
                "-b", "127.0.0.1", "-p", str(PORT), "-t", str(ROTATION_S),
            ],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=utc_environment(),
        )  # fmt: skip
    collector = Collector(process, folder)
    try:
        collector.wait_until_listening()
        yield collector
    finally:
        collector.stop()


def _waiting_octets(process: int) -> int | None:
    """Return what waits at the collector's socket (proc(5), /proc/net/udp); null without one."""
    for line in Path(f"/proc/{process}/net/udp").read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        if words[1].endswith(f":{PORT:04X}"):
            return int(words[4].split(":")[1], 16)
    return None
