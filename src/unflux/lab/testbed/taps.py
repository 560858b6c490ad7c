"""A tap: tcpdump at one device of a testbed, and what it says that it lost."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unflux.lab.testbed.packets import count_records
from unflux.lab.testbed.programs import Programs, last_words
from unflux.lab.testbed.wiring import UPLINK
from unflux.model.errors import UnfluxError

START_S: Final = 20.0
END_S: Final = 20.0
LAG_S: Final = 1.0
"""The kernel hands packets over in blocks, after so long at most (tcpdump's ``to_ms``)."""
BUFFER_KIB: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one tap counted."""

    packets: int
    """In its file."""
    dropped_by_kernel: int
    """That passed, and found no room in its buffer."""
    dropped_by_interface: int


class Tap:
    """One that runs."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", place: str, path: Path, log: Path
    ) -> None:
        self._process, self._place, self._path, self._log = process, place, path, log

    def require_running(self) -> None:
        """Raise UnfluxError with its last words where it has ended."""
        if self._process.poll() is not None:
            raise UnfluxError(self._failure())

    def wait_until_listening(self) -> None:
        """Wait until it captures; raises UnfluxError where it does not."""
        ends = time.monotonic() + START_S
        while "listening on" not in self._said():
            self.require_running()
            if time.monotonic() > ends:
                message = f"tcpdump does not capture at the {self._place}: {last_words(self._log)}"
                raise UnfluxError(message)
            time.sleep(0.02)

    def end(self) -> Tally:
        """End it and return what it counted.

        Raises UnfluxError where it ended before or failed, or its file does not hold all of it.
        """
        self.require_running()
        self._process.send_signal(signal.SIGINT)
        try:
            status = self._process.wait(END_S)
        except subprocess.TimeoutExpired as error:
            message = f"the tap at the {self._place} does not end"
            raise UnfluxError(message) from error
        packets, dropped = self._count("captured"), self._count("dropped by kernel")
        if status or packets is None or dropped is None:
            raise UnfluxError(self._failure())
        # tcpdump does not look whether what it writes finds room on the disk.
        if (held := count_records(self._path)) != packets:
            message = f"{self._path} holds {held:,} of {packets:,} packets: is the disk full?"
            raise UnfluxError(message)
        return Tally(
            packets=packets,
            dropped_by_kernel=dropped,
            # Said only where there are some.
            dropped_by_interface=self._count("dropped by interface") or 0,
        )

    def kill(self) -> None:
        """End it whatever it does."""
        if self._process.poll() is None:
            # By a signal that reaches tcpdump too: it is the child of ``timeout``.
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _count(self, what: str) -> int | None:
        found = re.search(rf"^(\d+) packets? {what}$", self._said(), re.MULTILINE)
        return None if found is None else int(found.group(1))

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _failure(self) -> str:
        return (
            f"the tap at the {self._place} ended early, with status {self._process.returncode}: "
            f"{last_words(self._log)}"
        )


@contextmanager
def tapped(
    programs: Programs,
    namespace: str,
    expression: Sequence[str],
    path: Path,
    *,
    place: str,
    most_s: float,
) -> Iterator[Tap]:
    """Capture what passes a namespace's way up into a file while the block runs.

    ``expression``: which packets, as pcap-filter(7) has it. A tap that nobody ends does so itself
    after ``most_s``, or with this process.
    """
    command = (
        *programs.bound_to_this("INT"), programs.paths["ip"], "netns", "exec", namespace,
        programs.paths["timeout"], "--signal=INT", str(most_s), programs.paths["tcpdump"],
        "-Z", "root", "-U", "-n", "-B", str(BUFFER_KIB), "-i", UPLINK, "-w", str(path),
        *expression,
    )  # fmt: skip
    log = path.with_name("tcpdump.log")
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603  words are ours
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
    tap = Tap(process, place, path, log)
    try:
        tap.wait_until_listening()
        yield tap
    finally:
        tap.kill()
        log.unlink(missing_ok=True)
