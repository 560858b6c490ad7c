"""Way: whether this machine can send to an address at all, since its own trouble is no silence."""

import errno
import socket
from typing import Final

from unflux.model.errors import UnfluxError

OWN_TROUBLE: Final = frozenset(
    {errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL,
     errno.EAFNOSUPPORT}
)  # fmt: skip
"""Errors of a socket that no message of ICMP becomes: a filter of this machine, or what it has no
more of. That a network or host cannot be reached is told by routers too."""


class NoWayError(UnfluxError):
    """This machine could not send; nothing is known of who was to be spoken to."""


def find_local_address(address: str) -> str:
    """Return the address that this machine would send from; nothing is sent for it.

    Raises NoWayError.
    """
    try:
        with opened_socket(address, socket.SOCK_DGRAM) as asking:
            asking.connect((address, 9))
            return str(asking.getsockname()[0])
    except OSError as error:
        raise _no_way(address, error) from error


def pass_over(error: OSError, address: str) -> None:
    """Do nothing about an error that the far end may have caused; raises NoWayError for others."""
    if error.errno in OWN_TROUBLE:
        raise _no_way(address, error) from error


def opened_socket(address: str, kind: socket.SocketKind) -> socket.socket:
    """Return a socket that can speak to an address; raises NoWayError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.socket(family, kind)
    except OSError as error:
        raise _no_way(address, error) from error


def _no_way(address: str, error: OSError) -> NoWayError:
    return NoWayError(f"{address}: nothing could be sent from here ({error.strerror})")
