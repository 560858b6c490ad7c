"""Who may ask for the zone, and who may have it."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

import dns.tsig

from unflux.serve.key_file import Keys

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK: Final[tuple[Network, ...]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Closed unless opened."""

    networks: tuple[Network, ...] = LOOPBACK
    """Whose questions are answered at all."""
    keys: Keys = field(default_factory=dict)
    is_unsigned_allowed: bool = False
    """Whether the zone goes to who signed nothing."""

    def is_known(self, peer: Address) -> bool:
        """Tell whether a peer's questions are answered."""
        return any(peer in network for network in self.networks)

    def may_transfer(self, key: dns.tsig.Key | None) -> bool:
        """Tell whether a known peer, that signed with this key or with none, may have the zone."""
        return key is not None or self.is_unsigned_allowed
