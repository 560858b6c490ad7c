"""unflux finds fast-flux service networks in DNS traffic and explains every verdict."""

__version__ = "0.1.0"
