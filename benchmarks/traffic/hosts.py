"""The two ends of every response: a resolver, and one of the clients that ask it."""

from typing import Final

import numpy as np

RESOLVER_IPV4: Final = bytes((192, 0, 2, 53))
RESOLVER_IPV6: Final = bytes.fromhex("20010db8000000000000000000000053")
CLIENTS_IPV4: Final = 0x0A40_0000  # 10.64.0.0
CLIENTS_IPV6: Final = bytes.fromhex("20010db8000100000000000000000000")
"""Documentation and private addresses; a client's number fills the last octets."""


def client_octets(client: np.ndarray, *, is_ipv6: bool) -> np.ndarray:
    """Return the addresses of clients, one row of 4 or 16 octets each."""
    if not is_ipv6:
        return (CLIENTS_IPV4 + client).astype(">u4").view(np.uint8).reshape(-1, 4)
    octets = np.tile(np.frombuffer(CLIENTS_IPV6, dtype=np.uint8), (len(client), 1))
    octets[:, 12:] = client.astype(">u4").view(np.uint8).reshape(-1, 4)
    return octets


def client_text(client: int, *, is_ipv6: bool) -> str:
    """Return one client's address as logs write it."""
    if is_ipv6:
        return f"2001:db8:1::{client:x}" if client else "2001:db8:1::"
    return f"10.{64 + (client >> 16)}.{client >> 8 & 255}.{client & 255}"


def resolver_text(*, is_ipv6: bool) -> str:
    """Return the resolver's address as logs write it."""
    return "2001:db8::53" if is_ipv6 else "192.0.2.53"
