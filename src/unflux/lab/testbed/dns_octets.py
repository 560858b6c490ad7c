"""Octets of a captured datagram as a DNS message."""

import dns.exception
import dns.message


def parse_message(octets: bytes) -> dns.message.Message | None:
    """Return the message; null where the octets are none."""
    try:
        return dns.message.from_wire(octets, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return None
