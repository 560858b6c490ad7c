"""UUIDs: the same for the same thing in every run, so that whoever has it knows it again."""

from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

NAMESPACE: Final = uuid5(NAMESPACE_OID, "unflux")
"""Of everything that unflux names (RFC 9562 section 5.5)."""


def uuid_of(*parts: str) -> UUID:
    """Return the UUIDv5 of some words; other words, or others of the same letters, get another."""
    return uuid5(NAMESPACE, "\0".join(parts))
