"""Sockets of the hosts of a testbed, all opened by one process."""

import asyncio
import socket
from typing import Final

from unflux.lab.testbed.blueprint import Segment
from unflux.lab.testbed.namespaces import entered, namespace_name

MOST_ANSWERED_OCTETS: Final = 4096


class HostSockets:
    """Opens sockets that send from a host's own address, in the host's namespace."""

    def __init__(self, testbed: str) -> None:
        self._testbed = testbed

    def open(self, segment: Segment, address: str, kind: socket.SocketKind) -> socket.socket:
        """Return a socket bound to the address, not blocking; the caller closes it."""
        with entered(namespace_name(self._testbed, segment)):
            opened = socket.socket(socket.AF_INET, kind)
        opened.setblocking(False)
        try:
            # Ports are taken when it connects: many flows of one address share one port then.
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
            opened.bind((address, 0))
        except OSError:
            opened.close()
            raise
        return opened


async def exchange(opened: socket.socket, server: tuple[str, int], octets: bytes) -> bytes:
    """Send a server one datagram and return its answer; the socket is closed then."""
    loop = asyncio.get_running_loop()
    with opened:
        await loop.sock_connect(opened, server)
        await loop.sock_sendall(opened, octets)
        return await loop.sock_recv(opened, MOST_ANSWERED_OCTETS)
