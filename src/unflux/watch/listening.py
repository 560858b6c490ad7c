"""Listening: sockets in the file system or on an address, opened whole or refused with a reason."""

import errno
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from unflux.model.errors import UnfluxError

WAITING: Final = 16
"""Connections that wait to be accepted."""


@contextmanager
def listen_unix(path: Path) -> Iterator[socket.socket]:
    """Listen on a socket at a path while the block runs.

    One that nobody listens on any more, as a kill leaves it, is replaced; anything else is not.
    Who may connect is a matter of the folder and the umask. Raises UnfluxError.
    """
    listening = socket.socket(socket.AF_UNIX)
    with listening:
        try:
            if path.is_socket() and _is_left(path):
                path.unlink()
            listening.bind(str(path))
            listening.listen(WAITING)
        except OSError as error:
            raise _refusal(str(path), error) from error
        mine = path.stat().st_ino
        try:
            yield listening
        finally:
            if path.exists() and path.stat().st_ino == mine and stat.S_ISSOCK(path.stat().st_mode):
                path.unlink()


@contextmanager
def listen_tcp(address: str, port: int) -> Iterator[socket.socket]:
    """Listen on an address while the block runs; raises UnfluxError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address, port))
            listening.listen(WAITING)
        except OSError as error:
            raise _refusal(f"{address} port {port}", error) from error
        yield listening


def _is_left(path: Path) -> bool:
    """Tell whether nobody listens on a socket in the file system."""
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(path)) == errno.ECONNREFUSED


def _refusal(where: str, error: OSError) -> UnfluxError:
    return UnfluxError(f"cannot listen on {where}: {error.strerror or error}")
