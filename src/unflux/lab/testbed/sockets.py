"""Sockets of the hosts of a testbed, all opened by one process."""

import socket

from unflux.lab.testbed.blueprint import Segment
from unflux.lab.testbed.namespaces import entered, namespace_name


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
