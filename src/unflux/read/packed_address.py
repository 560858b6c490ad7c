"""Addresses as packets hold them, to text."""

from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from unflux.model.addresses import canonical_address

CACHED_ADDRESSES: Final = 1 << 16
"""Addresses remembered. Chosen: 2026-11-22; some 15 MB at most, as in model/addresses.py."""


@lru_cache(maxsize=CACHED_ADDRESSES)
def packed_address_text(packed: bytes) -> str | None:
    """Return the canonical text of an address of 4 or 16 octets; null for any other length."""
    return canonical_address(str(ip_address(packed))) if len(packed) in (4, 16) else None
