"""The ports of DNS."""

from typing import Final

DNS_PORT: Final = 53
"""Of UDP and TCP (RFC 1035 section 4.2)."""

DNS_PORTS: Final = frozenset({DNS_PORT})
