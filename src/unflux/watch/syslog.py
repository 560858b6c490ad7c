"""Syslog: messages to a collector by Unix datagrams, UDP (RFC 5426) or TCP (RFC 6587)."""

import socket
from typing import Final, Protocol

from unflux.engine.waiting import Letter
from unflux.model.endpoint import Endpoint
from unflux.watch.outlet import SendFailedError

SEND_S: Final = 10.0
"""For connecting, and for the collector to take a message."""


class Collector(Protocol):
    """Where the messages go."""

    @property
    def name(self) -> str:
        """What it is called, in words."""
        ...

    @property
    def is_framed(self) -> bool:
        """Whether each message is counted, since the transport does not keep them apart."""
        ...

    def connect(self) -> socket.socket:
        """Return a connected socket; raises OSError."""
        ...


class UnixCollector:
    """A socket for datagrams in the file system, such as ``/dev/log``."""

    is_framed = False

    def __init__(self, path: str) -> None:
        self._path = path
        self.name = f"syslog unix:{path}"

    def connect(self) -> socket.socket:
        """Return a connected socket."""
        return _connected(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), self._path)


class InetCollector:
    """A collector at an address."""

    def __init__(self, endpoint: Endpoint, *, is_tcp: bool) -> None:
        self._endpoint = endpoint
        self.is_framed = is_tcp
        self.name = f"syslog {'tcp' if is_tcp else 'udp'}:{endpoint}"

    def connect(self) -> socket.socket:
        """Return a connected socket."""
        address = str(self._endpoint.address)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        kind = socket.SOCK_STREAM if self.is_framed else socket.SOCK_DGRAM
        return _connected(socket.socket(family, kind), (address, self._endpoint.port))


def _connected(made: socket.socket, where: str | tuple[str, int]) -> socket.socket:
    try:
        made.settimeout(SEND_S)
        made.connect(where)
    except OSError:
        made.close()
        raise
    return made


class SyslogCourier:
    """Takes messages to a collector.

    Syslog acknowledges nothing: by TCP a message is lost that was written while the collector
    ended, by UDP any.
    """

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._open: socket.socket | None = None
        self.name = collector.name

    def send(self, letter: Letter) -> None:
        """Send one message; by TCP after its length in octets (RFC 6587 section 3.4.1)."""
        octets = letter.content.encode("ascii")
        if self._collector.is_framed:
            octets = b"%d %b" % (len(octets), octets)
        try:
            if self._open is not None and self._has_ended(self._open):
                self.close()
            if self._open is None:
                self._open = self._collector.connect()
            self._open.sendall(octets)
        except OSError as error:
            self.close()
            raise SendFailedError(error.strerror or str(error)) from error

    def close(self) -> None:
        """Close the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _has_ended(self, connection: socket.socket) -> bool:
        """Tell whether the collector closed the connection: what is written then is lost."""
        if not self._collector.is_framed:
            return False
        try:
            return connection.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
