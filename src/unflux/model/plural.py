"""A count and its noun."""


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Write a count with thousands separators and its noun: ``1 address``, ``8,000 addresses``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
