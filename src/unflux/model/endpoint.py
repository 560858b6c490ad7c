"""Endpoints: an address and a port, as the command line and the log write them."""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, Self

from unflux.model.errors import UsageError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens, or is told something."""

    address: Address
    port: int

    @classmethod
    def scan(cls, text: str, default_port: int) -> Self:
        """Return what ``ADDRESS``, ``ADDRESS:PORT`` or ``[ADDRESS]:PORT`` names.

        Names are not looked up. Raises UsageError.
        """
        address_text, port_text = _split(text)
        try:
            address = ip_address(address_text)
            port = default_port if port_text is None else int(port_text)
        except ValueError:
            port = -1
        if not 0 < port < 1 << 16:
            message = f"{text!r} is not ADDRESS:PORT or [ADDRESS]:PORT"
            raise UsageError(message)
        return cls(address, port)

    @property
    def is_loopback(self) -> bool:
        """Tell whether packets to it never leave this machine."""
        return any(self.address in network for network in LOOPBACK)

    def __str__(self) -> str:
        """Write it as it is scanned."""
        if isinstance(self.address, IPv6Address):
            return f"[{self.address}]:{self.port}"
        return f"{self.address}:{self.port}"


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        address, bracket, port = text[1:].partition("]:")
        return (address, port) if bracket else (text[1:].removesuffix("]"), None)
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return address, port
    return text, None
