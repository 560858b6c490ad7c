"""Keep a process of ExaBGP going: a file and a clock in, commands out, answers back."""

import os
import selectors
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from unflux.act.announced_file import AnnouncedFile
from unflux.act.announcing import Announcer, Command
from unflux.act.told import Told
from unflux.cli.progress import say
from unflux.model.errors import UnfluxError

BATCH: Final = 200
"""Commands between two looks at the answers: neither pipe may fill while the other is not read."""
MOST_ANSWER: Final = 1 << 16
"""Octets of an answer without an end, which is dropped: ExaBGP's are words."""


def keep_announced(file: Path, told_file: Path, *, interval_s: float, most: int) -> None:
    """Announce and withdraw until standard input is closed.

    While ``told_file`` cannot be written, routes are still withdrawn, and none is announced that a
    later process would not find there. Raises UnfluxError where it cannot be read.
    """
    told, announced, answers = Told(told_file), AnnouncedFile(file, most), Answers()
    announcer = Announcer(told.routes)
    reading, keeping = Complaint(), Complaint()
    while not answers.is_closed:
        with reading.said_once():
            announced.refresh()
        now = datetime.now(UTC)
        wanted = {route: end for route, end in announced.routes.items() if end > now}
        # On disk before it is said, and off it only after it was taken back.
        with keeping.said_once():
            told.keep(announcer.told | wanted.keys())
        commands = announcer.step({r: end for r, end in wanted.items() if r in told.routes}, now)
        for start in range(0, len(commands), BATCH):
            _send(commands[start : start + BATCH])
            _hear(announcer, answers, 0)
        if commands:
            say(_count(commands))
        _hear(announcer, answers, interval_s)
    with keeping.said_once():
        told.keep(announcer.told)


class Complaint:
    """What may fail at every look, and is said when it begins to, or fails otherwise."""

    def __init__(self) -> None:
        self._said: str | None = None

    @contextmanager
    def said_once(self) -> Iterator[None]:
        """Go on behind the block, whether it raises UnfluxError or not."""
        message = None
        try:
            yield
        except UnfluxError as error:
            message = str(error)
        if message is not None and message != self._said:
            say(message)
        self._said = message


class Answers:
    """Lines of standard input, without waiting for the end of one."""

    def __init__(self) -> None:
        self._rest = b""
        self.is_closed = False

    def read(self, timeout_s: float) -> list[str]:
        """Return the lines that come within a time, the first of them at the latest."""
        if self.is_closed:
            return []
        with selectors.DefaultSelector() as selector:
            selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
            if not selector.select(timeout_s):
                return []
        octets = os.read(sys.stdin.fileno(), MOST_ANSWER)
        self.is_closed = not octets
        *lines, rest = (self._rest + octets).split(b"\n")
        self._rest = rest[-MOST_ANSWER:]
        return [line.decode("ascii", "replace").strip() for line in lines]


def _send(commands: Sequence[Command]) -> None:
    sys.stdout.write("".join(f"{command}\n" for command in commands))
    sys.stdout.flush()


def _hear(announcer: Announcer, answers: Answers, timeout_s: float) -> None:
    """Take answers for a time, and say what was refused."""
    ends = time.monotonic() + timeout_s
    while True:
        left_s = max(ends - time.monotonic(), 0)
        lines = answers.read(left_s)
        for command in announcer.answered(lines, datetime.now(UTC)):
            say(f"ExaBGP refused: {command}")
        if left_s == 0 or answers.is_closed:
            return


def _count(commands: Sequence[Command]) -> str:
    announced = sum(command.verb == "announce" for command in commands)
    return f"announced {announced:,}, withdrew {len(commands) - announced:,} routes"
