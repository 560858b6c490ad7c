"""The ports of DNS."""

from typing import Final

DNS_PORTS: Final = frozenset({53})
"""Of UDP and TCP (RFC 1035 section 4.2)."""
