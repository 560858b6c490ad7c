"""Reloading: the command that has a system load what was written, in bounded time and words."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import IO, Final, cast

KEPT_OCTETS: Final = 2_000
"""Of what a command says, its last. Chosen: 2026-11-24; an error of a server is a few lines."""
_POLL_S: Final = 0.1


def run_reload(command: Sequence[str], timeout_s: float) -> str | None:
    """Run a command and return why it failed: its exit status and the end of its output.

    The command gets no shell and no input. When its time is over it is killed, with all that it
    started; what it left running in the background is not waited for.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  the operator's own command, word by word
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return f"{command[0]}: cannot be run ({error.strerror})"
    output = cast("IO[bytes]", process.stdout)  # a pipe was asked for
    try:
        said, is_over = _listen(process, output, time.monotonic() + timeout_s)
        if not is_over:
            return _told(f"no end after {timeout_s:g} s, so it was killed", said)
        status = process.wait()
    finally:
        _end(process)
        output.close()
    if status == 0:
        return None
    how = f"ended by signal {-status}" if status < 0 else f"exit status {status}"
    return _told(how, said)


def _listen(
    process: "subprocess.Popen[bytes]", output: IO[bytes], ends: float
) -> tuple[bytes, bool]:
    """Return the end of what a command says, and whether it ended in time."""
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while time.monotonic() < ends:
            is_over = process.poll() is not None
            if selector.get_map() and selector.select(0 if is_over else _POLL_S):
                said, is_closed = _hear(output, said)
                if is_closed:
                    selector.unregister(output)
                continue
            if is_over:
                return said, True
            if not selector.get_map():
                time.sleep(_POLL_S)
    return said, process.poll() is not None


def _hear(output: IO[bytes], said: bytes) -> tuple[bytes, bool]:
    octets = os.read(output.fileno(), 1 << 16)
    return (said + octets)[-KEPT_OCTETS:], not octets


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Leave nothing that is ours running: not on time-out, not on an interrupt."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _told(how: str, said: bytes) -> str:
    text = said.decode("utf-8", "backslashreplace").strip()
    return f"{how}: {text}" if text else how
