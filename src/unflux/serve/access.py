"""Who may ask for the zone, and who may have it."""

from dataclasses import dataclass, field

import dns.tsig

from unflux.model.endpoint import LOOPBACK, Address, Network
from unflux.serve.key_file import Keys


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
